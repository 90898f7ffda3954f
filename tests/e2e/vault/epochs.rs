//! A practice with three epochs, made by ceremonies, and what each key opens of them. The reading side is
//! `tests/node/epochs.mjs`: nostr-tools with its NIP-44, and nothing of ours.

use std::collections::BTreeMap;

use relaybox_protocol::envelope::{Record, seal_staff};
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::{self, Link, key_tag, p_tag, tag, tag_value};
use relaybox_protocol::grants::missing::{GrantBook, Writer, build_missing, missing};
use relaybox_protocol::grants::{Desk, LinkEntry, build_link};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::policy::Policy;
use relaybox_protocol::reader::{Held, Outcome, Reader, Sight};
use relaybox_protocol::{EventId, Tag, kinds};
use relaybox_tests::client::Client;
use relaybox_tests::node;
use serde_json::Value;

use super::*;

/// Compartments of a parent's link.
const OPEN: [Compartment; 2] = [Compartment::Desk, Compartment::Chart];

fn now() -> u64 {
    relaybox_process::clock::Clock::System.now()
}

async fn login(claimed: &Claimed, keys: &Keys) -> anyhow::Result<Client> {
    Client::login(claimed.started.ready.plain()?, None, keys).await
}

/// A member at work: registers families, writes, and gives readers the keys that they miss.
struct Office<'a> {
    claimed: &'a Claimed,
    member: Keys,
    client: Client,
    random: Random,
    /// The newest 2110 of each T.
    registered: BTreeMap<PublicKey, EventId>,
    /// Links that were made here: whoever makes one on screen has confirmed it.
    confirmed: Vec<EventId>,
}

impl<'a> Office<'a> {
    async fn open(claimed: &'a Claimed, member: &Keys) -> Self {
        let client = login(claimed, member).await.unwrap();
        let (member, random) = (member.clone(), Random::os());
        Self { claimed, member, client, random, registered: BTreeMap::new(), confirmed: Vec::new() }
    }

    async fn all(&mut self, kind: u16) -> Vec<Event> {
        self.client.query(json!({"kinds": [kind]})).await.unwrap().events().unwrap()
    }

    async fn keyring(&mut self) -> Keyring {
        let (epochs, grants) =
            (self.all(kinds::PRACTICE_EPOCH).await, self.all(kinds::PRACTICE_KEY_GRANT).await);
        Keyring::collect(self.member.secret_key(), &epochs, &grants)
    }

    async fn publish(&mut self, event: &Event) {
        let (accepted, text) = self.client.publish(event).await.unwrap();
        assert!(accepted, "{text}");
    }

    fn pop(&mut self, keys: &Keys, role: KeyRole) -> Tag {
        let sig = prove(keys, &self.claimed.practice, role, &mut self.random);
        tag("pop", [&keys.public_key().to_hex(), &sig])
    }

    /// A record about `child` under the newest key of a compartment, with a copy for `reader`.
    async fn write(
        &mut self,
        kind: u16,
        [child, reader]: [PublicKey; 2],
        of: Compartment,
        extra: &[Tag],
        text: &str,
    ) -> Event {
        let ring = self.keyring().await;
        let resource = match kind {
            kinds::PATIENT => json!({"resourceType": "Patient", "name": [{"text": text}]}),
            _ => json!({"resourceType": "Observation", "status": "final", "code": {"text": text}}),
        };
        let before = self.registered.get(&child).filter(|_| kind == kinds::PATIENT);
        let links: Vec<Link> =
            before.map(|id| Link { id: *id, marker: "correction".to_owned() }).into_iter().collect();
        let r = self.random.bytes32();
        let record = Record { extra, links: &links, ..Record::plain(kind, &resource, child, r, now()) };
        let (member, practice) = (&self.member, &self.claimed.practice);
        let (pair, confidential) = (ring.newest(of).unwrap(), of == Compartment::Confidential);
        let event =
            seal_staff(member, practice, pair, Some(&reader), confidential, &record, &mut self.random)
                .unwrap();
        self.publish(&event).await;
        event
    }

    /// A 2110 of a new T, with a C or none. `instead` is the T that it replaces.
    async fn register(&mut self, child: &Keys, own: Option<&Keys>, instead: Option<PublicKey>) {
        let key = child.public_key();
        let mut extra = vec![self.pop(child, KeyRole::Subject)];
        extra.extend(own.map(|own| key_tag("own", &own.public_key())));
        if let Some(own) = own.filter(|own| own.public_key() != key) {
            extra.push(self.pop(own, KeyRole::Own));
        }
        extra.extend(instead.map(|old| key_tag("rekey", &old)));
        if let Some(before) = instead.and_then(|old| self.registered.get(&old).copied()) {
            self.registered.insert(key, before);
        }
        let event = self.write(kinds::PATIENT, [key, key], Compartment::Desk, &extra, "Somebody").await;
        self.registered.insert(key, event.id);
    }

