//! What the fold takes: one record that the reader rule shows.

use serde_json::Value;

use crate::event::Link;
use crate::kinds;
use crate::permissions::Compartment;
use crate::{EventId, PublicKey};

/// Extension that says why a record changed: `extension` with `code` (valueCode) and `text`
/// (valueString) inside, on the resource or in its `meta`.
pub const CHANGE_URL: &str = "urn:relaybox:change:1";
/// Change code of a confidential record issued again to an own key that came later (PROTOCOL 2.2, 2123).
pub const REISSUED: &str = "reissued";

/// Place of a record in receipt order (PROTOCOL 2.8.9): policy position, `received` in unix seconds,
/// row number in its chain. The id breaks what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize)]
pub struct ReceiptOrder {
    pub position: u64,
    pub received: u64,
    pub n: u64,
}

/// Who stands behind a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Author {
    /// A member at the receipt.
    Staff,
    /// The patient, the own key or a guardian.
    Family,
    /// Imported: shown as "from the former system" (PROTOCOL 2.6).
    Former,
}

/// The act a native record is: a retry keeps `r`; `same` covers all that a retry may not change
/// (PROTOCOL 2.8.9). Imports have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Act {
    pub r: [u8; 32],
    pub same: [u8; 32],
}

/// One shown record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub id: EventId,
    /// Ids of retries of the same act.
    pub aliases: Vec<EventId>,
    /// The true kind; the fold maps the former numbering.
    pub kind: u16,
    pub signer: PublicKey,
    pub author: Author,
    /// T that the record is about.
    pub subject: PublicKey,
    pub compartment: Compartment,
    pub act: Option<Act>,
    /// The FHIR resource without its padding.
    pub resource: Value,
    pub links: Vec<Link>,
    /// `["act","sign"]`.
    pub sign: bool,
    pub order: ReceiptOrder,
    /// Unix seconds, a claim of the writer; orders nothing but versions of the former system.
    pub created_at: u64,
}

/// What an `e` tag of a record does to the record it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    StatusUpdate,
    Correction,
    Deletion,
    Cancelled,
    Addendum,
    Result,
    Accept,
    Reply,
    Ref,
}

impl Marker {
    /// Reads a marker. Without one, an `e` tag of a message is a reply (the former system's two-element
    /// form) and one of demographics or a visit names its predecessor (PROTOCOL 2.7, 2110 and 2126).
    pub fn of(kind: u16, marker: &str) -> Self {
        match (marker, kind) {
            ("status-update", _) => Self::StatusUpdate,
            ("correction", _) => Self::Correction,
            ("deletion", _) => Self::Deletion,
            ("cancelled", _) => Self::Cancelled,
            ("addendum", _) => Self::Addendum,
            ("result", _) => Self::Result,
            ("accept", _) => Self::Accept,
            ("reply", _) => Self::Reply,
            ("", kinds::MESSAGE) => Self::Reply,
            ("", kinds::PATIENT | kinds::VISIT) => Self::Correction,
            _ => Self::Ref,
        }
    }

    /// True for markers of a new version.
    pub const fn replaces(self) -> bool {
        matches!(self, Self::StatusUpdate | Self::Correction | Self::Deletion | Self::Cancelled)
    }

    /// True for versions that end what they name; their body may be a stub.
    pub const fn ends(self) -> bool {
        matches!(self, Self::Deletion | Self::Cancelled)
    }
}

/// Why a version was written: the content of [`CHANGE_URL`].
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    pub code: Option<String>,
    pub text: Option<String>,
}

impl Change {
    /// Reads the change extension of a resource.
    pub fn of(resource: &Value) -> Option<Self> {
        let outer = extensions(resource).find(|e| e["url"] == CHANGE_URL)?;
        let part = |name: &str, value: &str| {
            let inner = outer["extension"].as_array()?.iter().find(|e| e["url"] == name)?;
            Some(inner[value].as_str()?.to_owned())
        };
        Some(Self { code: part("code", "valueCode"), text: part("text", "valueString") })
    }
}

fn extensions(resource: &Value) -> impl Iterator<Item = &Value> {
    [&resource["extension"], &resource["meta"]["extension"]].into_iter().filter_map(Value::as_array).flatten()
}

impl Record {
    /// The links with what they do, in the order of the tags.
    pub(super) fn marked(&self) -> impl Iterator<Item = (Marker, EventId)> + '_ {
        self.links.iter().map(|link| (Marker::of(self.kind, &link.marker), link.id))
    }

    /// The replacing marker, when this is a new version of something.
    pub(super) fn replacing(&self) -> Option<Marker> {
        self.marked().map(|(marker, _)| marker).find(|marker| marker.replaces())
    }

    /// Display order. Imports have no receipt of the act itself, only of the import, so they stand before
    /// all others in the order that the former system gave them.
    pub(super) fn key(&self) -> (u64, ReceiptOrder, EventId) {
        match self.author {
            Author::Former => (self.created_at, ReceiptOrder::default(), self.id),
            Author::Staff | Author::Family => (u64::MAX, self.order, self.id),
        }
    }
}

/// The resource without what a copy of the same content may differ in: binding, change and times of
/// writing in `meta`.
pub(super) fn content_only(resource: &Value) -> Value {
    let mut value = resource.clone();
    if let Some(object) = value.as_object_mut() {
        object.remove("meta");
        let rest: Option<Vec<Value>> = object
            .get("extension")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter(|e| e["url"] != CHANGE_URL).cloned().collect());
        match rest {
            Some(list) if list.is_empty() => {
                object.remove("extension");
            }
            Some(list) => {
                object.insert("extension".to_owned(), Value::Array(list));
            }
            None => {}
        }
    }
    value
}
