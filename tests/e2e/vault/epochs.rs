//! A practice with three epochs, made by ceremonies, and what each key opens of them. The reading side is
//! `tests/node/epochs.mjs`: nostr-tools with its NIP-44, and nothing of ours.

use relaybox_protocol::envelope::{Record, seal_staff};
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::{self, p_tag, tag_value};
use relaybox_protocol::grants::Desk;
use relaybox_protocol::grants::missing::{GrantBook, Writer, build_missing, missing};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::policy::Policy;
use relaybox_protocol::reader::{Held, Outcome, Reader, Sight};
use relaybox_protocol::registration::{
    NewChild, NewGuardian, ProvedKey, Registrar, Registration, RegistrationError, Standing, SubjectKey,
    register_family, remove_guardian,
};
use relaybox_protocol::{EventId, kinds};
use relaybox_tests::client::Client;
use relaybox_tests::node;
use serde_json::Value;

use super::*;

fn now() -> u64 {
    relaybox_process::clock::Clock::System.now()
}

async fn login(claimed: &Claimed, keys: &Keys) -> anyhow::Result<Client> {
    Client::login(claimed.started.ready.plain()?, None, keys).await
}

fn pop(keys: &Keys, practice: &PublicKey, role: KeyRole) -> String {
    prove(keys, practice, role, &mut Random::os())
}

fn demographics() -> Value {
    json!({"resourceType": "Patient", "name": [{"text": "Somebody"}]})
}

/// A member at work: registers families, writes, and gives readers the keys that they miss.
struct Office<'a> {
    claimed: &'a Claimed,
    member: Keys,
    client: Client,
    random: Random,
    /// 2104s that were made here: whoever makes a link on screen has confirmed it.
    links: Vec<Event>,
}

impl<'a> Office<'a> {
    async fn open(claimed: &'a Claimed, member: &Keys) -> Self {
        let client = login(claimed, member).await.unwrap();
        Self { claimed, member: member.clone(), client, random: Random::os(), links: Vec::new() }
    }

    async fn all(&mut self, kind: u16) -> Vec<Event> {
        self.client.query(json!({"kinds": [kind]})).await.unwrap().events().unwrap()
    }

    async fn keyring(&mut self) -> Keyring {
        let (epochs, grants) =
            (self.all(kinds::PRACTICE_EPOCH).await, self.all(kinds::PRACTICE_KEY_GRANT).await);
        Keyring::collect(self.member.secret_key(), &epochs, &grants)
    }

    /// Policy in the order of arrival.
    async fn policy(&self) -> Policy {
        let mut policy = Policy::new(self.claimed.practice);
        let events = self.claimed.history().await;
        let events = events.iter().filter(|event| event.kind.as_u16() != kinds::RECEIPT);
        for (at, event) in events.enumerate() {
            policy.apply(event, at as u64 + 1, event.created_at.as_secs()).unwrap();
        }
        policy
    }

    async fn publish(&mut self, event: &Event) {
        let (accepted, text) = self.client.publish(event).await.unwrap();
        assert!(accepted, "{text}");
    }