    /// A 2104, or its end.
    async fn link(&mut self, child: &PublicKey, guardian: &Keys, ended: bool) {
        let ring = self.keyring().await;
        let n = ring.pairs().map(|(n, ..)| n).max().unwrap();
        let pop = prove(guardian, &self.claimed.practice, KeyRole::Guardian, &mut self.random);
        let entry = LinkEntry {
            child: *child,
            guardian: guardian.public_key(),
            compartments: &OPEN,
            until: None,
            ended,
            pop: &pop,
            name: "A Parent",
            relationship: "PRN",
            desk: Desk { n, pair: ring.newest(Compartment::Desk).unwrap() },
            sequence: None,
            created_at: now(),
        };
        let event = build_link(&self.member, &entry, &mut self.random).unwrap();
        self.publish(&event).await;
        self.confirmed.push(event.id);
    }

    /// Writes the 2100s that the readers of a child miss.
    async fn deliver(&mut self, child: &PublicKey) {
        let mut policy = Policy::new(self.claimed.practice);
        let events = self.claimed.history().await;
        let events = events.iter().filter(|event| event.kind.as_u16() != kinds::RECEIPT);
        for (at, event) in events.enumerate() {
            policy.apply(event, at as u64 + 1, event.created_at.as_secs()).unwrap();
        }
        let mut book = GrantBook::default();
        self.all(kinds::PATIENT_KEY_GRANT).await.iter().for_each(|grant| book.add(grant));
        let (ring, confirmed) = (self.keyring().await, self.confirmed.clone());
        let key = self.member.public_key();
        let writer = Writer { key, keyring: &ring, rows: &[], confirmed: &confirmed };
        let found = missing(&policy.now(now()), &book, child, &writer);
        let grants = build_missing(&self.member, &found.write, &writer, now(), &mut self.random).unwrap();
        assert!(!grants.is_empty(), "a new epoch leaves readers without its keys");
        for grant in grants {
            self.publish(&grant).await;
        }
    }
}

/// An adult who reads alone; a teenager with an own key, whose T the mother made and holds; a child whose secret
/// nobody holds; a sibling. The mother has them all, the father the two younger ones.
struct Families {
    adult: Keys,
    teen: Keys,
    own: Keys,
    /// The T of the child, and the one after the re-key.
    child: [Keys; 2],
    sibling: Keys,
    mother: Keys,
    father: Keys,
}

impl Families {
    fn new() -> Self {
        let [adult, teen, own, first, second, sibling, mother, father] =
            std::array::from_fn(|_| Random::os().keys());
        Self { adult, teen, own, child: [first, second], sibling, mother, father }
    }

    async fn register(&self, office: &mut Office<'_>) {
        office.register(&self.adult, Some(&self.adult), None).await;
        office.register(&self.teen, Some(&self.own), None).await;
        office.register(&self.child[0], None, None).await;
        office.register(&self.sibling, None, None).await;
        for child in [&self.teen, &self.child[0], &self.sibling] {
            office.link(&child.public_key(), &self.mother, false).await;
        }
        for child in [&self.child[0], &self.sibling] {
            office.link(&child.public_key(), &self.father, false).await;
        }
    }

    /// One record of each patient in the newest epoch, a confidential one of the teenager, and the missing keys.
    async fn write(&self, office: &mut Office<'_>, child: &Keys, text: &str) {
        let [adult, teen, own] = [&self.adult, &self.teen, &self.own].map(Keys::public_key);
        for key in [adult, teen, child.public_key(), self.sibling.public_key()] {
            office.write(2113, [key, key], Compartment::Chart, &[], text).await;
        }
        office.write(2113, [teen, own], Compartment::Confidential, &[], text).await;
        for key in [teen, child.public_key(), self.sibling.public_key()] {
            office.deliver(&key).await;
        }
    }

    /// What the script is told: keys, the relay's address, P.
    fn told(&self, claimed: &Claimed) -> Value {
        let secret = |keys: &Keys| keys.secret_key().to_secret_hex();
        let public = |keys: &Keys| keys.public_key().to_hex();
        json!({
            "relay": claimed.started.ready.plain().unwrap(),
            "practice": claimed.practice.to_hex(),
            "doctor": secret(&claimed.owner),
            "adult": secret(&self.adult),
            "teen": public(&self.teen),
            "own": public(&self.own),
            "child": self.child.each_ref().map(public),
            "sibling": public(&self.sibling),
            // What each parent's devices ever had beside what the relay gave them.
            "mother": {"secret": secret(&self.mother), "held": [secret(&self.teen)]},
            "father": {"secret": secret(&self.father), "held": []},
        })
    }
}

