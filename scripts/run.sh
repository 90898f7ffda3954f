#!/usr/bin/env bash
# `make run`: sets up, builds, starts the box with the demo practice. Arguments go to `relaybox dev`.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/faces.sh
. scripts/tools.sh
use_cargo

# The dev profile: its ciphers and signatures are optimised (Cargo.toml), the rest is not, which
# keeps the first build short (docs/design/build.md has the figures).
start=$SECONDS
echo "building with $(rustc --version | cut -d' ' -f1,2); the first time takes some minutes" >&2
# Of the whole workspace, so that features are those of `make test`, which then compiles tests alone.
cargo build --locked --workspace --bin relaybox
echo "built in $((SECONDS - start)) s" >&2

fill=(--demo)
case " $* " in *" --empty "* | *" --demo "*) fill=() ;; esac

# exec: Ctrl-C and the exit status are the box's own.
exec "${CARGO_TARGET_DIR:-target}/debug/relaybox" dev "${fill[@]}" "$@"
