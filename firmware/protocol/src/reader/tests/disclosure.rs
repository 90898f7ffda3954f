//! Packets: what a recipient can check alone.

use super::world::{Draft, World, draft, message, weight};
use crate::envelope::open_content;
use crate::event;
use crate::kinds;
use crate::permissions::{Compartment, Role};
use crate::reader::{Disclosed, DisclosedRecord, Outcome, Packet, Reason, open_packet};
use crate::{Event, EventId, Keys};

/// The exact body of a record, opened with the practice's key.
fn body_of(w: &World, event: &Event) -> String {
    let key = event::p_tag(event, 0).unwrap();
    let pair = w
        .epochs
        .iter()
        .flat_map(|e| Compartment::ALL.map(|c| e.of(c).clone()))
        .find(|p| p.public == key)
        .unwrap();
    let conversation = match event::tag_value(event, "enc", 0) {
        Some("nip44") => pair.reader_key(&event.pubkey),
        _ => pair.practice_key(),
    };
    String::from_utf8(open_content(event, &conversation.unwrap()).unwrap()).unwrap()
}

fn receipts_of(w: &World, id: &EventId) -> (Event, Event) {
    let is = |e: &&Event| e.kind.as_u16() == kinds::RECEIPT && event::tag_value(e, "c", 0).is_none();
    let names = |e: &Event| e.tags.iter().any(|t| t.kind() == "e" && t.content() == Some(&id.to_hex()));
    let receipt = w.events.iter().filter(is).find(|e| names(e)).unwrap().clone();
    let (first, second) = (event::p_tag(&receipt, 0), event::p_tag(&receipt, 1));
    let same = |e: &&Event| event::p_tag(e, 0) == first && event::p_tag(e, 1) == second;
    let newest = w.events.iter().filter(is).rfind(same).unwrap().clone();
    (receipt, newest)
}

pub(in crate::reader) fn record(w: &World, event: &Event, ties: Vec<Event>) -> DisclosedRecord {
    let (receipt, newest) = receipts_of(w, &event.id);
    DisclosedRecord { event: event.clone(), body: body_of(w, event), receipt, newest, ties }
}

/// The public policy chain with its events.
pub(in crate::reader) fn public_policy(w: &World) -> Vec<Event> {
    let chain: Vec<Event> =
        w.events.iter().filter(|e| event::tag_value(e, "c", 0) == Some("policy")).cloned().collect();
    let named: Vec<&str> = chain
        .iter()
        .flat_map(|r| r.tags.iter())
        .filter(|t| t.kind() == "e")
        .filter_map(|t| t.content())
        .collect();
    let events = w.events.iter().filter(|e| named.contains(&e.id.to_hex().as_str())).cloned();
    events.chain(chain.iter().cloned()).collect()
}

/// Three observations and two messages of the child, disclosed: two of the observations and both messages.
pub(in crate::reader) fn packet(w: &mut World) -> Packet {
    let (doctor, parent, child) = (w.doctor.clone(), w.parent.clone(), w.child.public_key());
    let values: Vec<Event> = [9.1, 9.2, 9.3]
        .into_iter()
        .map(|kg| w.staff(&doctor, &draft(kinds::OBSERVATION, weight(kg), &child)))
        .collect();
    let answer = w.staff(&doctor, &draft(kinds::MESSAGE, message("answer"), &child));
    let question =
        w.family(&parent, &Draft { reader: None, ..draft(kinds::MESSAGE, message("question"), &child) });
    for event in values.iter().chain([&answer, &question]) {
        w.receive(event);
    }
    let link = w.events.iter().find(|e| e.kind.as_u16() == kinds::GUARDIAN_LINK).unwrap().clone();
    let records = vec![
        record(w, &values[0], Vec::new()),
        record(w, &values[2], Vec::new()),
        record(w, &answer, Vec::new()),
        record(w, &question, vec![link]),
    ];
    Packet { records, policy: public_policy(w) }
}

fn reason(disclosed: &Disclosed, at: usize, packet: &Packet) -> Option<Reason> {
    match disclosed.outcomes[&packet.records[at].event.id] {
        Outcome::Quarantine(reason) => Some(reason),
        _ => None,
    }
}

/// The packet proves everything; after `harm` the record at 0 is refused with this reason.
fn refuses(expected: Reason, harm: impl FnOnce(&mut World, &mut Packet)) {
    let mut w = World::new();
    let whole = packet(&mut w);
    let proved = open_packet(w.p(), &whole);
    assert!(proved.outcomes.values().all(|o| matches!(o, Outcome::Shown(_))), "{:?}", proved.outcomes);
    let mut harmed = whole;
    harm(&mut w, &mut harmed);
    assert_eq!(reason(&open_packet(w.p(), &harmed), 0, &harmed), Some(expected));
}

