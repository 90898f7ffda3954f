//! Event ids, escapes, and every departure from the strict form (NIP-01, PROTOCOL 2.8.14).

use relaybox_protocol::event::{self, EVENT_BYTES_MAX, Verified, tag};
use relaybox_protocol::hex;
use serde_json::{Value, json};

use super::{NOW, key};

fn note(content: &str) -> relaybox_protocol::Event {
    event::sign(&key("author"), 1, vec![tag("t", ["a", "b"])], content, NOW)
}

pub(crate) fn make() -> Value {
    let contents = [
        ("plain", "hello"),
        ("empty", ""),
        ("the seven escapes", "\u{8}\t\n\u{c}\r\"\\"),
        ("a solidus is not escaped", "</script>"),
        ("delete is not escaped", "\u{7f}\u{80}"),
        ("line separators are not escaped", "\u{2028}\u{2029}"),
        ("beyond ASCII", "Größe 81,5 cm – œdème 👶"),
    ];
    let cases: Vec<Value> = contents
        .iter()
        .map(|(name, content)| {
            let event = note(content);
            json!({"name": name, "json": serde_json::to_string(&event).unwrap(), "id": event.id.to_hex()})
        })
        .chain([spelled_otherwise(), large_time()])
        .collect();
    let refused: Vec<Value> = departures()
        .into_iter()
        .map(|(name, text)| {
            let reason = Verified::parse(&text, EVENT_BYTES_MAX).unwrap_err().code();
            json!({"name": name, "json": text, "reason": reason})
        })
        .collect();
    json!({
        "about": "Events as text. cases: the id and signature hold. refused: by the strict form, with the reason.",
        "cases": cases,
        "refused": refused,
    })
}

/// JSON may be written with blanks and other escapes; the id is that of the parsed values.
fn spelled_otherwise() -> Value {
    let event = note("a/b é");
    let text = serde_json::to_string(&event).unwrap();
    let text = text.replace("a/b é", "a\\/b \\u00e9").replace("\",\"", "\" , \"");
    json!({"name": "blanks and other escapes", "json": text, "id": event.id.to_hex()})
}

fn large_time() -> Value {
    let event = event::sign(&key("author"), 1, vec![], "", event::NUMBER_MAX);
    let text = serde_json::to_string(&event).unwrap();
    json!({"name": "the largest created_at", "json": text, "id": event.id.to_hex()})
}

fn departures() -> Vec<(&'static str, String)> {
    let event = note("x");
    let good = serde_json::to_string(&event).unwrap();
    let id = event.id.to_hex();
    let tags = "[[\"t\",\"a\",\"b\"]]";
    let time = format!("\"created_at\":{NOW}");
    let swap = |from: &str, to: &str| good.replacen(from, to, 1);
    let mut foreign = event.clone();
    foreign.sig = note("y").sig;
    let control = |content: &str| serde_json::to_string(&note(content)).unwrap();
    vec![
        ("unknown member", swap("{", "{\"extra\":1,")),
        ("duplicate member", swap("\"kind\":1", "\"kind\":1,\"kind\":1")),
        ("missing member", swap("\"kind\":1,", "")),
        ("kind is not an integer", swap("\"kind\":1", "\"kind\":1.0")),
        ("kind is a string", swap("\"kind\":1", "\"kind\":\"1\"")),
        ("kind is too large", swap("\"kind\":1", "\"kind\":65536")),
        ("time is negative", swap(&time, "\"created_at\":-1")),
        ("time has an exponent", swap(&time, "\"created_at\":1e3")),
        ("time is no longer exact in JSON", swap(&time, "\"created_at\":9007199254740992")),
        ("upper-case id", swap(&id, &id.to_uppercase())),
        ("short id", swap(&id, &id[1..])),
        ("upper-case key", swap(&event.pubkey.to_hex(), &event.pubkey.to_hex().to_uppercase())),
        ("upper-case signature", swap(&event.sig.to_hex(), &event.sig.to_hex().to_uppercase())),
        ("empty tag", swap(tags, "[[]]")),
        ("number in a tag", swap(tags, "[[\"t\",1]]")),
        ("nested tag", swap(tags, "[[\"t\",[\"a\"]]]")),
        ("flat tags", swap(tags, "[\"t\"]")),
        ("no tags", swap(tags, "null")),
        ("lone surrogate", swap("\"content\":\"x\"", "\"content\":\"\\ud800\"")),
        ("raw line feed", swap("\"content\":\"x\"", "\"content\":\"\n\"")),
        ("text behind the event", format!("{good} {{}}")),
        ("event in an array", format!("[{good}]")),
        ("null byte", control("a\u{0}b")),
        ("escape character", control("a\u{1b}b")),
        ("vertical tab", control("a\u{b}b")),
        ("content changed", swap("\"content\":\"x\"", "\"content\":\"y\"")),
        ("signature of another event", serde_json::to_string(&foreign).unwrap()),
        ("key off the curve", off_curve()),
        ("value too long to index", too_long()),
    ]
}

fn off_curve() -> String {
    let key = "ff".repeat(32);
    let serialised = format!("[0,\"{key}\",{NOW},1,[],\"\"]");
    let id = hex::encode(&<sha2::Sha256 as sha2::Digest>::digest(serialised));
    let sig = note("x").sig.to_hex();
    json!({"id": id, "pubkey": key, "created_at": NOW, "kind": 1, "tags": [], "content": "", "sig": sig})
        .to_string()
}

fn too_long() -> String {
    let value = "v".repeat(event::INDEX_VALUE_BYTES_MAX + 1);
    serde_json::to_string(&event::sign(&key("author"), 1, vec![tag("t", [&value])], "", NOW)).unwrap()
}
