//! The rule for what came from the former system (PROTOCOL 2.6): id and signature hold, the receipt's row
//! says import, and the signer is one that the 2105 of epoch 0 names, or the patient.

use serde_json::{Value, json};

use crate::body::{DEPTH_MAX, parse_strict, type_fits};
use crate::event::{p_tag, tag_value};
use crate::kinds;
use crate::legacy::current_kind;
use crate::permissions::Compartment;
use crate::policy::View;
use crate::receipts::Receipted;
use crate::{Event, PublicKey};

use super::judge::import_record;
use super::keys::Opening;
use super::{Outcome, Reason, Sealed};

pub(super) fn judge(
    view: &View<'_>,
    event: &Event,
    row: &Receipted,
    opening: Opening,
) -> Result<Outcome, Reason> {
    let epoch = view.legacy_epoch().ok_or(Reason::ImportSigner)?;
    let second = p_tag(event, 1);
    if !(epoch.signers.contains(&event.pubkey) || second == Some(event.pubkey)) {
        return Err(Reason::ImportSigner);
    }
    let kind = current_kind(event.kind.as_u16());
    if !matches!(kind, 2110..=2121) {
        return Err(Reason::Role);
    }
    if p_tag(event, 0) != Some(epoch.chart) {
        return Err(Reason::Epoch);
    }
    let Some(subject) = second else { return Err(Reason::Subject) };
    let (bytes, copies_differ) = match opening {
        Opening::Body { bytes, copies_differ } => (bytes, copies_differ),
        Opening::Failed => return Err(Reason::Body),
        Opening::NoKey => {
            return Ok(Outcome::Sealed(Sealed {
                kind: event.kind.as_u16(),
                signer: event.pubkey,
                compartment: Compartment::Chart,
                received: row.received,
            }));
        }
    };
    let resource = resource(kind, event, &bytes, &subject).ok_or(Reason::Body)?;
    Ok(Outcome::Shown(Box::new(import_record(event, row, subject, resource, copies_differ))))
}

/// The resource of an imported body. Messages were plain text with the subject line in a tag; they become a
/// Communication that says the same.
fn resource(kind: u16, event: &Event, bytes: &[u8], subject: &PublicKey) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    if kind == kinds::MESSAGE {
        let mut message = json!({
            "resourceType": "Communication",
            "status": "completed",
            "sender": {"identifier": {"system": "urn:nostr:pubkey", "value": event.pubkey.to_hex()}},
            "subject": {"identifier": {"system": "urn:nostr:pubkey", "value": subject.to_hex()}},
            "payload": [{"contentString": text}],
        });
        if let Some(line) = tag_value(event, "subject", 0) {
            message["topic"] = json!({"text": line});
        }
        return Some(message);
    }
    let resource = Value::Object(parse_strict(text, DEPTH_MAX)?);
    type_fits(kind, resource["resourceType"].as_str()?).then_some(resource)
}
