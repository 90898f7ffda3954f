//! What the role and the process of one ceremony say to each other: one JSON object a line, over a socket pair that
//! is the process's standard input. The role never sees a PIN, a slot key's secret, P or v.

use std::path::PathBuf;

use relaybox_process::rpc::vault::Status;
use relaybox_protocol::PublicKey;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::deeds::BoxKeys;
use crate::guard::Guard;
use crate::request::{Joining, Operation};

/// Longest line, bytes: the policy of a large practice goes in one.
pub(crate) const LINE_BYTES_MAX: usize = 256 << 20;

/// The first line to the process.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// Id of the ceremony, hex.
    pub(crate) ceremony: String,
    /// Unix seconds of the role's clock; the process counts on from here.
    pub(crate) now: u64,
    pub(crate) limits: Limits,
    /// Different slot keys that have to approve.
    pub(crate) keys: usize,
    pub(crate) guard: Guard,
    pub(crate) boxes: BoxKeys,
    /// rp.id of the slot keys' credentials.
    pub(crate) rp: String,
    /// The helper `relaybox-slot`.
    pub(crate) helper: PathBuf,
    pub(crate) slot_keys: Vec<SlotKey>,
    pub(crate) job: Job,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Limits {
    pub(crate) request_seconds: u64,
    pub(crate) ceremony_seconds: u64,
    pub(crate) claim_seconds: u64,
}

/// What the process is for.
#[derive(Serialize, Deserialize)]
pub(crate) enum Job {
    Operation {
        operation: Operation,
        /// P of the claim, where the history begins.
        origin: PublicKey,
        /// P in force, whose key the sealed file holds.
        practice: PublicKey,
        /// The sealed file, Base64.
        sealed: String,
        /// Policy events and receipts, oldest first.
        history: Vec<Box<RawValue>>,
        /// Highest `seq` that this vault has signed.
        signed: u64,
    },
    Claim {
        owner: Joining,
        practice_name: String,
        labels: [String; 2],
        /// Where families reach the box, for the sheet they scan.
        host: String,
    },
    Recover {
        former: Former,
        owner: Joining,
        /// Members whose keys are lost; none for all.
        ends: Option<Vec<PublicKey>>,
    },
    Succeed {
        former: Former,
        practice_name: String,
        host: String,
    },
}

/// A practice whose sealed file is replaced by one of new slot keys.
#[derive(Serialize, Deserialize)]
pub(crate) struct Former {
    /// P of the claim, where the history begins.
    pub(crate) origin: PublicKey,
    /// The sealed file, Base64.
    pub(crate) sealed: String,
    pub(crate) history: Vec<Box<RawValue>>,
    pub(crate) signed: u64,
    /// Names of the new slot keys.
    pub(crate) labels: [String; 2],
}

/// A slot key as the vault lists it beside the sealed file. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlotKey {
    pub(crate) label: String,
    /// Credential id, hex.
    pub(crate) credential: String,
    /// Under which its approvals verify: uncompressed SEC1 P-256, hex.
    pub(crate) public_key: String,
    /// Of its stanza ([`crate::prf::Nonce`]).
    pub(crate) nonce: String,
    pub(crate) aaguid: String,
    /// Unix seconds.
    pub(crate) added: u64,
}

/// A further line to the process.
#[derive(Serialize, Deserialize)]
pub(crate) enum Order {
    Press,
    Type {
        from: PublicKey,
        sealed: String,
    },
    Prove {
        pop: String,
    },
    Cancel,
    Freeze,
    /// What arrived since the task was given.
    History {
        events: Vec<Box<RawValue>>,
    },
    Stored,
    Refused {
        text: String,
    },
    /// The copy as it was read back from the disk, Base64.
    Copied {
        sealed: String,
    },
    /// The new file is in its place.
    Kept,
}

/// By what the sealed file is replaced.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Replaced {
    Recovery,
    Succession,
}

/// A line from the process.
#[derive(Serialize, Deserialize)]
pub(crate) enum Said {
    /// It waits; PINs and words are sealed to this one-time key.
    Ready {
        key: PublicKey,
    },
    Status(Box<Status>),
    WrongPin,
    /// Words that are whole and open nothing here; kept like a wrong PIN.
    WrongWords,
    /// A slot key approved these bytes: for the audit.
    Approved {
        challenge: String,
        authenticator_data: String,
        signature: String,
    },
    /// Wants what arrived since the task was given.
    History,
    /// One transaction for the relay. `claims` is P of a claim, which the relay gets first.
    Events {
        events: Vec<Box<RawValue>>,
        claims: Option<PublicKey>,
    },
    /// A new sealed file: a copy of it is written into another directory and read back.
    Copy {
        sealed: String,
    },
    /// The copy was opened: the file is kept, with these slot keys.
    Keep {
        sealed: String,
        slot_keys: Vec<SlotKey>,
        practice: PublicKey,
    },
    /// One transaction and a new sealed file that belong together: both are there afterwards, or neither.
    Replace {
        deed: Replaced,
        sealed: String,
        slot_keys: Vec<SlotKey>,
        practice: PublicKey,
        events: Vec<Box<RawValue>>,
    },
    /// The ceremony was completed by these slot keys.
    Completed {
        labels: Vec<String>,
        thawed: bool,
    },
}
