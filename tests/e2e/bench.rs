//! The bench goes once through every phase with little, so that it cannot rot.

use std::process::Command;

use relaybox_tests::dev::built;

#[test]
fn the_bench_stores_reads_and_delivers_what_it_should() {
    let output = Command::new(built("bench").unwrap()).arg("--smoke").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for phase in [
        "ingest",
        "whole chart",
        "no match",
        "fan-out to",
        "suspension to CLOSED",
        "approval to stored",
        "RSS idle",
    ] {
        assert!(text.lines().any(|line| line.starts_with('|') && line.contains(phase)), "{phase}: {text}");
    }
}
