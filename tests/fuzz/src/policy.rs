//! The fold of policy: a JSON array of policy events, applied one after the other to the practice. Each
//! is received when it says it was made. The verdict is that of the last one.

use relaybox_protocol::Event;
use relaybox_protocol::policy::{Person, Policy};
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::scope::Scope;

use super::practice::{PRACTICE, events_of};
use super::{OK, Verdict};

pub fn run(input: &[u8]) -> Verdict {
    let events = match events_of(input) {
        Ok(events) => events,
        Err(refusal) => return refusal.code(),
    };
    let mut policy = PRACTICE.policy.clone();
    let mut verdict = OK;
    for (at, event) in (PRACTICE.at + 1..).zip(&events) {
        verdict = apply(&mut policy, event, at).map_or_else(Refusal::code, |()| OK);
    }
    keys_have_one_role(&policy);
    verdict
}

/// An event is judged as it is applied, counts once, and leaves no trace when it does not count.
fn apply(policy: &mut Policy, event: &Event, at: u64) -> Result<(), Refusal> {
    let received = event.created_at.as_secs().min(u64::MAX / 2);
    let before = policy.clone();
    let judged = policy.judge(event, at, received);
    let applied = policy.apply(event, at, received);
    assert_eq!(judged, applied);
    match applied {
        Ok(()) => {
            assert!(policy.counted(&event.id));
            assert!(policy.newest() >= before.newest());
            assert!(policy.chain_of(event).is_some() || event.kind.as_u16() == 2106);
            assert_eq!(policy.apply(event, at + 1, received), Err(Refusal::Counted));
        }
        Err(Refusal::Counted) => assert!(before.counted(&event.id)),
        Err(_) => {
            assert!(!policy.counted(&event.id));
            assert_eq!(format!("{before:?}"), format!("{policy:?}"), "a refused event left a trace");
        }
    }
    applied
}

fn keys_have_one_role(policy: &Policy) {
    let view = policy.now(PRACTICE.now);
    assert_eq!(Scope::of(&view, &view.practice()), Scope::default());
    for member in view.members() {
        assert!(matches!(view.person(&member.key), Person::Member(_)));
        assert!(view.patient(&member.key).is_none() && view.links_of(&member.key).is_empty());
    }
    for patient in view.patients() {
        assert!(view.compartment_of(&patient.subject).is_none(), "T is an E");
        assert!(matches!(view.person(&patient.subject), Person::Patient(_)));
        assert!(patient.former.iter().all(|old| !matches!(view.person(old), Person::Patient(_))));
    }
    for epoch in view.epochs() {
        assert_eq!(Scope::of(&view, &epoch.chart), Scope::default(), "an epoch key reads nothing");
    }
}
