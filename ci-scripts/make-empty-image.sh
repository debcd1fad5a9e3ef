#!/usr/bin/env bash
# Loads an image without files for an architecture into the engine, and prints its name: make-empty-image.sh ARCHITECTURE
# For `FROM scratch`, the classic builder uses its own architecture; for any other base, that of the base.
set -euo pipefail
. "$(dirname "$0")/settings.sh"
architecture=$1

empty=$name-empty:$architecture
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}' "$architecture" >"$directory/config.json"
printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":[]}]' "$empty" >"$directory/manifest.json"
tar --create --directory="$directory" . | docker load --quiet >&2
say "$empty"
