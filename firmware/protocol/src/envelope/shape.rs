//! The tags of a clinical event as a shape. One row per tag name: a new tag is a new arm.

use crate::event::{Link, id_from_hex, key_from_hex, number_from_text};
use crate::{Event, PublicKey, Tag, hex, kinds};

/// The markers of an `e` tag (PROTOCOL 2.1).
pub const MARKERS: [&str; 9] =
    ["addendum", "status-update", "deletion", "cancelled", "result", "correction", "accept", "reply", "ref"];

/// The form of an envelope's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `["enc","nip44-dual"]`.
    Dual,
    /// `["enc","nip44"]`.
    OneCopy,
}

impl Form {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dual => "nip44-dual",
            Self::OneCopy => "nip44",
        }
    }
}

/// The tags of a clinical event, checked for shape only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub form: Form,
    pub epoch_key: PublicKey,
    pub second_p: Option<PublicKey>,
    /// Lower-case hex of `pc`.
    pub commitment: String,
    pub sign: bool,
    pub links: Vec<Link>,
    pub blobs: Vec<String>,
    pub has_patient_copy: bool,
}

/// What has been seen of an envelope's tags so far.
#[derive(Default)]
struct Seen {
    keys: Vec<PublicKey>,
    form: Option<Form>,
    commitment: Option<String>,
    sign: bool,
    links: Vec<Link>,
    blobs: Vec<String>,
    has_patient_copy: bool,
    start: Option<u64>,
    end: Option<u64>,
}

/// Parses the tags of a clinical event (2110–2121, 2123–2126). Unknown tag names are refused, and so
/// are tags of another kind, elements too many, a second `enc`, `pc`, `act` or copy, and a second `p`
/// in the one-copy form (but in 2126, which needs one in both forms). A dual event with second `p`
/// and no copy is a shape: readers mark it, relays refuse it.
pub fn parse(event: &Event) -> Option<Envelope> {
    let kind = event.kind.as_u16();
    if !kinds::is_clinical(kind) {
        return None;
    }
    let mut seen = Seen::default();
    for tag in event.tags.iter() {
        seen.take(kind, tag)?;
    }
    let form = seen.form?;
    let second_p = seen.keys.get(1).copied();
    let fits = match (kind, form) {
        (kinds::VISIT, _) => second_p.is_some() && seen.start? < seen.end?,
        (_, Form::OneCopy) => second_p.is_none(),
        (_, Form::Dual) => true,
    };
    let copy_fits = !seen.has_patient_copy || (form == Form::Dual && second_p.is_some());
    (fits && copy_fits).then_some(Envelope {
        form,
        epoch_key: *seen.keys.first()?,
        second_p,
        commitment: seen.commitment?,
        sign: seen.sign,
        links: seen.links,
        blobs: seen.blobs,
        has_patient_copy: seen.has_patient_copy,
    })
}

impl Seen {
    /// Takes one tag; none when it does not belong here.
    fn take(&mut self, kind: u16, tag: &Tag) -> Option<()> {
        let cells: Vec<&str> = tag.as_slice().iter().map(String::as_str).collect();
        match cells.as_slice() {
            ["p", key] if self.keys.len() < 2 => self.keys.push(key_from_hex(key)?),
            ["p", key, "provider" | "guardian"] if kind == kinds::VISIT && self.keys.len() >= 2 => {
                key_from_hex(key)?;
            }
            ["patient-content" | "recipient-content", _] => once(&mut self.has_patient_copy)?,
            ["enc", name] => {
                let form = [Form::Dual, Form::OneCopy].into_iter().find(|form| form.as_str() == *name)?;
                set(&mut self.form, form)?;
            }
            ["pc", digest] => set(&mut self.commitment, hash(digest)?)?,
            ["act", "sign"] => once(&mut self.sign)?,
            ["e", id, "", marker] if MARKERS.contains(marker) => {
                self.links.push(Link { id: id_from_hex(id)?, marker: (*marker).to_owned() });
            }
            ["x", digest] => self.blobs.push(hash(digest)?),
            ["start", time] if kind == kinds::VISIT => set(&mut self.start, number_from_text(time)?)?,
            ["end", time] if kind == kinds::VISIT => set(&mut self.end, number_from_text(time)?)?,
            ["pop", key, sig] if kind == kinds::PATIENT => {
                key_from_hex(key)?;
                hex::decode::<64>(sig)?;
            }
            ["own" | "rekey", key] if kind == kinds::PATIENT => {
                key_from_hex(key)?;
            }
            ["legacy"] if kind == kinds::PATIENT => {}
            _ => return None,
        }
        Some(())
    }
}

fn set<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

fn once(flag: &mut bool) -> Option<()> {
    (!std::mem::replace(flag, true)).then_some(())
}

fn hash(text: &str) -> Option<String> {
    hex::decode::<32>(text).map(|_| text.to_owned())
}
