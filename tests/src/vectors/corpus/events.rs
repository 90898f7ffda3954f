//! Events as they arrive, one for each refusal of parsing and admission.

use relaybox_protocol::drafts::{self, Draft};
use relaybox_protocol::event::{key_tag, number_tag, sign, tag};
use relaybox_protocol::keys::KeyRole;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::wrap::{Rumor, wrap};
use relaybox_protocol::{Event, Keys, Tag, kinds, visits};
use serde_json::{Map, Value, json};

use super::super::practice::Practice;
use super::super::{key, public, random, to_json};
use super::{Case, bare, case, text};

pub(super) fn make(p: &mut Practice) -> Vec<Case> {
    let mut cases = shapes(p);
    cases.extend(persons(p));
    cases.extend(records(p));
    cases.extend(never(p));
    cases.extend(policy(p));
    cases.extend(others(p));
    cases
}

fn arrives(verdict: &'static str, name: &str, arrival: &str, event: &Event) -> Case {
    case(verdict, name, &json!([arrival, to_json(event)]))
}

/// A good observation with one member changed after it was signed.
fn changed(verdict: &'static str, name: &str, event: &Event, change: impl FnOnce(&mut Value)) -> Case {
    let mut value = to_json(event);
    change(&mut value);
    case(verdict, name, &json!(["author", value]))
}

/// The observation of the doctor, signed anew with other tags or another time.
fn observed(p: &mut Practice, author: &str, change: impl FnOnce(&mut Vec<Tag>), at: u64) -> Event {
    let good = p.write(2113, Compartment::Chart, Some("child"));
    let mut tags = good.tags.to_vec();
    change(&mut tags);
    sign(&key(author), 2113, tags, good.content, at)
}

fn shapes(p: &mut Practice) -> Vec<Case> {
    let now = p.now;
    let good = p.write(2113, Compartment::Chart, Some("child"));
    let long = observed(p, "doctor", |tags| tags.push(tag("t", [&"a".repeat(1_025)])), now);
    let odd = observed(p, "doctor", |tags| tags.push(tag("t", ["a\u{1}b"])), now);
    let plain = to_json(&good).to_string();
    vec![
        arrives("ok", "observation", "author", &good),
        text("ok", "bare", &plain),
        changed("malformed", "upper case id", &good, |v| v["id"] = json!(good.id.to_hex().to_uppercase())),
        changed("malformed", "unknown member", &good, |v| v["extra"] = json!(1)),
        changed("malformed", "time beyond all readers", &good, |v| v["created_at"] = json!(1_u64 << 53)),
        changed("malformed", "tags nested deep", &good, |v| v["tags"] = json!([[[["a"]]]])),
        changed("malformed", "kind out of range", &good, |v| v["kind"] = json!(65_536)),
        text("malformed", "twice the same member", &plain.replacen('{', "{\"kind\":2113,", 1)),
        text("malformed", "lone surrogate", &plain.replacen("\"content\":\"", "\"content\":\"\\ud800", 1)),
        text("malformed", "nothing", ""),
        arrives("control-character", "in a tag", "author", &odd),
        arrives("too-large", "value that no index takes", "author", &long),
        changed("bad-id", "another content", &good, |v| v["content"] = json!("")),
        changed("bad-signature", "of another event", &good, |v| v["sig"] = json!(odd.sig.to_string())),
    ]
}

fn persons(p: &mut Practice) -> Vec<Case> {
    let now = p.now;
    let good = p.write(2113, Compartment::Chart, Some("child"));
    let protected = observed(p, "doctor", |tags| tags.push(bare("-")), now);
    let old = observed(p, "doctor", |_| {}, now - 8 * 86_400);
    let ahead = observed(p, "doctor", |_| {}, now + 900);
    let list = |name: &str| sign(&key(name), kinds::RELAY_LIST, vec![], "", now);
    let epoch_key = Keys::new(p.last().desk.secret.clone());
    let by_epoch_key = sign(&epoch_key, kinds::RELAY_LIST, vec![], "", now);
    let by_practice = p.roster("nurse", relaybox_protocol::permissions::Role::Nurse, false);
    let suspended = p.message("suspended");
    let name = sign(&key("mother"), kinds::METADATA, vec![], "{}", now);
    vec![
        arrives("auth-required", "nobody is logged in", "nobody", &good),
        arrives("author-not-authenticated", "another is logged in", "stranger", &good),
        arrives("protected", "another is logged in", "stranger", &protected),
        arrives("too-old", "eight days", "author", &old),
        arrives("in-future", "fifteen minutes", "author", &ahead),
        arrives("not-member", "stranger", "author", &list("stranger")),
        arrives("not-member", "former nurse", "author", &list("former")),
        arrives("suspended", "guardian", "author", &suspended),
        arrives("epoch-key-author", "list", "author", &by_epoch_key),
        arrives("practice-over-network", "roster", "author", &by_practice),
        arrives("ok", "roster by ceremony", "ceremony", &by_practice),
        arrives("ok", "list", "author", &list("doctor")),
        arrives("role", "name of a family", "author", &name),
    ]
}

