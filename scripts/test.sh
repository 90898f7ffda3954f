#!/usr/bin/env bash
# `make test`: every test of the workspace. Arguments go to `cargo test` (a name selects tests).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo

# The end-to-end tests start the binary that this step leaves beside them.
step build cargo build --workspace --locked --bins --tests
step tests cargo test --workspace --locked "$@"
