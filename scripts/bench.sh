#!/usr/bin/env bash
# `make bench`: speed and memory on this machine, release build. Arguments go to the bench.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo
step build cargo build --release --locked --workspace --bins
# The key slot of the ceremonies: what these programs take is not measured.
step "software keys" scripts/softkey.sh
exec "${CARGO_TARGET_DIR:-target}/release/bench" "$@"
