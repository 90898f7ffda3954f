//! The shape of a 2105 (PROTOCOL 2.7); of epoch 0 (2.6) as well.

use crate::epochs::Sequence;
use crate::event::{id_from_hex, key_from_hex, number_from_text};
use crate::permissions::Compartment;
use crate::{Event, PublicKey, Tag, hex, kinds};

/// The tags of a 2105, checked for shape only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochShape {
    pub n: u64,
    /// E per compartment: three for n ≥ 1; P0 as `chart` for n = 0.
    pub keys: Vec<(Compartment, PublicKey)>,
    /// V; none for n = 0.
    pub escrow: Option<PublicKey>,
    /// B; none for n = 0.
    pub receipts_box: Option<PublicKey>,
    /// B′; none for n = 0.
    pub audit_box: Option<PublicKey>,
    pub ek: PublicKey,
    /// Secrets sealed to V.
    pub sealed: Vec<(Compartment, String)>,
    /// Secrets of the epoch before.
    pub keyring: Vec<(Compartment, String)>,
    /// Seconds; 0 for n = 0.
    pub grace: u64,
    /// SHA-256 of the next practice key, n = 1 only.
    pub next: Option<[u8; 32]>,
    /// Keys whose imported events count (n = 0 only).
    pub signers: Vec<PublicKey>,
    pub sequence: Sequence,
}

impl EpochShape {
    pub fn key(&self, compartment: Compartment) -> Option<PublicKey> {
        self.keys.iter().find(|(of, _)| *of == compartment).map(|(_, key)| *key)
    }
}

/// What has been seen of the tags so far.
#[derive(Default)]
struct Seen {
    n: Option<u64>,
    keys: Vec<(Compartment, PublicKey)>,
    escrow: Option<PublicKey>,
    receipts_box: Option<PublicKey>,
    audit_box: Option<PublicKey>,
    ek: Option<PublicKey>,
    sealed: Vec<(Compartment, String)>,
    keyring: Vec<(Compartment, String)>,
    grace: Option<u64>,
    next: Option<[u8; 32]>,
    signers: Vec<PublicKey>,
    seq: Option<u64>,
    prev: Option<crate::EventId>,
}

/// Parses the strict shape of a 2105; who signed it and whether it counts is policy.
pub fn parse(event: &Event) -> Option<EpochShape> {
    if event.kind.as_u16() != kinds::PRACTICE_EPOCH || !event.content.is_empty() {
        return None;
    }
    let mut seen = Seen::default();
    for tag in event.tags.iter() {
        seen.take(tag)?;
    }
    let n = seen.n?;
    let fits = match n {
        0 => seen.fits_import(),
        1 => seen.fits_epoch(0) && seen.next.is_some(),
        _ => seen.fits_epoch(3) && seen.next.is_none(),
    };
    fits.then_some(EpochShape {
        n,
        keys: seen.keys,
        escrow: seen.escrow,
        receipts_box: seen.receipts_box,
        audit_box: seen.audit_box,
        ek: seen.ek?,
        sealed: seen.sealed,
        keyring: seen.keyring,
        grace: seen.grace.unwrap_or_default(),
        next: seen.next,
        signers: seen.signers,
        sequence: Sequence { seq: seen.seq?, prev: seen.prev },
    })
}

impl Seen {
    fn take(&mut self, tag: &Tag) -> Option<()> {
        let cells: Vec<&str> = tag.as_slice().iter().map(String::as_str).collect();
        match cells.as_slice() {
            ["n", n] => set(&mut self.n, number_from_text(n)?),
            ["p", key, name] => row(&mut self.keys, name, key_from_hex(key)?),
            ["v", key] => set(&mut self.escrow, key_from_hex(key)?),
            ["box", key, "receipts"] => set(&mut self.receipts_box, key_from_hex(key)?),
            ["box", key, "audit"] => set(&mut self.audit_box, key_from_hex(key)?),
            ["ek", key] => set(&mut self.ek, key_from_hex(key)?),
            ["sealed", name, payload] => row(&mut self.sealed, name, (*payload).to_owned()),
            ["keyring", name, payload] => row(&mut self.keyring, name, (*payload).to_owned()),
            ["grace", seconds] => set(&mut self.grace, number_from_text(seconds)?),
            ["next", hash] => set(&mut self.next, hex::decode(hash)?),
            ["signer", key] => {
                self.signers.push(key_from_hex(key)?);
                Some(())
            }
            ["seq", n] => set(&mut self.seq, number_from_text(n)?),
            ["prev", id] => set(&mut self.prev, id_from_hex(id)?),
            _ => None,
        }
    }

    fn fits_epoch(&self, keyring_rows: usize) -> bool {
        self.keys.len() == 3
            && self.sealed.len() == 3
            && self.keyring.len() == keyring_rows
            && self.escrow.is_some()
            && self.receipts_box.is_some()
            && self.audit_box.is_some()
            && self.grace.is_some()
            && self.signers.is_empty()
    }

    fn fits_import(&self) -> bool {
        let chart_only = |rows: &[(Compartment, String)]| matches!(rows, [(Compartment::Chart, _)]);
        matches!(self.keys.as_slice(), [(Compartment::Chart, _)])
            && chart_only(&self.sealed)
            && self.keyring.is_empty()
            && self.escrow.is_none()
            && self.receipts_box.is_none()
            && self.audit_box.is_none()
            && self.grace.is_none()
            && self.next.is_none()
    }
}

fn set<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

/// Adds a row; one row a compartment.
fn row<T>(rows: &mut Vec<(Compartment, T)>, name: &str, value: T) -> Option<()> {
    let compartment = Compartment::parse(name)?;
    if rows.iter().any(|(of, _)| *of == compartment) {
        return None;
    }
    rows.push((compartment, value));
    Some(())
}
