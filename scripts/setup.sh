#!/usr/bin/env bash
# The one set-up script: names what is missing on a Debian 12 machine and installs it.
#
#   scripts/setup.sh         what building and running needs (Node as an npm package, for the faces)
#   scripts/setup.sh tests   also what checks and tests need (a browser; a C++ compiler for libFuzzer)
#   scripts/setup.sh fuzz    only the C++ compiler
#
# Works as root or with sudo. Installs Debian packages only, and npm packages into appliance-ui and tests/node.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
# Stdout belongs to what is set up for: `make run` with --json prints one line there.
exec >&2

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "setup: run as root, or install sudo; needed: $*" >&2
        exit 1
    fi
}

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing=()
want() {
    local package
    for package in "$@"; do installed "$package" || missing+=("$package"); done
}

if command -v dpkg-query >/dev/null; then
    want gcc libc6-dev pkg-config make git ca-certificates
    # The key slot's helper speaks to USB keys through libudev. The software keys keep a small file system in C, whose
    # header is read by libclang.
    [ "${1:-}" = fuzz ] || want libudev-dev libclang1
    command -v npm >/dev/null || [ "${1:-}" = fuzz ] || missing+=(npm)
    [ -n "$(find_cargo)" ] || missing+=(cargo-web rustc-web)
    if [ "${1:-}" = tests ]; then
        # Debian's own compiler has its linter and formatter in packages of their own.
        if [ "$(find_cargo)" = /usr/bin ] || [ -z "$(find_cargo)" ]; then want rust-web-clippy rustfmt-web; fi
        [ -x "${CHROMIUM_BIN:-/usr/bin/chromium}" ] || missing+=(chromium)
    fi
    # libFuzzer is C++.
    if [[ "${1:-}" = tests || "${1:-}" = fuzz ]]; then want g++; fi
    if [ ${#missing[@]} -gt 0 ]; then
        echo "setup: missing: ${missing[*]}"
        # Debian's base archive has Rust 1.85; the security archive, known after an update, has 1.96.
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    fi
fi

if [ -z "$(find_cargo)" ]; then
    echo "setup: no cargo 1.$rust_minor_min or newer. On Debian 12 it comes from the security archive:" >&2
    echo "       add bookworm-security to the sources of apt." >&2
    exit 1
fi

# node_packages FOLDER WHAT: installed again only when the lock file is another one. The copy of it comes last, so that
# an installation that was broken off is done anew.
node_packages() {
    local folder=$1 installed_lock=$1/node_modules/.installed-lock.json start=$SECONDS
    if cmp -s "$folder/package-lock.json" "$installed_lock"; then return; fi
    echo "setup: installing $2 into $folder"
    npm --prefix "$folder" ci --no-audit --no-fund --loglevel=error
    # npm leaves out, without a word, the optional packages that its own Node is too old for (Debian's is 18), and the
    # bundler's machine code is one. So it runs once more under the Node that it has just brought.
    if [ "$(node --version | sed 's/^v\([0-9]*\).*/\1/')" -lt 20 ]; then
        local node
        node=$(mktemp)
        cp "$folder/node_modules/.bin/node" "$node"
        chmod +x "$node"
        NODE_PATH=/usr/share/nodejs:/usr/lib/nodejs "$node" "$(readlink -f "$(command -v npm)")" \
            --prefix "$folder" ci --no-audit --no-fund --loglevel=error
        rm -f "$node"
    fi
    cp "$folder/package-lock.json" "$installed_lock"
    echo "setup: installed in $((SECONDS - start)) s"
}

if [ "${1:-}" != fuzz ]; then
    node_packages appliance-ui "Node and what the faces are built with"
fi
if [ "${1:-}" = tests ]; then
    node_packages tests/node "Node and nostr-tools"
    # Scripts of the guide find nostr-tools above their own folder, as they would in a project of yours.
    ln -sfn ../../tests/node/node_modules docs/guide/node_modules
fi
