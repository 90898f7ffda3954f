#!/usr/bin/env bash
# `make test`: every test of the workspace. Arguments go to `cargo test` (a name selects tests).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo

# The gateway carries the faces, so they come first.
step faces scripts/faces.sh
# The end-to-end tests start the binary that this step leaves beside them.
step build cargo build --workspace --locked --bins --tests
# The faults that the simulation must find still fit the sources; two of them are planted when all
# tests are asked for, the others by `make heavy`.
step "planted faults apply" scripts/faults.sh
# The software security keys, which the end-to-end tests put into the slot.
step "software keys" scripts/softkey.sh
step tests cargo test --workspace --locked "$@"
if [ $# -eq 0 ]; then
    step "helper of the key slot" scripts/softkey.sh test --quiet
    step "planted faults" scripts/faults.sh 1 2
    step "fuzz each target" scripts/fuzz.sh quick 10
    step "tests of the faces" npm --prefix appliance-ui run -s test
    step "journeys in a browser" npm --prefix appliance-ui run -s journeys
fi
