//! Families after their registration: another key, an own key, a link that ends. By the pages' library over the relay.

use std::collections::BTreeMap;

use relaybox_protocol::EventId;
use relaybox_protocol::envelope::open_as_person;
use relaybox_protocol::event::{Link, tag_value};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::reader::Outcome;
use relaybox_protocol::registration::{
    NewChild, NewGuardian, ProvedKey, Standing, SubjectKey, add_guardian, end_link, register_family, rekey,
    remove_guardian,
};
use relaybox_tests::client::Client;
use relaybox_tests::person::{Person, note};
use serde_json::Value;

use super::*;

const BOTH: [Compartment; 2] = [Compartment::Desk, Compartment::Chart];

/// A claimed box with a doctor and a front desk at work.
pub(super) struct Staffed {
    pub(super) claimed: Claimed,
    pub(super) doctor: Person,
    pub(super) desk: Person,
}

impl Staffed {
    pub(super) async fn start() -> Self {
        let claimed = Claimed::start("");
        let [doctor, desk] = [Random::os().keys(), Random::os().keys()];
        let changes = [
            join(&doctor, "Dr. Bo Testwell", Role::Doctor, &claimed.practice),
            join(&desk, "Eli Testwell", Role::FrontDesk, &claimed.practice),
        ];
        let roster = json!({"verb": "roster", "changes": changes});
        claimed.hand().perform(roster).await.unwrap().done().unwrap();
        let doctor = Person::login(&claimed.started, &doctor, claimed.practice).await.unwrap();
        let desk = Person::login(&claimed.started, &desk, claimed.practice).await.unwrap();
        Self { claimed, doctor, desk }
    }

    pub(super) async fn login(&self, keys: &Keys) -> Person {
        Person::login(&self.claimed.started, keys, self.claimed.practice).await.unwrap()
    }

    /// Why a key is not let in.
    pub(super) async fn refused(&self, keys: &Keys) -> String {
        let mut late = Client::connect(self.claimed.started.ready.plain().unwrap(), None).await.unwrap();
        let (accepted, text) = late.auth(keys).await.unwrap();
        assert!(!accepted, "it logs in");
        text
    }

    pub(super) fn proof(&self, keys: &Keys, role: KeyRole) -> String {
        prove(keys, &self.claimed.practice, role, &mut Random::os())
    }

    /// Children with keys of their own devices and guardians of all of them, confirmed by the doctor. Gives the links.
    pub(super) async fn family(&mut self, children: &[&Keys], guardians: &[&Keys]) -> Vec<Event> {
        let resource = demographics();
        let proofs: Vec<String> = children.iter().map(|keys| self.proof(keys, KeyRole::Subject)).collect();
        let new: Vec<NewChild<'_>> = children
            .iter()
            .zip(&proofs)
            .map(|(keys, pop)| NewChild {
                key: SubjectKey::Device(ProvedKey { key: keys.public_key(), pop }),
                own: None,
                resource: &resource,
            })
            .collect();
        let proofs: Vec<String> = guardians.iter().map(|keys| self.proof(keys, KeyRole::Guardian)).collect();
        let parents: Vec<NewGuardian<'_>> =
            guardians.iter().zip(&proofs).map(|(keys, pop)| parent(keys, pop)).collect();
        let made =
            self.desk.register(|at, random| register_family(at, &new, &parents, random)).await.unwrap();
        let links: Vec<Event> = made.events.into_iter().filter(|event| event.kind.as_u16() == 2104).collect();
        let ids: Vec<EventId> = links.iter().map(|link| link.id).collect();
        for child in children {
            self.doctor.grant(&child.public_key(), &ids).await.unwrap();
        }
        links
    }
}

pub(super) fn demographics() -> Value {
    json!({"resourceType": "Patient", "name": [{"text": "Synthetic Child"}]})
}

fn parent<'a>(keys: &Keys, pop: &'a str) -> NewGuardian<'a> {
    NewGuardian {
        key: ProvedKey { key: keys.public_key(), pop },
        name: "Synthetic Parent",
        relationship: "parent",
        compartments: &BOTH,
        until: None,
    }
}

