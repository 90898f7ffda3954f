# A relay under a real journal, in name spaces of its own: journald needs /run and no systemd.
# Arguments: a folder with the relay's configuration and directories, and the binary. Prints what the
# journal holds as JSON lines, once it holds the warning that a relay without a box key gives.
set -eu
folder=$1 relaybox=$2
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
"${JOURNALD:-/lib/systemd/systemd-journald}" &
until [ -S /run/systemd/journal/stdout ] && [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
# systemd-cat joins standard error to the journal as a unit has it; systemd says so in JOURNAL_STREAM.
systemd-cat --identifier=stderr bash -c \
    'JOURNAL_STREAM=$(stat --dereference --format=%d:%i /proc/self/fd/2) exec "$@"' bash \
    "$relaybox" relay --config "$folder/relaybox.toml" --state "$folder/state" \
    --credentials "$folder/credentials" --sockets "$folder/run" &
role=$!
journal() { journalctl --directory=/run/log/journal --output=json "$@"; }
grep --quiet --max-count=1 'the box key is missing' < <(journal --follow --lines=all)
kill -TERM $role
wait $role
journal --identifier=relaybox --identifier=stderr
