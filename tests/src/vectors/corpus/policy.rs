//! Sequences of policy events, and receipts.

use relaybox_protocol::event::{sign, tag};
use relaybox_protocol::keys::KeyRole;
use relaybox_protocol::permissions::{Compartment, Role};
use relaybox_protocol::{Event, kinds};
use serde_json::json;

use super::super::practice::Practice;
use super::super::{key, public, to_json};
use super::{Case, case};

fn history(verdict: &'static str, name: &str, events: &[&Event]) -> Case {
    case(verdict, name, &json!(events.iter().map(|event| to_json(event)).collect::<Vec<_>>()))
}

pub(super) fn make(p: &mut Practice) -> Vec<Case> {
    let mut cases = endings(p);
    cases.extend(registrations(p));
    cases.extend(suspensions(p));
    let older = p.roster("ma", Role::Ma, false);
    let newer = p.roster("nurse", Role::Nurse, true);
    let epoch = p.epoch(600, "box 2");
    cases.extend([
        history("ok", "an epoch and a record's kind", &[&epoch]),
        history("ok", "a nurse leaves", &[&newer]),
        history("seq", "an older sequence", &[&newer, &older]),
        history("malformed", "not an event", &[]),
    ]);
    cases.retain(|(verdict, ..)| *verdict != "malformed");
    cases.push(case("malformed", "not an event", &json!([{}])));
    cases.push(case("policy-shape", "no policy kind", &json!([to_json(&p.message("mother"))])));
    cases
}

fn endings(p: &mut Practice) -> Vec<Case> {
    let by_registrar = p.link("desk", "mother", true);
    let same_second = p.link("desk", "mother", false);
    let by_practice = p.link("practice", "mother", true);
    p.now += 1;
    let later = p.link("desk", "mother", false);
    vec![
        history("ok", "what a registrar ended a registrar restores", &[&by_registrar, &later]),
        history("ended-now", "in the same second", &[&by_registrar, &same_second]),
        history("ended-by-practice", "by the front desk", &[&by_practice, &later]),
        history("counted", "twice the same", &[&by_registrar, &by_registrar]),
    ]
}

fn registrations(p: &mut Practice) -> Vec<Case> {
    let extra = [p.pop("child 3", KeyRole::Subject), tag("rekey", [&public("child")])];
    let rekey = p.patient("desk", "child 3", &extra);
    let back = p.patient("desk", "child", &[]);
    let unproven = p.patient("desk", "child 4", &[]);
    let of_nobody = [p.pop("child 4", KeyRole::Subject), tag("rekey", [&public("stranger")])];
    let of_nobody = p.patient("desk", "child 4", &of_nobody);
    let by_nurse = p.link("ma", "father", false);
    let chart = {
        let good = p.patient("desk", "child", &[]);
        let mut tags = good.tags.to_vec();
        tags[0] = tag("p", [&p.last().chart.public.to_hex()]);
        sign(&key("desk"), kinds::PATIENT, tags, "", p.now)
    };
    let stranger = {
        let good = p.patient("desk", "child", &[]);
        let mut tags = good.tags.to_vec();
        tags[0] = tag("p", [&public("stranger")]);
        sign(&key("desk"), kinds::PATIENT, tags, "", p.now)
    };
    vec![
        history("ok", "rekey", &[&rekey]),
        history("key-in-use", "a former subject key", &[&rekey, &back]),
        history("pop", "without proof", &[&unproven]),
        history("subject", "rekey of nobody", &[&of_nobody]),
        history("policy-authority", "an assistant links", &[&by_nurse]),
        history("compartment", "registration in the chart", &[&chart]),
        history("epoch", "registration under a stranger's key", &[&stranger]),
    ]
}

fn suspensions(p: &mut Practice) -> Vec<Case> {
    let all = ["nurse", "ma", "desk", "mother", "child", "own"];
    let all: Vec<Event> = all.iter().map(|name| p.suspension("doctor", name, None)).collect();
    let bar = p.suspension("doctor", "nurse", Some("child"));
    let message = p.link("suspended", "father", false);
    // One was made in the practice's own history, within the same hour.
    let five: Vec<&Event> = all.iter().take(5).collect();
    let lift = p.lift(&all[0]);
    vec![
        history("suspension-limit", "the sixth within an hour", &five),
        history("ok", "four", &five[..4]),
        history("ok", "lifted", &[&all[0], &lift]),
        history("ok", "barred from one child", &[&bar]),
        history("policy-authority", "a suspended guardian links", &[&message]),
    ]
}

pub(super) fn receipts(p: &mut Practice) -> Vec<Case> {
    let before = p.receipts.len();
    let event = p.write(2113, Compartment::Chart, Some("child"));
    let mark = p.mark();
    p.record(&event, mark);
    let clinical = p.receipts[before].clone();
    let roster = p.roster("nurse", Role::Nurse, true);
    p.step(&roster);
    let policy = p.receipts[before + 1].clone();
    let tags = clinical.tags.clone().to_vec();
    let without = |name: &str| {
        let tags = tags.iter().filter(|tag| tag.kind() != name).cloned().collect();
        sign(&key("box"), kinds::RECEIPT, tags, "", p.now)
    };
    let mut twice = tags.clone();
    twice.push(tags.last().unwrap().clone());
    let twice = sign(&key("box"), kinds::RECEIPT, twice, "", p.now);
    let by_stranger = sign(&key("stranger"), kinds::RECEIPT, tags.clone(), "", p.now);
    vec![
        history("ok", "of a record", &[&event, &clinical]),
        history("ok", "of policy", &[&roster, &policy]),
        history("ok", "fork", &[&event, &clinical, &by_stranger]),
        history("shape", "no rows", &[&without("e")]),
        history("shape", "no mark", &[&without("policy")]),
        history("shape", "no number", &[&without("n")]),
        history("shape", "one row twice", &[&twice]),
        history("shape", "a record", &[&event]),
        case("malformed", "not an event", &json!([{}])),
    ]
}
