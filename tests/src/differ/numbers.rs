//! Tables and small rules: permissions, types, kinds, numbers in text, names and times of drafts.

use relaybox_protocol::body::type_fits;
use relaybox_protocol::drafts::{next_created_at, shared_name};
use relaybox_protocol::event::number_from_text;
use relaybox_protocol::permissions::{
    Compartment, Role, Word, addable, family_writes, kind_in, may_be_signed, may_hold, own_key_writes,
    preticked, word_for,
};
use relaybox_protocol::{kinds, legacy};
use serde_json::{Value, json};

use super::Row;
use super::dice::{Dice, NOW};
use super::mutate::scratch;
use super::plain::string;
use super::sealed::keys_of;

pub(super) const OPS: &[Row] = &[
    ("permissions", 8_000, make_permissions, answer_permissions),
    ("number", 3_000, make_number, answer_number),
    ("draft-name", 2_000, make_draft_name, answer_draft_name),
];

fn any_kind(dice: &mut Dice) -> u16 {
    match dice.below(4) {
        0 => u16::try_from(dice.below(65_536)).unwrap(),
        1 => 1_000 + u16::from(dice.byte() % 20),
        2 => *dice.pick(&[
            0, 5, 13, 62, 82, 1059, 4049, 4050, 4055, 4056, 9_999, 10_000, 20_000, 30_000, 32_110, 40_000,
        ]),
        _ => 2_099 + u16::from(dice.byte() % 33),
    }
}

fn make_permissions(dice: &mut Dice) -> Value {
    let types =
        ["Patient", "Observation", "MedicationRequest", "Procedure", "Flag", "Appointment", "patient", ""];
    json!({"kind": any_kind(dice), "role": dice.pick(&Role::ALL).as_str(), "type": dice.word(&types)})
}

fn answer_permissions(input: &Value) -> Value {
    let kind = u16::try_from(input["kind"].as_u64().unwrap()).unwrap();
    let role = Role::parse(string(input, "role")).unwrap();
    let words = |of: &dyn Fn(Word) -> bool| Word::ALL.map(of);
    json!({
        "mayHold": words(&|word| may_hold(role, word)),
        "preticked": words(&|word| preticked(role).contains(&word)),
        "addable": words(&|word| addable(role).contains(&word)),
        "wordFor": word_for(kind).map(Word::as_str),
        "kindIn": Compartment::ALL.map(|compartment| kind_in(kind, compartment)),
        "familyWrites": family_writes(kind),
        "ownKeyWrites": own_key_writes(kind),
        "mayBeSigned": may_be_signed(kind),
        "typeFits": type_fits(kind, string(input, "type")),
        "isClinical": kinds::is_clinical(kind),
        "isPolicy": kinds::is_policy(kind),
        "isSignalling": kinds::is_signalling(kind),
        "currentKind": legacy::current_kind(kind),
        "formerKind": legacy::former_kind(kind),
        "isFormerKind": legacy::is_former_kind(kind),
    })
}

fn make_number(dice: &mut Dice) -> Value {
    let number = dice.number() >> dice.below(64);
    let text = if dice.chance(20) { dice.text(4) } else { number.to_string() };
    json!({"text": if dice.chance(50) { text } else { scratch(&text, dice) }})
}

fn answer_number(input: &Value) -> Value {
    json!(number_from_text(string(input, "text")))
}

fn make_draft_name(dice: &mut Dice) -> Value {
    let previous = dice.chance(70).then(|| NOW + u64::from(dice.byte()));
    json!({
        "secret": dice.secret(), "logical": dice.text(20),
        "now": NOW + u64::from(dice.byte()), "previous": previous,
    })
}

fn answer_draft_name(input: &Value) -> Value {
    let epoch = keys_of(string(input, "secret"));
    let next = next_created_at(input["now"].as_u64().unwrap(), input["previous"].as_u64());
    json!({"d": shared_name(epoch.secret_key(), string(input, "logical")), "created_at": next})
}
