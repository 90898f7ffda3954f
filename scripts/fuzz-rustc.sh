#!/bin/sh
# RUSTC_WRAPPER of scripts/fuzz.sh: coverage that libFuzzer steers by, with compares split into their
# bytes, for our own crates alone. Dependencies stay as they are built for the tests, so that they are
# not built again.
case " $* " in
    *" --crate-name relaybox"*)
        exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
            -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
            -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0 ;;
    *) exec "$@" ;;
esac
