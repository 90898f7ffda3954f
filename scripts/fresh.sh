#!/usr/bin/env bash
# `make fresh`: proves `make run` and `make test` in an empty Debian 12.
#
#   scripts/fresh.sh [FOLDER]    keeps the folder when one is named
#
# Makes a base system with debootstrap, puts a clone of HEAD into it and nothing else, and runs both
# commands there. Needs root and about 8 GB. The mirror and the ways to the registries (proxies,
# certificates) are those of this machine, read at run time.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh

[ "$(id -u)" = 0 ] || exec sudo "$0" "$@"
command -v debootstrap >/dev/null || { apt-get update -qq; apt-get install -y -qq --no-install-recommends debootstrap; }

folder=${1:-$(mktemp -d -p "${TMPDIR:-/var/tmp}" relaybox-fresh.XXXXXX)}
keep=${1:+yes}
mkdir -p "$folder"

cleanup() {
    local mount
    for mount in dev proc; do
        if mountpoint -q "$folder/$mount"; then umount "$folder/$mount"; fi
    done
    [ -n "$keep" ] || rm -rf --one-file-system "$folder"
}
trap cleanup EXIT

# The archive this machine uses for bookworm's base; the first URI of its sources.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -v security | head -1)
[ -n "$mirror" ] || { echo "fresh: apt knows no archive" >&2; exit 1; }

base_system() {
    [ -x "$folder/usr/bin/apt-get" ] ||
        debootstrap --variant=minbase --include=ca-certificates,git,make bookworm "$folder" "$mirror"
}

# apt's sources and settings, proxies' certificates, and the clients' own settings: a chroot reaches the
# registries only as its host does.
same_ways_out() {
    local path
    rm -f "$folder/etc/apt/sources.list"
    for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d \
        /etc/resolv.conf /etc/hosts /etc/ssl/certs /usr/local/share/ca-certificates /etc/npmrc \
        /usr/etc/npmrc /etc/pip.conf "$HOME/.npmrc" "$HOME/.cargo/config.toml" "$HOME/.gitconfig"; do
        [ -e "$path" ] || continue
        mkdir -p "$folder$(dirname "$path")"
        cp -rL --no-preserve=ownership "$path" "$folder$(dirname "$path")/"
    done
    mount -t proc proc "$folder/proc"
    mount --bind /dev "$folder/dev"
}

inside() {
    local variables=() name
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [ -z "${!name:-}" ] || variables+=("$name=${!name}")
    done
    chroot "$folder" env -i HOME="$HOME" PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb \
        "${variables[@]}" bash -c "cd /srv/relaybox && $1"
}

clone() {
    rm -rf "$folder/srv/relaybox"
    git clone --quiet --no-hardlinks . "$folder/srv/relaybox"
    git -C "$folder/srv/relaybox" remote remove origin
}

# `make run` stays in the foreground: it is up when it prints its line, and must end on Ctrl-C. It runs
# as a job of its own, so that the signal reaches it and nothing else.
run_starts_and_stops() {
    inside '
        set -m
        make run ARGS="--json --listen 127.0.0.1:0" >run.out 2>run.err & job=$!
        until grep -q "\"ready\":true" run.out; do
            kill -0 $job 2>/dev/null || { cat run.err; exit 1; }
            sleep 1
        done
        kill -INT -- -$job
        # make tells the interrupt as a failure of its own.
        wait $job || true
        if kill -0 -- -$job 2>/dev/null; then echo "make run did not end" >&2; exit 1; fi
        grep "^built in" run.err'
}

step "base system" base_system
step "settings" same_ways_out
step "clone" clone
step "make run" run_starts_and_stops
step "make test" inside "make test"
