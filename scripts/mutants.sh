#!/usr/bin/env bash
# Changes the rules of access one expression at a time (cargo-mutants) and runs the tests of their
# crate against each change. A change that no test notices must stand, with a reason, in
# tests/mutants/accepted.csv. Hours on a small machine.
#
#   scripts/mutants.sh                                       all the rules
#   scripts/mutants.sh firmware/protocol/src/permissions.rs  some files
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
use_cargo

version=27.1.0
tools=$PWD/target/tools
out=$PWD/target/mutants
accepted=tests/mutants/accepted.csv
rules=(permissions policy scope admit fold receipts)

files=("$@")
if [ ${#files[@]} -eq 0 ]; then
    for rule in "${rules[@]}"; do
        files+=("firmware/protocol/src/$rule.rs" "firmware/protocol/src/$rule/**/*.rs")
    done
fi

# Unoptimised: it mostly waits for the compiler.
install() {
    [ "$("$tools/bin/cargo-mutants" mutants --version 2>/dev/null)" = "cargo-mutants $version" ] ||
        cargo install cargo-mutants --version "$version" --locked --debug --root "$tools"
}

mutate() {
    local arguments=() file code=0
    for file in "${files[@]}"; do arguments+=(--file "$file"); done
    # Makers of test data are compiled in tests only; a change there proves nothing.
    for file in tests vectors world scribe props; do
        arguments+=(--exclude "**/$file.rs" --exclude "**/$file/**")
    done
    mkdir -p "$out"
    "$tools/bin/cargo-mutants" mutants --package relaybox-protocol --no-shuffle --output "$out" \
        --minimum-test-timeout 60 --cargo-arg=--locked "${arguments[@]}" -- --lib || code=$?
    # 2: something survived, 3: a change made a test hang, which is as good as failing.
    case $code in 0 | 2 | 3) ;; *) return "$code" ;; esac
}

# Survivors by file and change, without line and column: those move with every edit.
judge() {
    local known survivors new
    [ -s "$out/mutants.out/caught.txt" ] || { echo "mutants: no change was tried" >&2; return 1; }
    known=$(mktemp) survivors=$(mktemp)
    # The change stands in double quotes, since it may hold commas.
    sed -n 's/^"\(.*\)",..*$/\1/p' "$accepted" | sort -u >"$known"
    sed -E 's/^([^:]+):[0-9]+:[0-9]+: /\1: /' "$out/mutants.out/missed.txt" | sort -u >"$survivors"
    new=$(comm -13 "$known" "$survivors")
    echo "survivors: $(wc -l <"$survivors"), not accepted: $(printf '%s' "$new" | grep -c . || true)"
    rm -f "$known" "$survivors"
    [ -z "$new" ] || { printf '%s\n' "$new"; return 1; }
}

step "install cargo-mutants" install
step "mutants" mutate
step "survivors" judge
