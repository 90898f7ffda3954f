//! Inputs that need no signatures: frames, filters, bodies, payloads, prefaces.

use relaybox_protocol::body::{BINDING_URL, Binding, PADDING_BYTES};
use relaybox_web::proxy::Preface;
use serde_json::{Value, json};

use super::super::practice::Practice;
use super::super::{key, public, to_json};
use super::{Case, case, text};

/// Deeper than any stack of a recursive reader.
const DEEP: usize = 4_000;

fn nested(open: &str, close: &str) -> String {
    format!("{}{}", open.repeat(DEEP), close.repeat(DEEP))
}

pub(super) fn frames(p: &Practice) -> Vec<Case> {
    let event = p.events.last().unwrap();
    let id = event.id.to_hex();
    let many: Vec<String> = (0..600).map(|n| format!("\"{n}\"")).collect();
    let filter = json!({"kinds": [2113], "#p": [public("child")], "since": 1, "limit": 10});
    vec![
        case("ok", "event", &json!(["EVENT", to_json(event)])),
        case("ok", "auth", &json!(["AUTH", to_json(event)])),
        case("ok", "req", &json!(["REQ", "a", filter, {"ids": [id], "authors": [public("doctor")]}])),
        case("ok", "count", &json!(["COUNT", "a", {"#t": ["x"], "until": 1}])),
        case("ok", "close", &json!(["CLOSE", "a"])),
        case("ok", "neg open", &json!(["NEG-OPEN", "a", {"kinds": [2113]}, "6100"])),
        case("ok", "neg msg", &json!(["NEG-MSG", "a", "6100"])),
        case("ok", "neg close", &json!(["NEG-CLOSE", "a"])),
        text(
            "ok",
            "event with a member too many",
            &format!("[\"EVENT\",{{\"id\":\"{id}\",\"kind\":1,\"x\":[]}}]"),
        ),
        text("frame", "no json", "EVENT"),
        text("frame", "unknown verb", "[\"HELLO\",\"a\"]"),
        text("frame", "odd hex", "[\"NEG-MSG\",\"a\",\"610\"]"),
        text("frame", "too many elements", &format!("[\"REQ\",\"a\",{}]", many.join(","))),
        text("frame", "arrays nested deep", &nested("[", "]")),
        text("frame", "objects nested deep", &format!("[{}1{}]", "{\"a\":".repeat(DEEP), "}".repeat(DEEP))),
        text("malformed", "event without an id", "[\"EVENT\",{\"kind\":1}]"),
        text(
            "malformed",
            "raw control character",
            &format!("[\"EVENT\",{{\"id\":\"{id}\",\"content\":\"\n\"}}]"),
        ),
        text("subscription-id", "empty", "[\"REQ\",\"\",{}]"),
        text("subscription-id", "a number", "[\"CLOSE\",1]"),
        text("subscription-id", "too long", &format!("[\"CLOSE\",\"{}\"]", "a".repeat(65))),
        text("filter", "none", "[\"REQ\",\"a\"]"),
        text("filter", "unknown member", "[\"REQ\",\"a\",{\"search\":\"x\"}]"),
        text("filter", "nested deep", &format!("[\"REQ\",\"a\",{{\"ids\":{}}}]", nested("[", "]"))),
        text("filter", "negentropy of no filter", "[\"NEG-OPEN\",\"a\",1,\"61\"]"),
        text("filter-limit", "too many filters", &format!("[\"REQ\",\"a\"{}]", ",{}".repeat(400))),
        text("receipts-by-event", "of one", "[\"REQ\",\"a\",{\"kinds\":[2122],\"#e\":[\"x\"]}]"),
    ]
}

pub(super) fn filters(p: &Practice) -> Vec<Case> {
    let event = p.events.last().unwrap();
    let child = public("child");
    let mut cases: Vec<Case> = ["doctor", "desk", "child", "own", "mother", "mail", "stranger", "practice"]
        .into_iter()
        .map(|person| {
            case(
                "ok",
                &format!("all of the {person}"),
                &json!([person, {}, {"kinds": [2113, 2122], "#p": [child]}]),
            )
        })
        .collect();
    let asked = json!({"ids": [event.id.to_hex()], "authors": [public("mother")], "since": 0, "until": 4_000_000_000_u64});
    cases.extend([
        case("ok", "one id", &json!(["mother", asked])),
        case(
            "ok",
            "nothing can match",
            &json!(["doctor", {"kinds": []}, {"limit": 0}, {"since": 2, "until": 1}]),
        ),
        case("ok", "an epoch key", &json!(["mother", {"#p": [p.last().confidential.public.to_hex()]}])),
        case("filter", "upper case", &json!(["doctor", {"ids": [event.id.to_hex().to_uppercase()]}])),
        case("filter", "none", &json!(["doctor"])),
        text("filter", "nested deep", &format!("[\"doctor\",{{\"#p\":{}}}]", nested("[", "]"))),
        text("filter-limit", "too many", &format!("[\"doctor\"{}]", ",{}".repeat(400))),
        case("receipts-by-event", "of one", &json!(["doctor", {"kinds": [2122], "#e": [event.id.to_hex()]}])),
        case("frame", "no list", &json!({})),
    ]);
    cases
}

