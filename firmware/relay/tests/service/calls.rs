//! Calls are bound to a visit: who may signal to whom, and when.

use relaybox_protocol::envelope::{Record, seal_staff};
use relaybox_protocol::event::Link;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::{Event, PublicKey, kinds, visits};
use serde_json::json;

use crate::client::Client;
use crate::practice::{Practice, keys, pk};
use crate::relay::{Relay, config};

const NO_VISIT: &str = "restricted: calls are open to the parties of a visit, from 15 minutes before it until two hours after it";

/// A visit to come: its patient, its parties and its time in seconds from now.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) child: &'a str,
    pub(crate) providers: &'a [&'a str],
    pub(crate) guardians: &'a [&'a str],
    pub(crate) begins_in: u64,
    pub(crate) lasts: u64,
}

impl Practice {
    /// A visit written by the doctor; `of` is its predecessor with the marker.
    pub(crate) fn visit(&mut self, visit: &Visit<'_>, of: Option<(&Event, &str)>) -> Event {
        let all = |names: &[&str]| names.iter().map(|name| pk(name)).collect::<Vec<PublicKey>>();
        let start = self.now() + visit.begins_in;
        let extra = visits::tags(&all(visit.providers), &all(visit.guardians), start, start + visit.lasts);
        let links: Vec<_> =
            of.map(|(event, marker)| Link { id: event.id, marker: marker.to_owned() }).into_iter().collect();
        let resource = json!({"resourceType": "Appointment", "status": "booked"});
        let r = self.random.bytes32();
        let plain = Record::plain(kinds::VISIT, &resource, pk(visit.child), r, self.now());
        let record = Record { extra: &extra, links: &links, ..plain };
        let (desk, p) = (self.secret(Compartment::Desk), self.p.public_key());
        let child = Some(pk(visit.child));
        seal_staff(&keys("doctor"), &p, &desk, child.as_ref(), false, &record, &mut self.random).unwrap()
    }
}

const OF_CHILD: Visit<'_> =
    Visit { child: "child", providers: &["doctor"], guardians: &["mother"], begins_in: 0, lasts: 1_800 };

/// Sends all before the first answer comes.
async fn send_at_once(client: &mut Client, events: &[&Event]) {
    let frames: Vec<String> = events.iter().map(|event| json!(["EVENT", event]).to_string()).collect();
    client.send_together(&frames.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn calls_are_open_from_a_quarter_before_a_visit_to_two_hours_after() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let visit = practice.visit(&Visit { begins_in: 901, ..OF_CHILD }, None);
    relay.login("doctor").await.publish(&visit).await.stored();
    // Seconds from the step before, and whether calls are open then.
    for (seconds, open) in [(0, false), (1, true), (900 + 1_800 + 7_199, true), (1, false)] {
        relay.pass_seconds(seconds);
        for (author, party) in [("doctor", "mother"), ("mother", "doctor"), ("child", "doctor")] {
            let signal = practice.signal(author, party, relay.now() + 60);
            let answer = relay.login(author).await.publish(&signal).await;
            if open { answer.stored() } else { answer.refused(NO_VISIT) }
        }
    }
}

#[tokio::test]
async fn calls_are_open_to_the_parties_of_a_visit_alone() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let visit = practice.visit(&OF_CHILD, None);
    let mut doctor = relay.login("doctor").await;
    let until = relay.now() + 60;
    let call = practice.signal("doctor", "mother", until);
    doctor.publish(&call).await.refused(NO_VISIT);
    doctor.publish(&visit).await.stored();
    for (author, party) in
        [("nurse", "mother"), ("mother", "nurse"), ("doctor", "father"), ("father", "doctor")]
    {
        let signal = practice.signal(author, party, until);
        relay.login(author).await.publish(&signal).await.refused(NO_VISIT);
    }
    doctor.publish(&call).await.stored();
}

#[tokio::test]
async fn a_cancelled_or_moved_visit_closes_its_calls_at_once() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut doctor = relay.login("doctor").await;
    let tomorrow = Visit { begins_in: 86_400, ..OF_CHILD };
    let by_the_nurse = Visit { providers: &["nurse"], ..OF_CHILD };
    let changes = [
        ("cancelled", OF_CHILD),
        ("deletion", OF_CHILD),
        ("correction", tomorrow),
        ("correction", by_the_nurse),
    ];
    for (marker, changed) in changes {
        let visit = practice.visit(&OF_CHILD, None);
        let open = practice.signal("doctor", "mother", relay.now() + 60);
        send_at_once(&mut doctor, &[&visit, &open]).await;
        doctor.ok(&visit.id.to_hex()).await.stored();
        doctor.ok(&open.id.to_hex()).await.stored();
        let successor = practice.visit(&changed, Some((&visit, marker)));
        let late = practice.signal("doctor", "mother", relay.now() + 61);
        send_at_once(&mut doctor, &[&successor, &late]).await;
        doctor.ok(&successor.id.to_hex()).await.stored();
        doctor.ok(&late.id.to_hex()).await.refused(NO_VISIT);
        // Events of one second would be the same.
        relay.pass_seconds(1);
    }
}
