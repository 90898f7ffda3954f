//! 2102 StaffRoster entry and 2103 ServiceAgentGrant, both signed by P (PROTOCOL 2.7).

use serde_json::json;

use crate::envelope::EpochSecret;
use crate::epochs::Sequence;
use crate::event::{self, key_tag, number_tag, tag};
use crate::nip44::CryptoError;
use crate::permissions::{Compartment, Role, Word};
use crate::random::Random;
use crate::{Event, Keys, PublicKey, Tag, kinds};

/// X1 of desk as the writer knows it: the newest epoch's number and pair (PROTOCOL 2.8.10).
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    pub n: u64,
    pub pair: &'a EpochSecret,
}

impl Desk<'_> {
    /// The text under X1 of desk, and the tag that names the epoch.
    pub(super) fn write(&self, text: &str, random: &mut Random) -> Result<(String, Tag), CryptoError> {
        let content = self.pair.practice_key()?.encrypt(text.as_bytes(), random)?;
        Ok((content, number_tag("epoch", self.n)))
    }
}

/// A member's name: in clear for those who sign records, under X1 of desk for others.
#[derive(Debug, Clone, Copy)]
pub enum Name<'a> {
    Clear(&'a str),
    Desk(&'a str, Desk<'a>),
}

/// Parts of a 2102.
#[derive(Debug, Clone)]
pub struct RosterEntry<'a> {
    pub member: PublicKey,
    pub role: Role,
    /// Complete list.
    pub words: &'a [Word],
    /// Unix seconds; counts no earlier than its receipt.
    pub from: u64,
    pub until: Option<u64>,
    pub ended: bool,
    pub name: Name<'a>,
    pub replaces: Option<PublicKey>,
    /// Signature of [`crate::keys::prove`] with role `staff`.
    pub pop: &'a str,
    pub sequence: Sequence,
    pub created_at: u64,
}

/// A signed 2102.
pub fn build_roster(
    practice: &Keys,
    entry: &RosterEntry<'_>,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    let member = entry.member.to_hex();
    let words = entry.words.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(",");
    let mut tags = vec![tag("p", [&member, entry.role.as_str(), &words]), number_tag("from", entry.from)];
    tags.extend(times(entry.until, entry.ended));
    let mut content = String::new();
    let mut epoch = None;
    match entry.name {
        Name::Clear(name) => tags.push(tag("name", [name])),
        Name::Desk(name, desk) => {
            let (text, tag) = desk.write(&json!({"name": name}).to_string(), random)?;
            content = text;
            epoch = Some(tag);
        }
    }
    tags.extend(entry.replaces.map(|key| key_tag("replaces", &key)));
    tags.push(tag("pop", [&member, entry.pop]));
    tags.extend(epoch);
    tags.extend(entry.sequence.to_tags());
    Ok(event::sign(practice, kinds::STAFF_ROSTER, tags, content, entry.created_at))
}

/// `["until",t]? ["end"]?`.
pub(super) fn times(until: Option<u64>, ended: bool) -> impl Iterator<Item = Tag> {
    let end = ended.then(|| tag("end", []));
    until.map(|until| number_tag("until", until)).into_iter().chain(end)
}

/// `["compartments",c…]`.
pub(super) fn compartments_tag(compartments: &[Compartment]) -> Tag {
    Tag::custom("compartments", compartments.iter().map(|compartment| compartment.as_str()))
}

/// What an agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Fhir,
    Billing,
    Scheduling,
    Mail,
}

impl Service {
    pub const ALL: [Self; 4] = [Self::Fhir, Self::Billing, Self::Scheduling, Self::Mail];
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fhir => "fhir",
            Self::Billing => "billing",
            Self::Scheduling => "scheduling",
            Self::Mail => "mail",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.as_str() == text)
    }
}

/// Whose records an agent reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patients {
    None,
    /// Those of live 2109 clients.
    Clients,
    All,
}

impl Patients {
    pub const ALL: [Self; 3] = [Self::None, Self::Clients, Self::All];
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Clients => "clients",
            Self::All => "all",
        }
    }
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|patients| patients.as_str() == text)
    }
}

/// Parts of a 2103.
#[derive(Debug, Clone)]
pub struct AgentEntry<'a> {
    pub agent: PublicKey,
    pub service: Service,
    pub kinds: &'a [u16],
    /// Never confidential.
    pub compartments: &'a [Compartment],
    pub patients: Patients,
    pub until: Option<u64>,
    pub ended: bool,
    /// Signature of [`crate::keys::prove`] with role `agent`.
    pub pop: &'a str,
    pub sequence: Sequence,
    pub created_at: u64,
}

/// A signed 2103.
pub fn build_agent(practice: &Keys, entry: &AgentEntry<'_>) -> Event {
    let agent = entry.agent.to_hex();
    let mut tags = vec![
        tag("p", [&agent, "agent", entry.service.as_str()]),
        Tag::custom("kinds", entry.kinds.iter().map(u16::to_string)),
        compartments_tag(entry.compartments),
        tag("patients", [entry.patients.as_str()]),
    ];
    tags.extend(times(entry.until, entry.ended));
    tags.push(tag("pop", [&agent, entry.pop]));
    tags.extend(entry.sequence.to_tags());
    event::sign(practice, kinds::SERVICE_AGENT_GRANT, tags, "", entry.created_at)
}
