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

step "each crate alone" each_crate_alone
