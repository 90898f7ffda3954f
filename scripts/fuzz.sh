#!/usr/bin/env bash
# Fuzzes the targets of tests/fuzz with libFuzzer, each from its committed corpus and a folder of
# finds that grows from run to run (tests/fuzz/target/finds).
#
#   scripts/fuzz.sh seconds 10             every target for ten seconds
#   scripts/fuzz.sh runs 10000000 event    ten million inputs of one target
#
# An input that breaks a target stays in tests/fuzz/target/broken/<target>; put it into the corpus
# with the mend. The compiler's stable flags are enough: no nightly, no cargo-fuzz; libFuzzer itself
# is C++ and needs g++.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo

all=(frame filter event body legacy receipts policy preface)
unit=${1:-seconds} amount=${2:-10}
shift $(($# < 2 ? $# : 2))
case $unit in
    seconds) limit=-max_total_time=$amount ;;
    runs) limit=-runs=$amount ;;
    *) echo "fuzz: seconds or runs, not $unit" >&2; exit 1 ;;
esac
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")
scripts/setup.sh fuzz

host=$(rustc -vV | sed -n 's/^host: //p')
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
step "build of fuzz targets" build

fuzz() {
    local target=$1
    mkdir -p "target/finds/$target" "target/broken/$target"
    # A stack of one megabyte is less than any thread of the box has: deep nesting shows here first.
    (ulimit -s 1024 && exec "target/$host/release/$target" "$limit" -max_len=8192 -timeout=10 \
        -rss_limit_mb=1024 -dict=fuzz.dict -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="target/broken/$target/" "target/finds/$target" "corpus/$target")
}
for target in "${targets[@]}"; do
    step "fuzz $target" fuzz "$target"
done