    /// Publishes what the front desk's library signs; gives the T's that it put in force.
    async fn register(
        &mut self,
        sign: impl FnOnce(&Registrar<'_>, &mut Random) -> Result<Registration, RegistrationError>,
    ) -> Vec<PublicKey> {
        let (ring, policy) = (self.keyring().await, self.policy().await);
        let n = ring.pairs().map(|(n, ..)| n).max().unwrap();
        let desk = Desk { n, pair: ring.newest(Compartment::Desk).unwrap() };
        let registrar = Registrar { keys: &self.member, desk, policy: &policy, now: now() };
        let made = sign(&registrar, &mut self.random).unwrap();
        for event in &made.events {
            self.publish(event).await;
        }
        self.links
            .extend(made.events.into_iter().filter(|event| event.kind.as_u16() == kinds::GUARDIAN_LINK));
        made.subjects
    }

    /// A measurement of `child` under the newest key of a compartment, with a copy for `reader`.
    async fn write(&mut self, [child, reader]: [PublicKey; 2], of: Compartment, text: &str) -> Event {
        let ring = self.keyring().await;
        let resource = json!({"resourceType": "Observation", "status": "final", "code": {"text": text}});
        let record = Record::plain(2113, &resource, child, self.random.bytes32(), now());
        let (practice, confidential) = (&self.claimed.practice, of == Compartment::Confidential);
        let (pair, reader) = (ring.newest(of).unwrap(), Some(&reader));
        let event = seal_staff(&self.member, practice, pair, reader, confidential, &record, &mut self.random)
            .unwrap();
        self.publish(&event).await;
        event
    }

    /// Writes the 2100s that the readers of a child miss.
    async fn deliver(&mut self, child: &PublicKey) {
        let mut book = GrantBook::default();
        self.all(kinds::PATIENT_KEY_GRANT).await.iter().for_each(|grant| book.add(grant));
        let (ring, policy) = (self.keyring().await, self.policy().await);
        let confirmed: Vec<EventId> = self.links.iter().map(|link| link.id).collect();
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

/// An adult who reads alone; a teenager with an own key, whose T the mother made and holds; a child and a sibling,
/// whose secrets nobody holds. The mother has all three children, the father the two younger ones.
struct Families {
    adult: Keys,
    teen: Keys,
    own: Keys,
    mother: Keys,
    father: Keys,
    child: PublicKey,
    sibling: PublicKey,
}

impl Families {
    async fn register(office: &mut Office<'_>) -> Self {
        let [adult, teen, own, mother, father] = std::array::from_fn(|_| Random::os().keys());
        let practice = office.claimed.practice;
        let prove = |keys: &Keys, role| pop(keys, &practice, role);
        let proofs = [
            prove(&adult, KeyRole::Subject),
            prove(&teen, KeyRole::Subject),
            prove(&own, KeyRole::Own),
            prove(&mother, KeyRole::Guardian),
            prove(&father, KeyRole::Guardian),
        ];
        let proved = |keys: &Keys, at: usize| ProvedKey { key: keys.public_key(), pop: &proofs[at] };
        let resource = demographics();
        let child = |key, own| NewChild { key, own, resource: &resource };
        let guardian = |keys, at| NewGuardian {
            key: proved(keys, at),
            name: "A Parent",
            relationship: "PRN",
            compartments: &[Compartment::Desk, Compartment::Chart],
            until: None,
        };
        let alone = child(SubjectKey::Device(proved(&adult, 0)), Some(proved(&adult, 0)));
        office.register(|desk, random| register_family(desk, &[alone], &[], random)).await;
        let teenager = child(SubjectKey::Device(proved(&teen, 1)), Some(proved(&own, 2)));
        let hers = [guardian(&mother, 3)];
        office.register(|desk, random| register_family(desk, &[teenager], &hers, random)).await;
        let young = [child(SubjectKey::ThrownAway, None); 2];
        let both = [guardian(&mother, 3), guardian(&father, 4)];
        let keys = office.register(|desk, random| register_family(desk, &young, &both, random)).await;
        Self { adult, teen, own, mother, father, child: keys[0], sibling: keys[1] }
    }

    /// One record of each patient in the newest epoch, a confidential one of the teenager, and the missing keys.
    async fn write(&self, office: &mut Office<'_>, text: &str) {
        let [adult, teen, own] = [&self.adult, &self.teen, &self.own].map(Keys::public_key);
        for key in [adult, teen, self.child, self.sibling] {
            office.write([key, key], Compartment::Chart, text).await;
        }
        office.write([teen, own], Compartment::Confidential, text).await;
        for key in [teen, self.child, self.sibling] {
            office.deliver(&key).await;
        }
    }

    /// The father is no guardian of the child any more, and the child gets another key.
    async fn remove_father(&mut self, office: &mut Office<'_>) {
        let (child, father) = (self.child, self.father.public_key());
        let names = |link: &&Event| p_tag(link, 0) == Some(child) && p_tag(link, 1) == Some(father);
        let link = office.links.iter().find(names).cloned().unwrap();
        let resource = demographics();
        let patient = Standing { subject: child, resource: &resource };
        let away = SubjectKey::ThrownAway;
        let keys =
            office.register(|desk, random| remove_guardian(desk, &link, &patient, &away, random)).await;
        self.child = keys[0];
    }

    /// What the script is told: keys, the relay's address, P.
    fn told(&self, claimed: &Claimed) -> Value {
        let secret = |keys: &Keys| keys.secret_key().to_secret_hex();
        json!({
            "relay": claimed.started.ready.plain().unwrap(),
            "practice": claimed.practice.to_hex(),
            "doctor": secret(&claimed.owner),
            "adult": secret(&self.adult),
            "teen": self.teen.public_key().to_hex(),
            "own": self.own.public_key().to_hex(),
            "child": [self.child.to_hex()],
            "sibling": self.sibling.to_hex(),
            // What each parent's devices ever had beside what the relay gave them.
            "mother": {"secret": secret(&self.mother), "held": [secret(&self.teen)]},
            "father": {"secret": secret(&self.father), "held": []},
        })
    }
}

#[tokio::test]
async fn nostr_tools_opens_three_epochs_by_the_patients_key_and_nothing_that_is_not_theirs() {
    let claimed = Claimed::start("");
    let (mut hand, mut office) = (claimed.hand(), Office::open(&claimed, &claimed.owner).await);
    let mut families = Families::register(&mut office).await;
    families.write(&mut office, "epoch 1").await;
    hand.perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
    families.write(&mut office, "epoch 2").await;
    let mut told = families.told(&claimed);
    let script = "tests/node/epochs.mjs";
    let kept = node::tell(script, &claimed.started, &told, &["keep"]).unwrap();
    assert!(kept.status.success(), "{}", node::said(&kept));
    told["kept"] = serde_json::from_slice(&kept.stdout).unwrap();
    families.remove_father(&mut office).await;
    told["child"].as_array_mut().unwrap().push(json!(families.child.to_hex()));
    hand.perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
    families.write(&mut office, "epoch 3").await;
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
    let [lost, new] = std::array::from_fn(|_| Random::os().keys());
    let joins = join(&lost, name, Role::Doctor, &claimed.practice);
    hand.perform(json!({"verb": "roster", "changes": [joins]})).await.unwrap().done().unwrap();
    let mut before = Office::open(&claimed, &lost).await;
    let resource = demographics();
    let child = NewChild { key: SubjectKey::ThrownAway, own: None, resource: &resource };
    let keys = before.register(|desk, random| register_family(desk, &[child], &[], random)).await;
    let both = [keys[0]; 2];
    let old = before.write(both, Compartment::Chart, "by the old key").await;
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
    let fresh = after.write(both, Compartment::Chart, "by the new key").await;
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
