#!/usr/bin/env bash
# `make docs`: writes the pages of docs/ref that are made from the code.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
. scripts/tools.sh
use_cargo

cargo build --workspace --locked --bins --tests
"${CARGO_TARGET_DIR:-target}/debug/relaybox" config doc > docs/ref/config.md
# The test that compares the pages leaves what it wants below target/pages.
rm -rf target/pages
cargo test --workspace --locked --quiet --test e2e pages:: || true
if [ -d target/pages ]; then cp -v target/pages/* docs/ref/; fi
