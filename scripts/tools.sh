# Sourced by the other scripts: finds the compiler and keeps the count of seconds. No side effects
# but PATH.

# Oldest Rust that builds the workspace (rust-version in Cargo.toml).
rust_minor_min=95

# Prints the folder of the first cargo that is new enough, or nothing.
find_cargo() {
    local candidate minor
    for candidate in "$(command -v cargo || true)" "$HOME/.cargo/bin/cargo" /usr/bin/cargo; do
        [ -x "$candidate" ] || continue
        # A rustup proxy without a tool chain fails here, and counts as absent.
        minor=$("$candidate" --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p')
        if [ -n "$minor" ] && [ "$minor" -ge "$rust_minor_min" ]; then
            dirname "$candidate"
            return
        fi
    done
}

# Puts that folder first in PATH, so that cargo, rustc, clippy and rustfmt are of one release.
use_cargo() {
    local folder
    folder=$(find_cargo)
    [ -n "$folder" ] || { echo "no cargo 1.$rust_minor_min or newer: run scripts/setup.sh" >&2; return 1; }
    PATH="$folder:$PATH"
    export PATH
}

# step NAME COMMAND…: runs the command and says how long it took.
step() {
    local name=$1 start=$SECONDS
    shift
    echo "== $name"
    "$@" || { echo "== $name failed after $((SECONDS - start)) s" >&2; return 1; }
    echo "== $name took $((SECONDS - start)) s"
}
