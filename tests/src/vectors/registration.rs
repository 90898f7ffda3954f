//! What a front desk signs for families (PROTOCOL 2.2–2.4, 2.7), and what it is refused.

use relaybox_protocol::grants::Desk;
use relaybox_protocol::keys::KeyRole;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::random::Random;
use relaybox_protocol::registration::{
    NewChild, NewGuardian, ProvedKey, Registrar, Registration, RegistrationError, Standing, SubjectKey,
    add_guardian, end_link, own_key, register_family, rekey, remove_guardian,
};
use relaybox_protocol::{Event, PublicKey, hex};
use serde_json::{Value, json};

use super::practice::Practice;
use super::{digest, key, public, random, secrets, to_json};

const ABOUT: &str = "Cases of one history: the first `steps` policy events have counted, the page's clock says `now`. \
    `desk` is the newest desk epoch as the registrar holds it. A `key` of null is made here from the stream of `seed` \
    and thrown away. Draws of 32 bytes, in this order: of a key that is made the secret, then the auxiliary bytes of \
    its proof; of a 2110 its r, then the nonces of content and patient-content; of a 2104 the nonce of its content. \
    `expected` has the events in their order and the subject keys they put in force, or the refusal with the key it \
    is about.";

/// A proved key of the input, by the name of a person.
fn proved(input: &Value) -> Option<ProvedKey<'_>> {
    let text = input["key"].as_str()?;
    let key = PublicKey::from_hex(text).unwrap();
    Some(ProvedKey { key, pop: input["pop"].as_str().unwrap() })
}

fn subject_key(input: &Value) -> SubjectKey<'_> {
    proved(input).map_or(SubjectKey::ThrownAway, SubjectKey::Device)
}

fn child(input: &Value) -> NewChild<'_> {
    NewChild { key: subject_key(&input["key"]), own: proved(&input["own"]), resource: &input["resource"] }
}

fn compartments(input: &Value) -> Vec<Compartment> {
    let names = input["compartments"].as_array().unwrap().iter();
    names.map(|name| Compartment::parse(name.as_str().unwrap()).unwrap()).collect()
}

fn guardian<'a>(input: &'a Value, compartments: &'a [Compartment]) -> NewGuardian<'a> {
    NewGuardian {
        key: proved(&input["key"]).unwrap(),
        name: input["name"].as_str().unwrap(),
        relationship: input["relationship"].as_str().unwrap(),
        compartments,
        until: input["until"].as_u64(),
    }
}

fn standing(input: &Value) -> Standing<'_> {
    let subject = PublicKey::from_hex(input["subject"].as_str().unwrap()).unwrap();
    Standing { subject, resource: &input["resource"] }
}

fn event_of(input: &Value) -> Event {
    serde_json::from_value(input.clone()).unwrap()
}

/// Does what a case says: also the test's way to read the file.
pub fn perform(
    call: &str,
    input: &Value,
    registrar: &Registrar<'_>,
    random: &mut Random,
) -> Result<Registration, RegistrationError> {
    let list = |name: &str| input[name].as_array().cloned().unwrap_or_default();
    match call {
        "register-family" => {
            let (children, guardians) = (list("children"), list("guardians"));
            let children: Vec<NewChild<'_>> = children.iter().map(child).collect();
            let held: Vec<Vec<Compartment>> = guardians.iter().map(compartments).collect();
            let guardians: Vec<NewGuardian<'_>> =
                guardians.iter().zip(&held).map(|(input, held)| guardian(input, held)).collect();
            register_family(registrar, &children, &guardians, random)
        }
        "add-guardian" => {
            let held = compartments(&input["guardian"]);
            let subject = PublicKey::from_hex(input["subject"].as_str().unwrap()).unwrap();
            add_guardian(registrar, &subject, &guardian(&input["guardian"], &held), random)
        }
        "end-link" => end_link(registrar, &event_of(&input["link"])),
        "remove-guardian" => {
            let (link, key) = (event_of(&input["link"]), subject_key(&input["key"]));
            remove_guardian(registrar, &link, &standing(&input["patient"]), &key, random)
        }
        "rekey" => rekey(registrar, &standing(&input["patient"]), &subject_key(&input["key"]), random),
        _ => {
            assert_eq!(call, "own-key");
            own_key(registrar, &standing(&input["patient"]), &proved(&input["own"]).unwrap(), random)
        }
    }
}

