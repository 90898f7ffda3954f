#!/usr/bin/env bash
# `make heavy`: the long proofs, hours on a small machine. Each is a step that says how long it took.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo

# Alone, each crate must still compile: a workspace build hides a forgotten feature of a dependency.
each_crate_alone() {
    local manifest
    for manifest in firmware/*/Cargo.toml; do
        cargo check --locked --quiet --manifest-path "$manifest"
    done
}

# Two hundred kills under load and two hundred images of a power cut (tests/crash).
crash() {
    cargo build --locked --quiet --workspace --bins --tests
    RELAYBOX_KILLS=200 RELAYBOX_IMAGES=240 cargo test --locked --workspace --test crash -- --nocapture
}

step "each crate alone" each_crate_alone

# A page of a foreign origin, in a real browser, opens a record of the box.
foreign_page() {
    cargo build --workspace --locked --bins --tests --quiet
    tests/node/node_modules/.bin/node tests/node/browser.mjs target/debug/relaybox
}

step "a browser of another origin" foreign_page

# A hundred thousand random inputs to both languages, ten thousand for each of ten seeds that nobody chose.
both_languages() {
    local n
    cargo build --workspace --locked --bin differ --quiet
    for n in $(seq 10); do
        DIFFER_SEED="$(date +%s) $n" npm --prefix appliance-ui run -s test -- lib/protocol/differ.test.ts
    done
}

step "both languages" both_languages

# Every route in every mode: light, dark, Spanish, twice the size, narrow.
journeys() {
    scripts/faces.sh
    cargo build --workspace --locked --bins --quiet
    RELAYBOX_HEAVY=1 npm --prefix appliance-ui run -s journeys
}
step "journeys, every mode" journeys

# Ten million inputs of each target; of the two that fold whole histories, half a million.
step "fuzz what strangers send" scripts/fuzz.sh runs "${FUZZ_RUNS:-10000000}" frame filter event body legacy preface
step "fuzz what members sign" scripts/fuzz.sh runs "${FUZZ_RUNS:-500000}" policy receipts

simulation() { RELAYBOX_SIM_SEEDS=200 cargo test --workspace --locked --test sim -- --nocapture; }
step simulation simulation
step "planted faults" scripts/faults.sh all

step crash crash