#[test]
fn a_packet_shows_its_records_and_k_of_n() {
    let mut w = World::new();
    let packet = packet(&mut w);
    let text = serde_json::to_string(&packet).unwrap();
    let again: Packet = serde_json::from_str(&text).unwrap();
    assert_eq!(again, packet);
    let disclosed = open_packet(w.p(), &again);
    assert!(disclosed.outcomes.values().all(|o| matches!(o, Outcome::Shown(_))));
    let mut counts: Vec<(u64, u64)> = disclosed.shares.iter().map(|s| (s.k, s.n)).collect();
    counts.sort_unstable();
    // The parent's chain holds the question alone; of the child's four records three are here.
    assert_eq!(counts, vec![(1, 1), (3, 4)]);
    assert!(disclosed.shares.iter().all(|s| s.as_of <= w.now));
}

#[test]
fn another_body_is_commitment() {
    refuses(Reason::Commitment, |_, packet| {
        packet.records[0].body = packet.records[0].body.replace("9.1", "1.1")
    });
}

#[test]
fn a_changed_event_is_id() {
    refuses(Reason::Id, |_, packet| packet.records[0].event.content.push('x'));
}

#[test]
fn a_receipt_of_another_record_is_no_receipt() {
    refuses(Reason::NoReceipt, |_, packet| {
        packet.records[0].receipt = packet.records[2].receipt.clone();
        packet.records.iter_mut().for_each(|r| r.newest = r.receipt.clone());
    });
}

#[test]
fn a_policy_chain_with_a_hole_is_no_receipt() {
    refuses(Reason::NoReceipt, |_, packet| {
        let entry = packet.policy.iter().position(|e| e.kind.as_u16() == kinds::STAFF_ROSTER).unwrap();
        packet.policy.remove(entry);
    });
}

#[test]
fn the_signer_must_have_been_a_member_at_the_receipt() {
    let mut w = World::new();
    let (nurse, child): (Keys, _) = (w.random.keys(), w.child.public_key());
    w.member(&nurse, Role::Nurse, &super::world::words_of(Role::Nurse));
    let value = draft(kinds::OBSERVATION, weight(9.1), &child);
    let before = w.staff(&nurse, &value);
    w.receive(&before);
    w.end(&nurse, Role::Nurse);
    let after = w.staff(&nurse, &value);
    w.receive(&after);
    let records = vec![record(&w, &after, Vec::new()), record(&w, &before, Vec::new())];
    let packet = Packet { records, policy: public_policy(&w) };
    let disclosed = open_packet(w.p(), &packet);
    assert_eq!(reason(&disclosed, 0, &packet), Some(Reason::NotMember));
    assert_eq!(reason(&disclosed, 1, &packet), None);
}

#[test]
fn a_family_record_needs_what_names_its_author() {
    let mut w = World::new();
    let mut packet = packet(&mut w);
    assert_eq!(reason(&open_packet(w.p(), &packet), 3, &packet), None);
    packet.records[3].ties.clear();
    assert_eq!(reason(&open_packet(w.p(), &packet), 3, &packet), Some(Reason::NotMember));
}

#[test]
fn a_tie_by_one_who_may_not_register_ties_nobody() {
    let mut w = World::new();
    let mut packet = packet(&mut w);
    let link = packet.records[3].ties[0].clone();
    let tags = link.tags.iter().cloned().collect();
    let forged = event::sign(&w.parent, kinds::GUARDIAN_LINK, tags, link.content.clone(), w.now);
    packet.records[3].ties = vec![forged];
    assert_eq!(reason(&open_packet(w.p(), &packet), 3, &packet), Some(Reason::NotMember));
    packet.records[3].ties.push(link);
    assert_eq!(reason(&open_packet(w.p(), &packet), 3, &packet), None);
}

#[test]
fn a_link_that_ends_somebody_ties_nobody() {
    let mut w = World::new();
    let mut packet = packet(&mut w);
    let link = packet.records[3].ties[0].clone();
    let sign = |w: &World, end: bool| {
        let end = end.then(|| event::tag("end", []));
        let tags = link.tags.iter().cloned().chain(end).collect();
        event::sign(&w.desk, kinds::GUARDIAN_LINK, tags, link.content.clone(), w.now)
    };
    packet.records[3].ties = vec![sign(&w, true)];
    assert_eq!(reason(&open_packet(w.p(), &packet), 3, &packet), Some(Reason::NotMember));
    packet.records[3].ties = vec![sign(&w, false)];
    assert_eq!(reason(&open_packet(w.p(), &packet), 3, &packet), None);
}

#[test]
fn the_practice_key_never_comes_from_the_packet() {
    let mut w = World::new();
    let packet = packet(&mut w);
    let other = w.random.keys().public_key();
    let disclosed = open_packet(other, &packet);
    assert!(disclosed.outcomes.values().all(|o| *o == Outcome::Quarantine(Reason::NoReceipt)));
    assert!(disclosed.shares.is_empty());
}
