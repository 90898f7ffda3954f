//! Changes of JSON that leave it JSON. Byte by byte the fuzzer mostly breaks an event's outer form,
//! which the first line of the parser refuses; these changes reach what stands behind it.

use relaybox_protocol::hex;
use serde_json::{Value, json};

use super::practice::PRACTICE;

/// Kinds that are judged by rules of their own.
const KINDS: [u16; 40] = [
    0, 1, 5, 62, 82, 1003, 1059, 2100, 2101, 2102, 2103, 2104, 2105, 2106, 2107, 2108, 2109, 2110, 2111,
    2112, 2113, 2115, 2116, 2117, 2119, 2120, 2122, 2123, 2124, 2125, 2126, 2127, 2128, 2129, 4050, 10002,
    21059, 30078, 32110, 32111,
];

/// Words of tags and members.
const WORDS: [&str; 47] = [
    "p",
    "e",
    "a",
    "d",
    "k",
    "x",
    "c",
    "n",
    "-",
    "enc",
    "nip44",
    "nip44-dual",
    "pc",
    "act",
    "sign",
    "patient-content",
    "expiration",
    "pop",
    "own",
    "rekey",
    "legacy",
    "seq",
    "prev",
    "epoch",
    "until",
    "from",
    "end",
    "name",
    "replaces",
    "compartments",
    "desk",
    "chart",
    "confidential",
    "client",
    "patients",
    "all",
    "export",
    "lift",
    "scope",
    "invite",
    "start",
    "policy",
    "policy-staff",
    "child",
    "guardian",
    "agent",
    "",
];

/// A small generator (SplitMix64): the same seed, the same change.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }
}

/// The input with one to four of its JSON values changed; none when it is no JSON.
pub fn json(input: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(input).ok()?;
    let mut dice = Dice(seed.into());
    for _ in 0..=dice.roll(4) {
        let places = count(&value);
        let mut place = dice.roll(places);
        change(&mut value, &mut place, &mut dice);
    }
    serde_json::to_vec(&value).ok()
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// Walks to the value at this place, in reading order, and changes it. True when it was found.
fn change(value: &mut Value, place: &mut usize, dice: &mut Dice) -> bool {
    if *place == 0 {
        replace(value, dice);
        return true;
    }
    *place -= 1;
    match value {
        Value::Array(list) => list.iter_mut().any(|one| change(one, place, dice)),
        Value::Object(members) => members.values_mut().any(|one| change(one, place, dice)),
        _ => false,
    }
}

fn replace(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Array(list) => replace_in(list, dice),
        Value::Object(members) => {
            let names: Vec<String> = members.keys().cloned().collect();
            let Some(name) = names.get(dice.roll(names.len())) else { return };
            match dice.roll(4) {
                0 => drop(members.remove(name)),
                1 => drop(members.insert("extra".to_owned(), json!(1))),
                _ => drop(members.insert(name.clone(), scalar(dice))),
            }
        }
        other => *other = scalar(dice),
    }
}

/// Removes, doubles, swaps or adds an element.
fn replace_in(list: &mut Vec<Value>, dice: &mut Dice) {
    let (one, two) = (dice.roll(list.len()), dice.roll(list.len()));
    match dice.roll(5) {
        0 if !list.is_empty() => drop(list.remove(one)),
        1 if !list.is_empty() => list.insert(two, list[one].clone()),
        2 if !list.is_empty() => list.swap(one, two),
        3 => list.push(json!([WORDS[dice.roll(WORDS.len())], scalar(dice)])),
        _ => list.push(scalar(dice)),
    }
}

/// A value that means something here: a key, an id, a time, a kind, a word.
fn scalar(dice: &mut Dice) -> Value {
    let people: Vec<_> = PRACTICE.people.values().collect();
    let event = &PRACTICE.events[dice.roll(PRACTICE.events.len())];
    let near = [0, 1, 599, 600, 601, 604_800, 604_801, 31_622_400];
    let seconds = near[dice.roll(near.len())];
    let time = if dice.roll(2) == 0 { PRACTICE.now + seconds } else { PRACTICE.now - seconds };
    match dice.roll(10) {
        0..=2 => json!(people[dice.roll(people.len())].to_hex()),
        3 => json!(event.id.to_hex()),
        4 => json!(time),
        5 => json!(time.to_string()),
        6 => json!(KINDS[dice.roll(KINDS.len())]),
        7 => json!(hex::encode(&[u8::try_from(dice.roll(256)).unwrap(); 32])),
        8 => json!(dice.roll(5)),
        _ => json!(WORDS[dice.roll(WORDS.len())]),
    }
}
