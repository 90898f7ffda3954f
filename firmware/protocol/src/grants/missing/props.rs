//! Random histories of a practice: after a member has written what is missing, nothing is missing, and nobody has
//! got what is not for them.

use proptest::prelude::*;

use super::tests::keyring;
use super::*;
use crate::admit::{Arrival, admit};
use crate::policy::Door;
use crate::policy::props::{history, steps};
use crate::policy::world::{World, keys, pk};

const MEMBERS: [&str; 4] = ["doctor", "nurse", "ma", "desk"];
const CHILDREN: [&str; 2] = ["child", "other-child"];

/// A member who may write the chart rows of this child, if one is left.
fn chart_holder(world: &World, child: &str) -> Option<&'static str> {
    let view = world.policy.now(world.now);
    let patient = view.patient(&pk(child))?;
    MEMBERS.into_iter().find(|name| {
        let holds = view.member(&pk(name)).is_some_and(|member| member.holds(Compartment::Chart));
        holds && may_read(&view, &pk(name), &patient)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn prop_after_writing_what_is_missing_nothing_is_missing(steps in steps()) {
        let mut world = history(&steps);
        for child in CHILDREN {
            let Some(name) = chart_holder(&world, child) else { continue };
            let ring = keyring(&mut world, name);
            let now = world.now;
            let view = world.policy.now(now);
            let links = view.guardians_of(&pk(child)).into_iter().map(|link| link.entry);
            let keys_of = view.patient(&pk(child)).into_iter().flat_map(|p| p.own.into_iter().chain([p.subject]));
            let brought = keys_of.filter_map(|key| view.brought(&key)).map(|by| by.entry);
            let links: Vec<EventId> = links.chain(brought).collect();
            let mut book = GrantBook::default();
            let writer = Writer { key: pk(name), keyring: &ring, rows: &[], confirmed: &links };
            let found = missing(&view, &book, &pk(child), &writer);
            prop_assert_eq!((&found.waiting, &found.left), (&Vec::new(), &Vec::new()));
            let events = build_missing(&keys(name), &found.write, &writer, now, &mut world.random).unwrap();
            let authenticated = [pk(name)];
            let arrival = Arrival { door: Door::Network, authenticated: &authenticated, invited: &[], now };
            let view = world.policy.now(now);
            for event in &events {
                prop_assert!(admit(&view, event, &arrival).is_ok(), "{:?}", admit(&view, event, &arrival));
                book.add(event);
            }
            prop_assert_eq!(missing(&view, &book, &pk(child), &writer), MissingGrants::default());
            // Another member sees the same: links are confirmed, nothing is missing.
            for other in MEMBERS {
                let other = Writer { key: pk(other), confirmed: &[], ..writer };
                prop_assert_eq!(missing(&view, &book, &pk(child), &other), MissingGrants::default());
            }
        }
    }

    #[test]
    fn prop_no_row_is_for_somebody_whose_access_has_ended_or_draws_on_confidential(steps in steps()) {
        let mut world = history(&steps);
        for child in CHILDREN {
            let Some(name) = chart_holder(&world, child) else { continue };
            let ring = keyring(&mut world, name);
            let view = world.policy.now(world.now);
            let guardians = view.guardians_of(&pk(child));
            for confirmed in [Vec::new(), guardians.iter().map(|link| link.entry).collect()] {
                let writer = Writer { key: pk(name), keyring: &ring, rows: &[], confirmed: &confirmed };
                let found = missing(&view, &GrantBook::default(), &pk(child), &writer);
                for grant in found.write.iter().chain(&found.waiting).chain(&found.left) {
                    let ended = view.guardians_ever(&pk(child)).contains(&grant.reader)
                        && (guardians.iter().all(|link| link.guardian != grant.reader) || view.suspended(&grant.reader));
                    prop_assert!(!ended);
                    let drawn = |(epoch_key, _): &(PublicKey, PublicKey)| view.compartment_of(epoch_key);
                    prop_assert!(grant.rows.iter().all(|row| drawn(row) != Some(Compartment::Confidential)));
                    let chart = grant.rows.iter().any(|row| drawn(row) == Some(Compartment::Chart));
                    let link = guardians.iter().find(|link| link.guardian == grant.reader);
                    if confirmed.is_empty() && link.is_some() {
                        prop_assert_eq!(chart, found.waiting.contains(grant), "an unconfirmed link waits for the chart alone");
                    }
                }
            }
        }
    }
}
