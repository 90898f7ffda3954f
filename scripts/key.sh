#!/usr/bin/env bash
# `make key`: puts a software security key into the slot of the box that `make run` started, until Enter is pressed.
# The argument names it: demo-one (the usual one) or demo-two for the demo; any other name is another key.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
softkey=$target/softkey/debug/softkey
slot=$target/softkey/slot
name=${1:-demo-one}
[ -x "$softkey" ] || { echo "there is no key slot: start the box with \`make run\`" >&2; exit 1; }
"$softkey" "$slot" touch "$name" always >/dev/null
"$softkey" "$slot" insert "$name" >/dev/null
trap '"$softkey" "$slot" remove "$name" >/dev/null' EXIT
echo "the key $name is in, with a finger on it; Enter takes it out"
read -r || true
