//! Gift wraps 1059 and 21059: who may send them to whom (PROTOCOL 3). An outsider gets one same
//! answer whether or not the addressed key is somebody here.

use crate::policy::{Door, Person, View};
use crate::refusal::Refusal;
use crate::{Event, PublicKey};

use super::{Arrival, is_addressable, only_party};

/// The inbox that is charged for the wrap.
pub(super) fn recipient(view: &View<'_>, event: &Event, arrival: &Arrival<'_>) -> Result<PublicKey, Refusal> {
    let recipient = only_party(event).ok_or(Refusal::Malformed)?;
    if is_published_inbox(view, &recipient) {
        return Ok(recipient);
    }
    let door = arrival.door == Door::Ceremony;
    let known = door || arrival.authenticated.iter().any(|key| is_live(view, key));
    if !known && !is_invited(view, &recipient, arrival) {
        return Err(Refusal::WrapSender);
    }
    if is_addressable(view, &recipient) { Ok(recipient) } else { Err(Refusal::WrapRecipient) }
}

/// Agents `mail` and `billing` take messages from anyone.
fn is_published_inbox(view: &View<'_>, key: &PublicKey) -> bool {
    match view.person(key) {
        Person::Agent(agent) => matches!(agent.service.as_str(), "mail" | "billing"),
        _ => false,
    }
}

fn is_live(view: &View<'_>, key: &PublicKey) -> bool {
    is_addressable(view, key) && !view.suspended(key)
}

/// The key presented a token of this recipient's live invitation, or is the recipient of a live
/// share by it. The relay counts the wraps of an invitation.
fn is_invited(view: &View<'_>, recipient: &PublicKey, arrival: &Arrival<'_>) -> bool {
    let by_token = arrival.invited.iter().any(|(key, token)| {
        arrival.authenticated.contains(key)
            && view.invitation(token).is_some_and(|invitation| invitation.author == *recipient)
    });
    by_token
        || arrival
            .authenticated
            .iter()
            .flat_map(|key| view.shares_for(key))
            .any(|share| share.author == *recipient)
}