#[tokio::test]
async fn nostr_tools_opens_three_epochs_by_the_patients_key_and_nothing_that_is_not_theirs() {
    let claimed = Claimed::start("");
    let (mut hand, mut office, families) =
        (claimed.hand(), Office::open(&claimed, &claimed.owner).await, Families::new());
    families.register(&mut office).await;
    families.write(&mut office, &families.child[0], "epoch 1").await;
    hand.perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
    families.write(&mut office, &families.child[0], "epoch 2").await;
    let mut told = families.told(&claimed);
    let script = "tests/node/epochs.mjs";
    let kept = node::tell(script, &claimed.started, &told, &["keep"]).unwrap();
    assert!(kept.status.success(), "{}", node::said(&kept));
    told["kept"] = serde_json::from_slice(&kept.stdout).unwrap();
    // The father is no guardian of the child any more, and the child gets another key.
    let [old, new] = &families.child;
    office.link(&old.public_key(), &families.father, true).await;
    office.register(new, None, Some(old.public_key())).await;
    hand.perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
    families.write(&mut office, new, "epoch 3").await;
    assert_eq!(of_kind(&claimed.history().await, kinds::PRACTICE_EPOCH), 3);
    let output = node::tell(script, &claimed.started, &told, &[]).unwrap();
    assert!(output.status.success(), "{}", node::said(&output));
    // Node's runner also succeeds when it finds no test.
    assert!(String::from_utf8_lossy(&output.stdout).contains("# pass 3"), "{}", node::said(&output));
}

/// What the reader rule says of a record to a member, once its receipt has come.
async fn judged(claimed: &Claimed, office: &mut Office<'_>, record: &Event) -> Outcome {
    let child = p_tag(record, 1).unwrap().to_hex();
    let id = record.id.to_hex();
    let receipts = office.client.subscribe(json!({"kinds": [2122], "#p": [child]})).await.unwrap();
    let names =
        |frame: &Value| frame[0] == "EVENT" && frame[1] == receipts && frame.to_string().contains(&id);
    let receipt: Event = serde_json::from_value(office.client.wait(names).await.unwrap()[2].clone()).unwrap();
    let mut events = claimed.history().await;
    events.push(receipt);
    let held = Held::staff(office.keyring().await);
    let mut reader = Reader::new(claimed.practice, held, Sight::Staff, &events);
    reader.read(std::slice::from_ref(record), None).remove(&record.id).unwrap()
}

#[tokio::test]
async fn who_lost_both_security_keys_gets_a_new_staff_key_and_stays_the_same_person() {
    let claimed = Claimed::start("");
    let (mut hand, name) = (claimed.hand(), "Dr. Bo Testwell");
    let [lost, new, child] = std::array::from_fn(|_| Random::os().keys());
    let joins = join(&lost, name, Role::Doctor, &claimed.practice);
    hand.perform(json!({"verb": "roster", "changes": [joins]})).await.unwrap().done().unwrap();
    let mut before = Office::open(&claimed, &lost).await;
    before.register(&child, None, None).await;
    let both = [child.public_key(); 2];
    let old = before.write(2113, both, Compartment::Chart, &[], "by the old key").await;
    let held = before.keyring().await;

    let mut again = join(&new, name, Role::Doctor, &claimed.practice);
    again["replaces"] = json!(lost.public_key().to_hex());
    hand.order = vec!["two".to_owned()];
    let ceremony = hand.perform(json!({"verb": "roster", "changes": [again]})).await.unwrap();
    ceremony.done().unwrap();

    // The old key: its socket ends, no other one opens, and what it holds opens nothing new.
    assert!(before.client.closed().await.is_ok());
    let refused = login(&claimed, &lost).await.err().unwrap().to_string();
    assert_eq!(
        refused,
        "login refused: restricted: this key was replaced or ended: log in with the newer one"
    );
    let mut after = Office::open(&claimed, &new).await;
    let fresh = after.write(2113, both, Compartment::Chart, &[], "by the new key").await;
    assert!(held.pair_of(&p_tag(&fresh, 0).unwrap()).is_none());

    // The new key: both records open and count, the old one as signed by the key that signed it.
    for (record, signer) in [(&old, &lost), (&fresh, &new)] {
        event::verify(record).unwrap();
        let Outcome::Shown(shown) = judged(&claimed, &mut after, record).await else {
            panic!("the record of {} is not shown", signer.public_key())
        };
        assert_eq!(shown.record.signer, signer.public_key());
    }
    let entries = after.all(kinds::STAFF_ROSTER).await;
    let entry = entries.iter().find(|entry| p_tag(entry, 0) == Some(new.public_key())).unwrap();
    assert_eq!(tag_value(entry, "replaces", 0), Some(lost.public_key().to_hex().as_str()));
    assert_eq!(tag_value(entry, "name", 0), Some(name));
}
