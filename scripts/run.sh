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

# A key slot of software security keys, so that the box can be claimed and ceremonies held without hardware. A
# configuration that is given decides about the slot itself.
target=${CARGO_TARGET_DIR:-$PWD/target}
softkey=$target/softkey/debug/softkey
slot=$target/softkey/slot
case " $* " in
*" --config"*) ;;
*)
    if scripts/softkey.sh; then
        # It ends with the box: exec keeps this process.
        "$softkey" "$slot" --with-parent >/dev/null &
        for _ in {1..100}; do
            "$softkey" "$slot" touch desk always >/dev/null 2>&1 && break
            sleep 0.1
        done
        for key in bank demo-one demo-two; do "$softkey" "$slot" touch "$key" always >/dev/null; done
        printf '[vault]\nslot_helper = "%s/relaybox-slot"\nsoft = true\n' "$slot" >"$slot/relaybox.toml"
        fill+=(--config "$slot/relaybox.toml")
    else
        echo "software keys were not built: the box starts without a key slot" >&2
    fi
    ;;
esac

data=.relaybox-dev
before=
for argument in "$@"; do
    case $argument in --data=*) data=${argument#--data=} ;; esac
    [ "$before" = --data ] && data=$argument
    before=$argument
done
sealed=$data/vault/vault.age
case " ${fill[*]} $* " in
*" --empty "*)
    echo "the key slot is soft: \`make key ARGS=desk\` puts a key in, another terminal claims the box" >&2
    ;;
*" --config $slot/"*)
    # A new demo is sealed to the two keys that are in while it starts; then they come out.
    if [ ! -e "$sealed" ] || [[ " $* " = *" --reset "* ]]; then
        for key in demo-one demo-two; do "$softkey" "$slot" insert "$key" >/dev/null; done
        touch "$slot/inserted"
        (
            for _ in {1..600}; do
                [ "$sealed" -nt "$slot/inserted" ] || ! kill -0 $$ && break
                sleep 0.2
            done
            for key in demo-one demo-two; do "$softkey" "$slot" remove "$key"; done
        ) >/dev/null 2>&1 &
    fi
    ;;
esac

# exec: Ctrl-C and the exit status are the box's own.
exec "${CARGO_TARGET_DIR:-target}/debug/relaybox" dev "${fill[@]}" "$@"