/// Dates, author, links and text of each shown record.
fn told(read: &BTreeMap<EventId, Outcome>) -> BTreeMap<EventId, String> {
    let shown = read.iter().filter_map(|(id, outcome)| match outcome {
        Outcome::Shown(shown) => Some((*id, &shown.record)),
        _ => None,
    });
    shown
        .map(|(id, record)| {
            let links: Vec<_> = record.links.iter().map(|link| (link.id, &link.marker)).collect();
            let what = (record.signer, record.created_at, links, &record.resource, record.order);
            (id, format!("{what:?}"))
        })
        .collect()
}

/// A subscription to everything that registers somebody, from now on.
async fn watches(person: &mut Person) -> String {
    let name = person.client.subscribe(json!({"kinds": [2104, 2110], "limit": 0})).await.unwrap();
    person.client.stored(&name).await.unwrap().events().unwrap();
    name
}

/// The next event of a subscription.
async fn hears(person: &mut Person, name: &str) -> Event {
    let frame = person.client.wait(|frame| frame[0] == "EVENT" && frame[1] == name).await.unwrap();
    Event::from_json(frame[2].to_string()).unwrap()
}

#[tokio::test]
async fn a_new_key_of_a_patient_changes_no_record_and_ends_the_old_one_at_once() {
    let mut staffed = Staffed::start().await;
    let [old, new, mother, father] = std::array::from_fn(|_| Random::os().keys());
    let child = old.public_key();
    staffed.family(&[&old], &[&mother, &father]).await;
    let first = staffed.doctor.write(&child, "first", &[]).await.unwrap();
    let addendum = [Link { id: first.id, marker: "addendum".to_owned() }];
    let second = staffed.doctor.write(&child, "second", &addendum).await.unwrap();
    let mut parents = [staffed.login(&mother).await, staffed.login(&father).await];
    let mut before = Vec::new();
    for person in &mut parents {
        let read = person.read(&[child], &[first.id, second.id]).await.unwrap();
        before.push(told(&read));
        assert_eq!(note(read.get(&second.id)).as_deref(), Some("second"));
    }
    let mut lost = staffed.login(&old).await;
    let read = lost.read(&[child], &[first.id, second.id]).await.unwrap();
    assert_eq!(note(read.get(&second.id)).as_deref(), Some("second"), "the old key reads, so far");
    let watching = [watches(&mut parents[0]).await, watches(&mut parents[1]).await];

    let pop = staffed.proof(&new, KeyRole::Subject);
    let key = SubjectKey::Device(ProvedKey { key: new.public_key(), pop: &pop });
    let resource = demographics();
    let standing = Standing { subject: child, resource: &resource };
    let made = staffed.desk.register(|at, random| rekey(at, &standing, &key, random)).await.unwrap();
    lost.client.closed().await.unwrap();
    assert!(staffed.refused(&old).await.contains("replaced or ended"));
    for (person, name) in parents.iter_mut().zip(&watching) {
        let heard = hears(person, name).await;
        assert_eq!(heard.id, made.events[0].id, "each guardian is told");
        assert_eq!(tag_value(&heard, "rekey", 0), Some(child.to_hex().as_str()));
    }
    staffed.doctor.policy(&[made.events[0].id]).await.unwrap();
    let after = staffed.doctor.write(&new.public_key(), "after", &[]).await.unwrap();
    assert!(open_as_person(&after, new.secret_key()).is_ok());
    assert!(open_as_person(&after, old.secret_key()).is_err(), "the old key opens nothing new");
    let line = [child, new.public_key()];
    for (person, before) in parents.iter_mut().zip(&before) {
        let read = person.read(&line, &[after.id]).await.unwrap();
        assert_eq!(note(read.get(&after.id)).as_deref(), Some("after"), "guardians keep their access");
        let now = told(&read);
        assert!(before.iter().all(|(id, record)| now.get(id) == Some(record)), "{before:?} {now:?}");
    }
    let mut phone = staffed.login(&new).await;
    let notes = |read: BTreeMap<EventId, Outcome>| {
        [&first, &second, &after].map(|event| note(read.get(&event.id)).unwrap_or_default())
    };
    let read = phone.read(&line, &[after.id]).await.unwrap();
    assert_eq!(
        notes(read),
        ["", "", "after"],
        "a key that the front desk brought opens no old chart unconfirmed"
    );
    staffed.doctor.grant(&new.public_key(), &[made.events[0].id]).await.unwrap();
    let read = phone.read(&line, &[first.id, second.id, after.id]).await.unwrap();
    assert_eq!(notes(read), ["first", "second", "after"], "the new key reads the whole record");
}