fn records(p: &mut Practice) -> Vec<Case> {
    let now = p.now;
    let chart = p.write(2113, Compartment::Chart, Some("child"));
    let desk = p.write(2113, Compartment::Desk, Some("child"));
    let signed = observed(p, "doctor", |tags| tags.push(tag("act", ["sign"])), now);
    let bare_of_pc = observed(p, "doctor", |tags| tags.retain(|tag| tag.kind() != "pc"), now);
    let stranger = key("stranger").public_key();
    let first = |tags: &mut Vec<Tag>| tags[0] = key_tag("p", &stranger);
    let unknown_epoch = observed(p, "doctor", first, now);
    let second = |tags: &mut Vec<Tag>| tags[1] = key_tag("p", &stranger);
    let unknown_child = observed(p, "doctor", second, now);
    let expiring = observed(p, "doctor", |tags| tags.push(number_tag("expiration", now + 60)), now);
    let by_desk = observed(p, "desk", |_| {}, now);
    let message = p.message("mother");
    let hidden = p.write(kinds::CONFIDENTIAL, Compartment::Confidential, Some("own"));
    vec![
        arrives("role", "observation by the front desk", "author", &by_desk),
        arrives("act", "signed observation", "author", &signed),
        arrives("compartment", "observation under the desk key", "author", &desk),
        arrives("epoch", "first p is no epoch key", "author", &unknown_epoch),
        arrives("envelope", "no commitment", "author", &bare_of_pc),
        arrives("subject", "of a stranger", "author", &unknown_child),
        arrives("expiration", "record", "author", &expiring),
        arrives("ok", "message", "author", &message),
        arrives("ok", "confidential", "author", &hidden),
        arrives("ok", "by ceremony", "ceremony", &chart),
    ]
}

fn never(p: &mut Practice) -> Vec<Case> {
    let now = p.now;
    let by_doctor = |kind: u16, tags: Vec<Tag>| sign(&key("doctor"), kind, tags, "", now);
    let record = tag("k", ["2113"]);
    let app = |expires: u64| {
        let tags = vec![tag("d", ["marks"]), number_tag("expiration", expires)];
        sign(&key("mother"), kinds::APP_DATA, tags, "", now)
    };
    vec![
        arrives("legacy-kind", "observation", "author", &by_doctor(1003, vec![])),
        arrives("kind-not-taken", "note", "author", &by_doctor(1, vec![])),
        arrives("kind-not-taken", "receipt", "author", &by_doctor(kinds::RECEIPT, vec![])),
        arrives("bare-nip82", "in clear", "author", &by_doctor(kinds::NIP82, vec![])),
        arrives("clinical-vanish", "request", "author", &by_doctor(kinds::VANISH, vec![])),
        arrives("clinical-delete", "observation", "author", &by_doctor(kinds::DELETION, vec![record])),
        arrives("malformed", "deletion of nothing", "author", &by_doctor(kinds::DELETION, vec![])),
        arrives("expired", "marks", "author", &app(now)),
        arrives("ok", "marks", "author", &app(now + 60)),
    ]
}

fn policy(p: &mut Practice) -> Vec<Case> {
    let now = p.now;
    let by = |name: &str, tags: Vec<Tag>| sign(&key(name), kinds::SUSPENSION, tags, "", now);
    let nurse = key_tag("p", &key("nurse").public_key());
    let unproven = p.patient("desk", "child 3", &[]);
    let extra = [p.pop("own", KeyRole::Subject)];
    let taken = p.patient("desk", "own", &extra);
    let extra = [p.pop("child 3", KeyRole::Subject)];
    let registration = p.patient("desk", "child 3", &extra);
    let link = p.link("desk", "father", false);
    vec![
        arrives("policy-shape", "unknown tag", "author", &by("doctor", vec![nurse.clone(), bare("why")])),
        arrives("policy-authority", "front desk suspends", "author", &by("desk", vec![nurse.clone()])),
        arrives("ok", "owner suspends", "author", &by("doctor", vec![nurse])),
        arrives("pop", "registration without proof", "author", &unproven),
        arrives("key-in-use", "subject key that is an own key", "author", &taken),
        arrives("ok", "registration", "author", &registration),
        arrives("ok", "link", "author", &link),
    ]
}

fn others(p: &mut Practice) -> Vec<Case> {
    let now = p.now;
    let to = |name: &str| {
        let receiver = key(name).public_key();
        let rumor = Rumor::chat(&receiver, "hello", now);
        wrap(&key("doctor"), &receiver, &rumor, false, now, now, &mut random(name)).unwrap()
    };
    let state = Map::from_iter([("note".to_owned(), json!("unsigned"))]);
    let chart = p.last().chart.clone();
    let d = drafts::draft_name(&mut random("corpus d"));
    let draft = Draft { kind: kinds::DRAFT, d: &d, state: &state, expiration: now + 86_400, created_at: now };
    let draft = drafts::build(&key("doctor"), &chart, &draft, &mut random("corpus draft")).unwrap();
    let mother = key("mother").public_key();
    let call = visits::build_signalling(
        &key("doctor"),
        &mother,
        kinds::SIGNALLING_FIRST,
        &state,
        now + 600,
        now,
        &mut random("corpus call"),
    )
    .unwrap();
    let address = format!("{}:{}:{}", kinds::APP_DATA, public("mother"), "marks");
    let deletion = sign(&key("mother"), kinds::DELETION, vec![tag("a", [&address])], "", now);
    vec![
        arrives("ok", "wrap to the mail agent", "nobody", &to("mail")),
        arrives("ok", "wrap to the mother", "doctor", &to("mother")),
        arrives("wrap-sender", "to the mother", "nobody", &to("mother")),
        arrives("wrap-recipient", "to a stranger", "doctor", &to("stranger")),
        arrives("ok", "draft", "author", &draft),
        arrives("ok", "signalling", "author", &call),
        arrives("ok", "deletion", "author", &deletion),
    ]
}
