#!/usr/bin/env bash
# Builds the software security keys and the helper of the key slot that speaks to them (tests/softkey), and prints
# nothing but errors. The programs are target/softkey/debug/{softkey,relaybox-slot-soft}. Arguments, if any, are
# another cargo command: `scripts/softkey.sh test` runs the tests of the helper.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/softkey
# libclang reads one header of littlefs; what comes with a compiler it takes from gcc, which is there.
BINDGEN_EXTRA_CLANG_ARGS="-isystem $(gcc -print-file-name=include)"
export BINDGEN_EXTRA_CLANG_ARGS
cd tests/softkey
if [ $# -gt 0 ]; then
    command=$1
    shift
    exec cargo "$command" --locked "$@"
fi
exec cargo build --locked --quiet --bins
