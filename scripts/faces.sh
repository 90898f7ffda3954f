#!/usr/bin/env bash
# Builds the faces (appliance-ui) when their sources are not those of the last build. Needs scripts/setup.sh.
set -euo pipefail
cd "$(dirname "$0")/../appliance-ui"
# Stdout belongs to what is built for: `make run` with --json prints one line there.
exec >&2

stamp=node_modules/.built-sources
# By content, so that a file that went away counts too.
sources() {
    find . \( -name node_modules -o -name dist -o -name e2e \) -prune -o -type f ! -name '*.test.ts*' -print0 |
        sort -z | xargs -0 sha256sum
}
now=$(sources)
if [ -f portal/dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
    exit
fi
start=$SECONDS
echo "building the portal"
rm -f "$stamp"
npm run -s build -- --logLevel warn
printf '%s' "$now" >"$stamp"
echo "built the portal in $((SECONDS - start)) s"