/// Events and subjects, or the refusal.
pub fn outcome(result: &Result<Registration, RegistrationError>) -> Value {
    match result {
        Ok(made) => json!({
            "events": made.events.iter().map(to_json).collect::<Vec<_>>(),
            "subjects": made.subjects.iter().map(PublicKey::to_hex).collect::<Vec<_>>(),
        }),
        Err(error @ RegistrationError::KeyInUse { key, holder }) => {
            json!({"refused": error.code(), "key": key.to_hex(), "holder": holder.as_str()})
        }
        Err(error @ RegistrationError::Proof { key }) => {
            json!({"refused": error.code(), "key": key.to_hex()})
        }
        Err(error) => json!({"refused": error.code()}),
    }
}

/// A practice, and what was asked of it so far.
struct Story {
    practice: Practice,
    cases: Vec<Value>,
}

impl Story {
    /// A case; what it makes is not published.
    fn case(
        &mut self,
        name: &str,
        by: &str,
        call: &str,
        input: Value,
    ) -> Result<Registration, RegistrationError> {
        let (n, pair) = (self.practice.last().n, self.practice.last().desk.clone());
        let now = self.practice.now + 1;
        let seed = format!("registration {}", self.cases.len());
        let keys = key(by);
        let registrar =
            Registrar { keys: &keys, desk: Desk { n, pair: &pair }, policy: &self.practice.policy, now };
        let result = perform(call, &input, &registrar, &mut random(&seed));
        self.cases.push(json!({
            "name": name,
            "steps": self.practice.steps.len(),
            "now": now,
            "by": by,
            "desk": {"n": n, "secret": pair.secret.to_secret_hex()},
            "seed": hex::encode(&digest(&seed)),
            "call": call,
            "input": input,
            "expected": outcome(&result),
        }));
        result
    }

    /// A case that must be given out, and is published.
    fn done(&mut self, name: &str, call: &str, input: Value) -> Registration {
        let made = self.case(name, "desk", call, input).unwrap();
        made.events.iter().for_each(|event| self.practice.step(event));
        made
    }

    /// A case that must be refused.
    fn refused(&mut self, name: &str, by: &str, call: &str, input: Value) {
        assert!(self.case(name, by, call, input).is_err(), "{name}");
    }

    fn proved(&mut self, name: &str, role: KeyRole) -> Value {
        json!({"key": public(name), "pop": self.practice.prove(name, role)})
    }

    fn guardian(&mut self, name: &str) -> Value {
        let key = self.proved(name, KeyRole::Guardian);
        json!({
            "key": key, "name": name, "relationship": "parent", "compartments": ["desk", "chart"], "until": null,
        })
    }
}

fn demographics(name: &str) -> Value {
    json!({"resourceType": "Patient", "active": true, "name": [{"text": name}], "birthDate": "2019-05-04"})
}

fn made_here(name: &str) -> Value {
    json!({"key": null, "own": null, "resource": demographics(name)})
}

pub(crate) fn make() -> Value {
    let mut story = Story { practice: Practice::open("registration"), cases: Vec::new() };
    let family = families(&mut story);
    refusals(&mut story);
    changes(&mut story, &family);
    json!({
        "about": ABOUT,
        "practice": public("practice"),
        "secrets": secrets(&["desk", "doctor", "mother", "father", "phone", "adult", "own phone", "stranger"]),
        "history": story.practice.steps,
        "cases": story.cases,
    })
}

