#!/usr/bin/env bash
# `make bench-ui`: what a parent waits for at the portal, printed with the machine.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo
scripts/faces.sh
cargo build --locked --workspace --bin relaybox
BENCH=1 npm --prefix appliance-ui run -s journeys
