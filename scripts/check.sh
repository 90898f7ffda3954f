#!/usr/bin/env bash
# `make check`: format, one build, lints, docs, and the rules of the house.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo

# Each part of a step's function ends in `|| return`: under a step, `set -e` does not hold.
clippy() {
    local log
    log=$(mktemp)
    cargo clippy --workspace --all-targets --locked -- -D warnings 2>&1 | tee "$log" || return 1
    # A ban whose path is misspelt or was renamed upstream is a warning that -D warnings does not
    # turn into an error: the ban would die unnoticed.
    if grep -q 'does not refer to' "$log"; then
        echo "clippy.toml names a path that does not exist" >&2
        return 1
    fi
    rm -f "$log"
}

doc() { RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet; }

# The workspaces apart build on our crates: a dependency more there is one more in their lock files.
locks() {
    local manifest
    for manifest in tests/fuzz/Cargo.toml tests/softkey/Cargo.toml; do
        cargo metadata --locked --quiet --format-version 1 --manifest-path "$manifest" >/dev/null || return 1
    done
}

step format cargo fmt --all --check
step "format of the software keys" cargo fmt --all --check --manifest-path tests/softkey/Cargo.toml
step "lock files" locks
# The gateway carries the faces, so they come first.
step faces scripts/faces.sh
# --bins and --tests together, so that the tests that follow compile nothing again.
step build cargo build --workspace --locked --bins --tests
step clippy clippy
step docs doc
step "faces: format, lints, types" npm --prefix appliance-ui run -s check
step house cargo test --workspace --locked --quiet --test house -- --nocapture
