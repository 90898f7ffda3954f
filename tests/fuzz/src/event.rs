//! Events as they arrive: `["arrival", {event}]`, where the arrival says who is logged in: `author`,
//! `nobody`, `stranger`, `doctor`, or `ceremony` for the vault's door. A bare event is the author's.

use relaybox_protocol::admit::{Admission, Arrival, SECONDS_AHEAD_MAX, admit};
use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified, index_keys, parse_unverified};
use relaybox_protocol::policy::{Door, Person};
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::scope::{IndexKey, Scope};
use relaybox_protocol::{Event, EventId, PublicKey, kinds};
use serde_json::value::RawValue;

use super::practice::{PRACTICE, with_true_id};
use super::{OK, Verdict};

const ARRIVALS: [&str; 5] = ["author", "nobody", "stranger", "doctor", "ceremony"];

pub fn run(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else { return Refusal::Malformed.code() };
    let (arrival, json) = match serde_json::from_str::<(String, &RawValue)>(text) {
        Ok((arrival, event)) => (arrival, event.get()),
        Err(_) => ("author".to_owned(), text),
    };
    if let Ok(event) = parse_unverified(json, EVENT_BYTES_MAX) {
        let event = with_true_id(&event);
        is_indexed(&event);
        for arrival in ARRIVALS {
            let _ = decide(&event, arrival);
        }
    }
    let verified = match Verified::parse(json, EVENT_BYTES_MAX) {
        Ok(verified) => verified,
        Err(refusal) => return refusal.code(),
    };
    is_what_came(&verified, json);
    decide(verified.event(), &arrival).map_or_else(Refusal::code, |_| OK)
}

/// Id and bytes of an accepted event are those that came, and it is read again as it was.
fn is_what_came(verified: &Verified, json: &str) {
    let event = verified.event();
    let id = EventId::compute(&event.pubkey, &event.created_at, &event.kind, &event.tags, &event.content);
    assert_eq!(verified.id(), id);
    assert_eq!(verified.json(), json);
    let again = Verified::from_event(event.clone()).unwrap();
    assert_eq!(again.event(), event);
}

fn is_indexed(event: &Event) {
    let keys = index_keys(event);
    assert!(keys.contains(&IndexKey::Author(event.pubkey)));
    assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once");
    let short = |key: &IndexKey| match key {
        IndexKey::Author(_) => true,
        IndexKey::Tag(_, value) => value.len() <= relaybox_protocol::event::INDEX_VALUE_BYTES_MAX,
    };
    assert!(keys.iter().all(short));
}

fn decide(event: &Event, arrival: &str) -> Result<Admission, Refusal> {
    let authenticated: &[PublicKey] = match arrival {
        "author" => &[event.pubkey],
        "stranger" => &[PRACTICE.person("stranger")],
        "doctor" => &[PRACTICE.person("doctor")],
        _ => &[],
    };
    let door = if arrival == "ceremony" { Door::Ceremony } else { Door::Network };
    let arrival = Arrival { door, authenticated, invited: &[], now: PRACTICE.now };
    let decided = admit(&PRACTICE.view(), event, &arrival);
    assert_eq!(decided, admit(&PRACTICE.view(), event, &arrival), "one event, one answer");
    if let Ok(admission) = &decided {
        may_stand(event, admission, &arrival);
    }
    decided
}

/// What is true of every event that was let in.
fn may_stand(event: &Event, admission: &Admission, arrival: &Arrival<'_>) {
    let (view, kind, author) = (PRACTICE.view(), event.kind.as_u16(), event.pubkey);
    let wrap = matches!(kind, kinds::GIFT_WRAP | kinds::EPHEMERAL_WRAP);
    assert!(view.compartment_of(&author).is_none(), "an epoch key signed it");
    assert!(!matches!(kind, 1000..=1015 | kinds::NIP82 | kinds::VANISH | kinds::RECEIPT), "kind {kind}");
    if arrival.door == Door::Network {
        assert!(wrap || arrival.authenticated.contains(&author), "its author is not logged in");
        assert!(!view.ever_practice(&author), "the practice key signs nothing over the network");
        assert!(event.created_at.as_secs() < arrival.now + SECONDS_AHEAD_MAX);
    }
    assert!(admission.expires.is_none_or(|expires| expires > arrival.now));
    assert_eq!(admission.moves_policy, kinds::is_policy(kind));
    assert!(admission.deletes.is_empty() || kind == kinds::DELETION);
    assert!(admission.deletes_addresses.iter().all(|(kind, _)| !kinds::is_undeletable(*kind)));
    if kinds::is_clinical(kind) {
        assert!(!admission.chains.is_empty(), "a record is due in a receipt");
        assert!(!admission.ephemeral);
        assert!(matches!(
            view.person(&author),
            Person::Member(_) | Person::Patient(_) | Person::Own(_) | Person::Guardian(_)
        ));
        assert!(!view.suspended(&author));
        let keys = index_keys(event);
        assert!(Scope::of(&view, &author).permits(event, &keys), "its author may not read it");
        assert!(!Scope::of(&view, &PRACTICE.person("stranger")).permits(event, &keys));
    }
}
