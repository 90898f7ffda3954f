//! Text that is nested deeper than any stack, on a small stack, and inputs too large to commit.

use relaybox_protocol::body::DEPTH_MAX;
use relaybox_protocol::event::EVENT_BYTES_MAX;
use relaybox_protocol::nip44::PLAINTEXT_BYTES_MAX;
use serde_json::Value;

use super::fuzz::{body, event, filter, frame, legacy, policy, receipts};

/// Verdicts whose inputs are large: target and verdict.
pub(crate) const LARGE: [(&str, &str); 2] = [("body", "size"), ("legacy", "damaged")];

/// Runs on a stack of 256 KiB, an eighth of what a thread of the box has.
fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(run).unwrap().join().unwrap()
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

fn objects(depth: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))
}

const DEPTHS: [usize; 3] = [100, 1_000, 50_000];

fn committed(path: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    std::fs::read_to_string(folder.join(path)).unwrap()
}

#[test]
fn frames_nested_to_any_depth_are_answered_without_a_deep_stack() {
    on_a_small_stack(|| {
        for deep in DEPTHS.into_iter().flat_map(|depth| [nested(depth), objects(depth)]) {
            assert_eq!(frame::run(deep.as_bytes()), "frame");
            assert_eq!(frame::run(format!("[\"CLOSE\",{deep}]").as_bytes()), "subscription-id");
            assert_eq!(frame::run(format!("[{deep},\"a\"]").as_bytes()), "frame");
            assert_eq!(frame::run(format!("[\"EVENT\",{deep}]").as_bytes()), "malformed");
        }
        assert_eq!(frame::run(b"[\"CLOSE\",\"a\"]"), "ok");
    });
}

#[test]
fn filters_nested_to_any_depth_are_answered_without_a_deep_stack() {
    on_a_small_stack(|| {
        for deep in DEPTHS.into_iter().flat_map(|depth| [nested(depth), objects(depth)]) {
            for filter in [deep.clone(), format!("{{\"ids\":{deep}}}"), format!("{{\"kinds\":[{deep}]}}")] {
                assert_eq!(frame::run(format!("[\"REQ\",\"a\",{filter}]").as_bytes()), "filter");
                assert_eq!(filter::run(format!("[\"doctor\",{filter}]").as_bytes()), "filter");
            }
        }
        assert_eq!(filter::run(br#"["doctor",{"kinds":[2113]}]"#), "ok");
    });
}

#[test]
fn events_nested_to_any_depth_are_refused_without_a_deep_stack() {
    on_a_small_stack(|| {
        let good = committed("event/ok--bare.json");
        for deep in DEPTHS.into_iter().flat_map(|depth| [nested(depth), objects(depth)]) {
            let mut value: Value = serde_json::from_str(&good).unwrap();
            value["tags"] = Value::from("here");
            let tags = value.to_string().replacen("\"here\"", &deep, 1);
            let member = good.replacen('{', &format!("{{\"extra\":{deep},"), 1);
            for text in [&deep, &tags, &member] {
                assert_eq!(event::run(text.as_bytes()), "malformed");
                assert_eq!(policy::run(format!("[{text}]").as_bytes()), "malformed");
                assert_eq!(receipts::run(format!("[{text}]").as_bytes()), "malformed");
            }
        }
        assert_eq!(event::run(good.as_bytes()), "ok");
    });
}

#[test]
fn a_body_is_read_to_its_greatest_depth_and_refused_beyond() {
    on_a_small_stack(|| {
        let good = committed("body/ok--observation.json");
        // The value stands in the resource, which is one object deep.
        let with = |inside: &str| good.replacen("36.6", inside, 1);
        let above = 2;
        for inside in [nested(DEPTH_MAX - above), objects(DEPTH_MAX - above)] {
            assert_eq!(body::run(with(&inside).as_bytes()), "ok");
        }
        for depth in [DEPTH_MAX - above + 1, 127, 128, 129, 20_000] {
            assert_eq!(body::run(with(&nested(depth)).as_bytes()), "json");
            assert_eq!(body::run(with(&objects(depth)).as_bytes()), "json");
        }
    });
}

#[test]
fn an_input_beyond_its_largest_size_is_refused_and_one_of_that_size_is_read() {
    let good = committed("body/ok--observation.json");
    let padded = |bytes: usize| format!("{good}{}", " ".repeat(bytes - good.len()));
    assert_eq!(body::run(padded(PLAINTEXT_BYTES_MAX).as_bytes()), "ok");
    assert_eq!(body::run(padded(PLAINTEXT_BYTES_MAX + 1).as_bytes()), "size");

    let good = committed("event/ok--bare.json");
    let padded = |bytes: usize| format!("{good}{}", " ".repeat(bytes - good.len()));
    assert_eq!(event::run(padded(EVENT_BYTES_MAX).as_bytes()), "ok");
    assert_eq!(event::run(padded(EVENT_BYTES_MAX + 1).as_bytes()), "too-large");
}

#[test]
fn every_payload_of_the_vectors_meets_its_verdict() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/legacy.json")).unwrap();
    let mut damaged = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let opens = case["opens"].as_str().unwrap();
        let expected = if matches!(opens, "legacy" | "v2") { "ok" } else { opens };
        assert_eq!(legacy::run(case["payload"].as_str().unwrap().as_bytes()), expected, "{}", case["name"]);
        damaged += usize::from(opens == "damaged");
    }
    assert!(damaged > 0);
}