#[tokio::test]
async fn a_link_that_ends_ends_access_at_once_and_one_to_a_sibling_goes_on() {
    let mut staffed = Staffed::start().await;
    let [ada, ben, mother, father] = std::array::from_fn(|_| Random::os().keys());
    let (first, second) = (ada.public_key(), ben.public_key());
    let links = staffed.family(&[&ada, &ben], &[&mother, &father]).await;
    let of_ada = staffed.doctor.write(&first, "of Ada", &[]).await.unwrap();
    let of_ben = staffed.doctor.write(&second, "of Ben", &[]).await.unwrap();
    let mut parents = [staffed.login(&mother).await, staffed.login(&father).await];
    for person in &mut parents {
        let read = person.read(&[first, second], &[of_ada.id, of_ben.id]).await.unwrap();
        let notes = [note(read.get(&of_ada.id)), note(read.get(&of_ben.id))];
        assert_eq!(notes, [Some("of Ada".to_owned()), Some("of Ben".to_owned())]);
    }
    let link = |child: &PublicKey, guardian: &Keys| {
        let names = |event: &&Event| {
            event.tags[0].content() == Some(&child.to_hex())
                && event.tags[1].content() == Some(&guardian.public_key().to_hex())
        };
        links.iter().find(names).unwrap().clone()
    };
    let records = json!({"kinds": [2110, 2113, 2122], "#p": [first.to_hex()]});
    assert!(parents[0].client.count(records.clone()).await.unwrap() > 0);
    staffed.desk.register(|at, _| end_link(at, &link(&first, &mother))).await.unwrap();
    assert_eq!(parents[0].client.count(records.clone()).await.unwrap(), 0, "on the same connection, at once");
    assert!(parents[1].client.count(records).await.unwrap() > 0, "the other parent");
    let read = parents[0].read(&[second], &[of_ben.id]).await.unwrap();
    assert_eq!(note(read.get(&of_ben.id)).as_deref(), Some("of Ben"), "the sibling");
    // The last link: the connection ends, and the key is nobody's here.
    staffed.desk.register(|at, _| end_link(at, &link(&second, &mother))).await.unwrap();
    parents[0].client.closed().await.unwrap();
    assert!(staffed.refused(&mother).await.contains("replaced or ended"));
    let again = parent(&mother, "");
    let made = loop {
        let made = staffed.desk.register(|at, random| add_guardian(at, &first, &again, random)).await;
        match made {
            Ok(made) => break made,
            // In the second of the ending nothing restores what it ended.
            Err(error) => assert!(error.to_string().contains("ended in the same second"), "{error}"),
        }
    };
    let mut back = staffed.login(&mother).await;
    staffed.doctor.grant(&first, &[made.events[0].id]).await.unwrap();
    let read = back.read(&[first], &[of_ada.id]).await.unwrap();
    assert_eq!(note(read.get(&of_ada.id)).as_deref(), Some("of Ada"), "linked again");
}

