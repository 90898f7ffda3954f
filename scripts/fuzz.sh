#!/usr/bin/env bash
# Fuzzes the targets of tests/fuzz with libFuzzer, each from its committed corpus and a folder of
# finds that grows from run to run (tests/fuzz/target/finds).
#
#   scripts/fuzz.sh seconds 60             every target for a minute
#   scripts/fuzz.sh runs 10000000 event    ten million inputs of one target
#   scripts/fuzz.sh quick 10               every target for ten seconds, two at a time, as `make test`
#                                          does: with the build of the tests, which is slower to run
#                                          and takes a minute to make, not six
#
# An input that breaks a target stays in tests/fuzz/target/broken/<target>; put it into the corpus
# with the mend. The compiler's stable flags are enough: no nightly, no cargo-fuzz; libFuzzer itself
# is C++ and needs g++.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo

root=$PWD built=${CARGO_TARGET_DIR:-$PWD/target}
all=(frame filter event body legacy receipts policy preface)
unit=${1:-seconds} amount=${2:-10}
shift $(($# < 2 ? $# : 2))
case $unit in
    seconds | quick) limit=-max_total_time=$amount ;;
    runs) limit=-runs=$amount ;;
    *) echo "fuzz: seconds, runs or quick, not $unit" >&2; exit 1 ;;
esac
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")
scripts/setup.sh fuzz

cd tests/fuzz
# The coverage that libFuzzer steers by, with compares split into their bytes. --target keeps the
# flags from build scripts and macros.
build() {
    env -u CARGO_BUILD_RUSTFLAGS -u CARGO_TARGET_DIR RUSTFLAGS="-Cpasses=sancov-module \
        -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares \
        -Cllvm-args=-simplifycfg-branch-fold-threshold=0" \
        cargo build --release --locked --bins --target "$host" --target-dir target
}

# The same of our own crates alone, beside what the tests have built.
build_quick() {
    RUSTC_WRAPPER=$root/scripts/fuzz-rustc.sh cargo build --locked --quiet --bins --target-dir "$built"
}

if [ "$unit" = quick ]; then
    programs=$built/debug
    step "build of fuzz targets" build_quick
else
    host=$(rustc -vV | sed -n 's/^host: //p')
    programs=target/$host/release
    step "build of fuzz targets" build
fi

fuzz() {
    local target=$1
    mkdir -p "target/finds/$target" "target/broken/$target"
    # A stack of one megabyte is less than any thread of the box has: deep nesting shows here first.
    (ulimit -s 1024 && exec "$programs/$target" "$limit" -max_len=8192 -timeout=10 \
        -rss_limit_mb=1024 -dict=fuzz.dict -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="target/broken/$target/" "target/finds/$target" "corpus/$target")
}
# One line of what was done; all of it when something was found.
fuzz_told() {
    local log=target/$1.log
    fuzz "$1" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
    echo "fuzz $1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs in ${amount} s"
}

# Two at a time, since a target uses one core; the first that fails fails all.
fuzz_all() {
    printf '%s\n' "${targets[@]}" | xargs -P 2 -I TARGET bash -c 'fuzz_told TARGET'
}

if [ "$unit" = quick ]; then
    mkdir -p target
    export programs limit amount
    export -f fuzz fuzz_told
    step fuzz fuzz_all
else
    for target in "${targets[@]}"; do
        step "fuzz $target" fuzz "$target"
    done
fi