fn families(story: &mut Story) -> Registration {
    let (mother, father) = (story.guardian("mother"), story.guardian("father"));
    let phone = story.proved("phone", KeyRole::Subject);
    let second = json!({"key": phone, "own": null, "resource": demographics("Ben")});
    let input = json!({"children": [made_here("Ada"), second], "guardians": [mother, father]});
    let family = story.done(
        "two children, one with a key that is thrown away, and two guardians, one of them known",
        "register-family",
        input,
    );
    let adult = story.proved("adult", KeyRole::Subject);
    let own = json!({"key": public("adult"), "pop": ""});
    let input = json!({
        "children": [{"key": adult, "own": own, "resource": demographics("Cleo")}], "guardians": [],
    });
    story.done("an adult, whose own key is the subject key", "register-family", input);
    family
}

fn refusals(story: &mut Story) {
    for (name, title) in [
        ("phone", "a key that names a patient already"),
        ("own", "an own key as a subject key"),
        ("mother", "a guardian's key as a subject key"),
        ("doctor", "a member's key as a subject key"),
        ("box", "a key of the box as a subject key"),
    ] {
        let key = story.proved(name, KeyRole::Subject);
        let taken = json!({"key": key, "own": null, "resource": demographics("Dan")});
        let input = json!({"children": [made_here("Ada"), taken], "guardians": []});
        story.refused(title, "desk", "register-family", input);
    }
    let epoch = json!({"key": story.practice.last().chart.public.to_hex(), "pop": ""});
    let child = json!({"key": epoch, "own": null, "resource": demographics("Dan")});
    let input = json!({"children": [child], "guardians": []});
    story.refused("an epoch key as a subject key", "desk", "register-family", input);
    let key = story.proved("new", KeyRole::Guardian);
    let child = json!({"key": key, "own": null, "resource": demographics("Dan")});
    let input = json!({"children": [child], "guardians": []});
    story.refused("a proof of another role", "desk", "register-family", input);
    let key = story.proved("new", KeyRole::Subject);
    let child = json!({"key": key, "own": null, "resource": demographics("Dan")});
    let input = json!({"children": [child, child], "guardians": []});
    story.refused("one key for two children", "desk", "register-family", input);
    let child = json!({"key": null, "own": null, "resource": {"resourceType": "Person"}});
    let input = json!({"children": [child], "guardians": []});
    story.refused("demographics that are no Patient", "desk", "register-family", input);
    let input = json!({"children": [made_here("Ada")], "guardians": []});
    story.refused("somebody who is nobody here", "stranger", "register-family", input);
    let input = json!({"subject": public("stranger"), "guardian": story.guardian("aunt")});
    story.refused("a link to nobody", "desk", "add-guardian", input);
}

fn changes(story: &mut Story, family: &Registration) {
    let input = json!({"subject": public("child"), "guardian": story.guardian("aunt")});
    let link = story.done("one more guardian", "add-guardian", input).events[0].clone();
    let ended = json!({"link": to_json(&link)});
    story.done("a link ends", "end-link", ended.clone());
    story.refused("a link that has ended", "desk", "end-link", ended);
    let (ada, ben) = (family.subjects[0], family.subjects[1]);
    let patient = |subject: &PublicKey, name: &str| json!({"subject": subject.to_hex(), "resource": demographics(name)});
    let by_father = family
        .events
        .iter()
        .rfind(|event| event.kind.as_u16() == 2104 && event.tags[0].content() == Some(ada.to_hex().as_str()));
    let input = json!({
        "link": to_json(by_father.unwrap()), "patient": patient(&ada, "Ada"), "key": {"key": null, "pop": null},
    });
    let removed =
        story.done("a guardian is removed and the child gets another key", "remove-guardian", input);
    let key = story.proved("ada's phone", KeyRole::Subject);
    let input = json!({"patient": patient(&ada, "Ada"), "key": key});
    story.refused("a former key names nobody", "desk", "rekey", input);
    let input = json!({"patient": patient(&removed.subjects[0], "Ada"), "key": key});
    story.done("a new key from the patient's own device", "rekey", input);
    let former = json!({"key": ada.to_hex(), "pop": ""});
    let input = json!({"patient": patient(&ben, "Ben"), "key": former});
    story.refused("a former key is nobody's new one", "desk", "rekey", input);
    let own = story.proved("own phone", KeyRole::Own);
    let input = json!({"patient": patient(&ben, "Ben"), "own": own});
    story.done("an own key", "own-key", input);
}
