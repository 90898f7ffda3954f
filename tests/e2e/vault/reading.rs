//! Records of several epochs in all compartments, and who reads them by the whole reader rule.

use std::collections::BTreeMap;

use relaybox_protocol::EventId;
use relaybox_protocol::envelope::{EpochSecret, Record, seal_staff};
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::tag;
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::reader::{Held, Outcome, Reader, Sight};
use relaybox_tests::client::Client;

use super::*;

/// Receipts are written at once.
pub(super) const AT_ONCE: &str = "[relay]\nreceipt_seconds = 0";
/// Looks at a relay that is about to write receipts.
const LOOKS_MAX: usize = 400;

/// What a member fetches to read the practice: policy with its grants, receipts, records.
async fn fetch(client: &mut Client) -> (Vec<Event>, Vec<Event>) {
    let policy = json!({"kinds": [2101, 2102, 2103, 2104, 2105, 2107, 2108, 2109, 2110, 2122, 2127]});
    let policy = client.query(policy).await.unwrap().events().unwrap();
    let records = client.query(json!({"kinds": [2110, 2113, 2123]})).await.unwrap().events().unwrap();
    (policy, records)
}

/// Epoch secrets that a member reaches.
pub(super) fn keyring(keys: &Keys, policy: &[Event]) -> Keyring {
    let of = |kind: u16| -> Vec<Event> {
        policy.iter().filter(|event| event.kind.as_u16() == kind).cloned().collect()
    };
    let own = |event: &Event| relaybox_protocol::event::p_tag(event, 0) == Some(keys.public_key());
    let grants: Vec<Event> = of(2101).into_iter().filter(own).collect();
    Keyring::collect(keys.secret_key(), &of(2105), &grants)
}

/// Who works with the records of a box, logged in.
pub(super) struct Member {
    pub(super) client: Client,
    pub(super) keys: Keys,
    /// P of the claim: what this reader trusts.
    pub(super) anchor: PublicKey,
}

impl Member {
    pub(super) async fn login(started: &DevBox, keys: &Keys, anchor: PublicKey) -> Self {
        let client = Client::login(started.ready.plain().unwrap(), None, keys).await.unwrap();
        Self { client, keys: keys.clone(), anchor }
    }

    async fn secret(&mut self, compartment: Compartment) -> EpochSecret {
        let (policy, _) = fetch(&mut self.client).await;
        keyring(&self.keys, &policy).newest(compartment).unwrap().clone()
    }

    /// A registration, an observation and a confidential one, under the newest epoch and this P. Gives their ids.
    pub(super) async fn write(&mut self, practice: &PublicKey, child: &Keys, note: &str) -> Vec<EventId> {
        let mut random = Random::os();
        let key = child.public_key();
        let pop = prove(child, practice, KeyRole::Subject, &mut random);
        let extra = [tag("pop", [&key.to_hex(), &pop])];
        let now = relaybox_process::clock::Clock::System.now();
        let patient = json!({"resourceType": "Patient"});
        let observed = json!({"resourceType": "Observation", "status": "final", "note": [{"text": note}]});
        let mut ids = Vec::new();
        for (compartment, kind, resource) in [
            (Compartment::Desk, 2110, &patient),
            (Compartment::Chart, 2113, &observed),
            (Compartment::Confidential, 2113, &observed),
        ] {
            let confidential = compartment == Compartment::Confidential;
            let extra: &[_] = if kind == 2110 { &extra } else { &[] };
            let record = Record { extra, ..Record::plain(kind, resource, key, random.bytes32(), now) };
            let epoch = self.secret(compartment).await;
            let reader = (!confidential).then_some(&key);
            let event = seal_staff(&self.keys, practice, &epoch, reader, confidential, &record, &mut random);
            let event = event.unwrap();
            let (stored, why) = self.client.publish(&event).await.unwrap();
            assert!(stored, "{kind}: {why}");
            ids.push(event.id);
        }
        ids
    }

    /// What the reader rule says of every record that the relay gives, once all have receipts.
    pub(super) async fn read(&mut self) -> BTreeMap<EventId, Outcome> {
        for _ in 0..LOOKS_MAX {
            let (policy, records) = fetch(&mut self.client).await;
            let held = Held::staff(keyring(&self.keys, &policy));
            let outcomes = judged(self.anchor, held, Sight::Staff, &policy, &records);
            if !outcomes.values().any(|outcome| matches!(outcome, Outcome::Pending { .. })) {
                return outcomes;
            }
        }
        panic!("receipts are missing")
    }
}

fn judged(
    anchor: PublicKey,
    held: Held,
    sight: Sight,
    policy: &[Event],
    records: &[Event],
) -> BTreeMap<EventId, Outcome> {
    let now = relaybox_process::clock::Clock::System.now();
    Reader::new(anchor, held, sight, policy).read(records, Some(now))
}

/// What a patient reads with the own key alone.
pub(super) async fn read_as_patient(
    started: &DevBox,
    keys: &Keys,
    anchor: PublicKey,
) -> BTreeMap<EventId, Outcome> {
    let mut client = Client::login(started.ready.plain().unwrap(), None, keys).await.unwrap();
    for _ in 0..LOOKS_MAX {
        let (policy, records) = fetch(&mut client).await;
        let held = Held::person(keys.secret_key().clone());
        let outcomes = judged(anchor, held, Sight::Own, &policy, &records);
        if !outcomes.values().any(|outcome| matches!(outcome, Outcome::Pending { .. })) {
            return outcomes;
        }
    }
    panic!("receipts are missing")
}

/// Fails with the outcome of the first that is not shown.
pub(super) fn all_shown(outcomes: &BTreeMap<EventId, Outcome>, ids: &[EventId]) {
    for id in ids {
        let outcome = outcomes.get(id);
        assert!(matches!(outcome, Some(Outcome::Shown(_))), "{id}: {outcome:?} of {}", outcomes.len());
    }
}

/// Three epochs with records of a child of its own each, in all compartments, by the owner. Gives ids and children.
pub(super) async fn three_epochs(claimed: &Claimed) -> (Vec<EventId>, Vec<Keys>) {
    let mut owner = Member::login(&claimed.started, &claimed.owner, claimed.practice).await;
    let (mut ids, mut children) = (Vec::new(), Vec::new());
    for epoch in 1..=3 {
        if epoch > 1 {
            claimed.hand().perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
        }
        let child = Random::os().keys();
        ids.extend(owner.write(&claimed.practice, &child, &format!("epoch {epoch}")).await);
        children.push(child);
    }
    all_shown(&owner.read().await, &ids);
    (ids, children)
}

/// The public key (hex) of each member in force, by the policy that the relay holds.
pub(super) async fn members(started: &DevBox, anchor: PublicKey) -> Vec<String> {
    let events = history(started).await;
    let reader = Reader::new(anchor, Held::default(), Sight::Staff, &events);
    let now = relaybox_process::clock::Clock::System.now();
    reader.book().policy().now(now).members().iter().map(|member| member.key.to_hex()).collect()
}