#[tokio::test]
async fn a_guardian_who_is_removed_opens_nothing_new_and_the_other_one_reads_on() {
    let mut staffed = Staffed::start().await;
    let [child, mother, father] = std::array::from_fn(|_| Random::os().keys());
    let subject = child.public_key();
    let links = staffed.family(&[&child], &[&mother, &father]).await;
    let before = staffed.doctor.write(&subject, "before", &[]).await.unwrap();
    let mut parents = [staffed.login(&mother).await, staffed.login(&father).await];
    let own = json!({"kinds": [2100], "#p": [father.public_key().to_hex()]});
    let held = parents[1].client.query(own).await.unwrap().events().unwrap();
    let held: Vec<_> = held
        .iter()
        .filter_map(|grant| relaybox_protocol::grants::open_patient_grant(father.secret_key(), grant))
        .flatten()
        .collect();
    let opens = |event: &Event| {
        held.iter().any(|row| relaybox_protocol::envelope::open_patient_copy(event, &row.key).is_ok())
    };
    assert!(opens(&before), "what the father was given opens what he may read");

    let father_hex = father.public_key().to_hex();
    let link = links.iter().find(|link| link.tags[1].content() == Some(&father_hex)).unwrap();
    let resource = demographics();
    let standing = Standing { subject, resource: &resource };
    let key = SubjectKey::ThrownAway;
    let made =
        staffed.desk.register(|at, random| remove_guardian(at, link, &standing, &key, random)).await.unwrap();
    parents[1].client.closed().await.unwrap();
    staffed.doctor.policy(&[made.events[0].id, made.events[1].id]).await.unwrap();
    let after = staffed.doctor.write(&made.subjects[0], "after", &[]).await.unwrap();
    assert!(!opens(&after), "none of his keys opens what came later");
    let read = parents[0].read(&[subject, made.subjects[0]], &[before.id, after.id]).await.unwrap();
    let notes = [note(read.get(&before.id)), note(read.get(&after.id))];
    assert_eq!(notes, [Some("before".to_owned()), Some("after".to_owned())], "{read:?}");
}

/// Files of a folder, at any depth, that hold one of these texts.
fn holding(folder: &Path, needles: &[Vec<u8>]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, needles));
        } else if let Ok(bytes) = std::fs::read(&path)
            && needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == needle))
        {
            found.push(path);
        }
    }
    found
}

/// A secret as somebody might have written it down.
fn spellings(keys: &Keys) -> Vec<Vec<u8>> {
    use nostr::nips::nip19::ToBech32 as _;
    let (bytes, hex) = (keys.secret_key().to_secret_bytes(), keys.secret_key().to_secret_hex());
    let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD_NO_PAD, bytes);
    let bech32 = keys.secret_key().to_bech32().unwrap();
    [
        bytes.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        base64.into_bytes(),
        bech32.into_bytes(),
    ]
    .into()
}

#[tokio::test]
async fn no_secret_of_a_patient_is_on_the_box_after_a_registration() {
    let mut staffed = Staffed::start().await;
    let [phone, mother] = [Random::os().keys(), Random::os().keys()];
    staffed.family(&[&phone], &[&mother]).await;
    let seed = Random::os().bytes32();
    let resource = demographics();
    let child = NewChild { key: SubjectKey::ThrownAway, own: None, resource: &resource };
    let made = staffed.desk.register(|at, _| register_family(at, &[child], &[], &mut Random::seeded(seed)));
    let made = made.await.unwrap();
    let thrown_away = Random::seeded(seed).keys();
    assert_eq!(made.subjects, [thrown_away.public_key()], "this was the key");
    staffed.doctor.write(&phone.public_key(), "a note", &[]).await.unwrap();
    let folder = staffed.claimed.started.folder().to_owned();
    for keys in [&phone, &thrown_away, &mother] {
        let public = keys.public_key();
        let named = [public.to_bytes().to_vec(), public.to_hex().into_bytes()];
        assert!(!holding(&folder, &named).is_empty(), "the box knows the public key");
        assert_eq!(holding(&folder, &spellings(keys)), Vec::<std::path::PathBuf>::new());
    }
    // The scanner finds what is there, however it is spelt.
    for (n, spelling) in spellings(&phone).into_iter().enumerate() {
        let planted = folder.join("relay").join(format!("planted-{n}"));
        std::fs::write(&planted, [b"before".to_vec(), spelling, b"after".to_vec()].concat()).unwrap();
        assert_eq!(holding(&folder, &spellings(&phone)), std::slice::from_ref(&planted));
        std::fs::remove_file(planted).unwrap();
    }
}