fn binding() -> String {
    Binding {
        signer: key("doctor").public_key(),
        subject: key("child").public_key(),
        kind: 2113,
        epoch_key: key("chart").public_key(),
        practice: key("practice").public_key(),
        r: [1; 32],
    }
    .to_text()
}

fn bound(texts: &[&str], more: &Value) -> Value {
    let extensions: Vec<Value> =
        texts.iter().map(|text| json!({"url": BINDING_URL, "valueString": text})).collect();
    json!({"resourceType": "Observation", "meta": {"extension": extensions}, "value": more})
}

pub(super) fn bodies() -> Vec<Case> {
    let binding = binding();
    let good = bound(&[&binding], &json!({"decimal": 36.6, "text": "ü \u{2028} \"", "none": null}));
    let plain = good.to_string();
    // The resource is one object deep where the value begins.
    let deep = |depth: usize| {
        let inside = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        bound(&[&binding], &Value::Null).to_string().replacen("null", &inside, 1)
    };
    let padded = format!(" {plain}{}", " ".repeat(PADDING_BYTES - 1 - plain.len()));
    vec![
        text("ok", "observation", &plain),
        text("ok", "padded", &padded),
        text("ok", "decimal far from one", &plain.replacen("36.6", "4.9e-30", 1)),
        text("ok", "as deep as it may be", &deep(63)),
        text("json", "one deeper", &deep(64)),
        text("json", "nested deep", &deep(DEEP)),
        text("json", "nested deep and open", &plain.replacen("null", &"{\"a\":[".repeat(DEEP), 1)),
        text("json", "a key twice", &plain.replacen('{', "{\"value\":1,", 1)),
        text("json", "a list", "[]"),
        text("json", "two objects", &format!("{plain}{plain}")),
        text("json", "number beyond any", &plain.replacen("36.6", "1e400", 1)),
        text("resource-type", "none", &plain.replacen("resourceType", "type", 1)),
        text("resource-type", "not a name", &plain.replacen("Observation", "obs 1", 1)),
        case("binding", "none", &bound(&[], &Value::Null)),
        case("binding", "two", &bound(&[&binding, &binding], &Value::Null)),
        case("binding", "two spaces", &bound(&[&binding.replace(' ', "  ")], &Value::Null)),
        text("json", "a binding alone", &binding),
        text("padding", "one space short", &padded[..padded.len() - 1]),
        text("utf8", "byte order mark", &format!("\u{feff}{plain}")),
        ("utf8", "no-text.bin".to_owned(), vec![b'{', 0xff, b'}']),
    ]
}

/// Payloads of the published vectors of both ciphers, short ones.
pub(super) fn payloads() -> Vec<Case> {
    let vectors: Value = serde_json::from_str(include_str!("../../../vectors/legacy.json")).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    for one in vectors["cases"].as_array().unwrap() {
        let verdict = match one["opens"].as_str().unwrap() {
            "legacy" | "v2" => "ok",
            "mac" => "mac",
            "padding" => "padding",
            "size" => "size",
            "version" => "version",
            _ => continue,
        };
        let payload = one["payload"].as_str().unwrap();
        if payload.len() > 2_000 {
            continue;
        }
        let name = one["name"].as_str().unwrap().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        cases.push((verdict, format!("{name}.txt"), payload.as_bytes().to_vec()));
    }
    cases.push(("encoding", "no-base64.txt".to_owned(), "*".repeat(200).into_bytes()));
    cases
}

pub(super) fn prefaces() -> Vec<Case> {
    let preface = |source: &str, destination: &str, host: &str| {
        let preface = Preface {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            host: host.to_owned(),
        };
        preface.encode().unwrap()
    };
    let four = preface("192.0.2.7:5000", "192.0.2.1:443", "relaybox-portal.local");
    let six = preface("[2001:db8::7]:5000", "[2001:db8::1]:443", "[2001:db8::1]:8443");
    let with = |at: usize, value: u8| {
        let mut bytes = four.clone();
        bytes[at] = value;
        bytes
    };
    let bin = |verdict: &'static str, name: &str, bytes: Vec<u8>| (verdict, format!("{name}.bin"), bytes);
    let mut longer = four.clone();
    longer.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
    vec![
        bin("ok", "ipv4", four.clone()),
        bin("ok", "ipv6", six),
        bin("signature", "http", b"GET / HTTP/1.1\r\nHost: relaybox.local\r\n\r\n".to_vec()),
        bin("unsupported", "local command", with(12, 0x20)),
        bin("unsupported", "datagram", with(13, 0x12)),
        bin("length", "followed by a request", longer),
        bin("length", "cut off", four[..four.len() - 1].to_vec()),
        bin("length", "longer than any", with(14, 0xff)),
        bin("authority", "upper case", with(four.len() - 1, b'L')),
        bin("authority", "another kind of value", with(28, 0x01)),
    ]
}
