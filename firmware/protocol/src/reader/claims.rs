//! What a body claims beside its values: resource type, signature, re-signing (PROTOCOL 2.8.4).

use serde_json::Value;

use crate::PublicKey;
use crate::kinds;

/// Whether a body claims to be signed: a 2111 with a contained Composition `final` or `amended` and a legal
/// attester who is the signer; a 2119 that is `final`, `amended` or `corrected`.
pub(super) fn claims_signature(kind: u16, resource: &Value, signer: &PublicKey) -> bool {
    match kind {
        kinds::ENCOUNTER => compositions(resource).any(|composition| signed_by(composition, signer)),
        kinds::REPORT => matches!(resource["status"].as_str(), Some("final" | "amended" | "corrected")),
        _ => false,
    }
}

/// True kinds that may be signed.
pub(super) const fn may_be_signed(kind: u16) -> bool {
    matches!(kind, kinds::ENCOUNTER | kinds::REPORT)
}

fn compositions(resource: &Value) -> impl Iterator<Item = &Value> {
    let contained = resource["contained"].as_array().into_iter().flatten();
    contained.filter(|inner| inner["resourceType"] == "Composition")
}

fn signed_by(composition: &Value, signer: &PublicKey) -> bool {
    let finished = matches!(composition["status"].as_str(), Some("final" | "amended"));
    let party = format!("Practitioner/{}", signer.to_hex());
    let mut attesters = composition["attester"].as_array().into_iter().flatten();
    finished && attesters.any(|a| a["mode"] == "legal" && a["party"]["reference"] == party.as_str())
}
