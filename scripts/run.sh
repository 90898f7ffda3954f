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

# A box that nobody has claimed gets a key slot of software security keys, so that it can be claimed without hardware.
case " $* " in *" --empty "*)
    scripts/softkey.sh
    softkey=${CARGO_TARGET_DIR:-$PWD/target}/softkey/debug/softkey
    slot=${CARGO_TARGET_DIR:-$PWD/target}/softkey/slot
    # It ends with the box: exec keeps this process.
    "$softkey" "$slot" --with-parent >/dev/null &
    for _ in {1..100}; do
        "$softkey" "$slot" touch desk always >/dev/null 2>&1 && break
        sleep 0.1
    done
    "$softkey" "$slot" touch bank always >/dev/null
    printf '[vault]\nslot_helper = "%s/relaybox-slot"\nsoft = true\n' "$slot" >"$slot/relaybox.toml"
    case " $* " in *" --config"*) ;; *) fill+=(--config "$slot/relaybox.toml") ;; esac
    echo "the key slot is soft: put a key in with $softkey $slot insert desk, take it out with remove desk" >&2
    ;;
esac

# exec: Ctrl-C and the exit status are the box's own.
exec "${CARGO_TARGET_DIR:-target}/debug/relaybox" dev "${fill[@]}" "$@"
