#!/usr/bin/env bash
# Plants the faults of tests/sim/faults/*.patch, one after the other, in a scratch copy of the sources,
# and lets the simulation look for each with its committed seed (tests/sim/faults/seeds.csv).
#
#   scripts/faults.sh            every patch still applies; nothing is built
#   scripts/faults.sh 2 6        these are found
#   scripts/faults.sh all        all are found
#
# A patch that no longer applies, or a fault that is not found, fails.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo

root=$PWD
scratch=$root/target/faults
built=$scratch/target
seeds=$root/tests/sim/faults/seeds.csv

# The tree as it is here, without what is built. Files keep their times, so that nothing is built
# twice; those that an interrupted run may have left planted are new.
copy() {
    mkdir -p "$scratch"
    local name patch
    for name in Cargo.toml Cargo.lock LICENSE clippy.toml rust-toolchain.toml docs firmware scripts tests; do
        rm -rf "${scratch:?}/$name"
        cp -a "$name" "$scratch/$name"
    done
    for patch in tests/sim/faults/*.patch; do
        (cd "$scratch" && sed -n 's#^+++ b/##p' "$root/$patch" | xargs touch)
    done
}

# A target folder of its own: cargo names what it builds by the place inside the workspace, so that in
# one folder a planted fault would pass for the clean build. What is built of dependencies is copied.
warm() {
    [ -d "$built/debug" ] && return
    mkdir -p "$built/debug/deps"
    cp -a target/debug/build target/debug/.fingerprint "$built/debug/"
    find target/debug/deps -maxdepth 1 -type f \( -name '*.rlib' -o -name '*.rmeta' -o -name '*.so' -o -name '*.d' \) \
        -exec cp -a -t "$built/debug/deps" {} +
}

applies() {
    git apply --check "$1" || { echo "$1 no longer applies: write it anew" >&2; return 1; }
}

# `git apply` in the scratch copy, which is no repository of its own.
plant() {
    (cd "$scratch" && GIT_CEILING_DIRECTORIES=$root/target git apply "$@")
}

# One fault: planted, looked for, taken out again.
seek() {
    local patch=$1 name seed log differed=1
    name=$(basename "$patch" .patch)
    seed=$(sed -n "s/^$name,//p" "$seeds")
    [ -n "$seed" ] || { echo "$name has no seed in tests/sim/faults/seeds.csv" >&2; return 1; }
    plant "$patch"
    log=$scratch/$name.log
    # The same packages and features as everywhere, so that no dependency is built again.
    (cd "$scratch" && CARGO_TARGET_DIR=$built RELAYBOX_SIM_SEEDS="$seed..$((seed + 1))" \
        cargo test --workspace --locked --test sim the_relay_answers -- --nocapture) >"$log" 2>&1 || differed=0
    plant -R "$patch"
    if [ $differed -ne 0 ]; then
        echo "$name was not found with seed $seed" >&2
        return 1
    fi
    if ! grep -q "relay and reference differ for the seeds \[$seed\]" "$log"; then
        echo "$name: the run failed, but not by a difference:" >&2
        tail -20 "$log" >&2
        return 1
    fi
    echo "$name: seed $seed, $(sed -n "s/^seed $seed: //p" "$log" | cut -c1-160)"
}

for patch in tests/sim/faults/*.patch; do
    applies "$patch"
done
[ "$(ls tests/sim/faults/*.patch | wc -l)" -ge 7 ] || { echo "seven faults at least" >&2; exit 1; }
[ $# -gt 0 ] || exit 0
copy
[ ! -d target/debug/.fingerprint ] || warm
for patch in tests/sim/faults/*.patch; do
    number=$(basename "$patch")
    number=${number%%-*}
    if [ "$1" = all ] || [[ " $* " == *" $number "* ]]; then
        step "fault $number" seek "$root/$patch"
    fi
done
