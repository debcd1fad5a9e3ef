#!/usr/bin/env bash
# Gives the engine an image without files for an architecture, and prints its name: make-empty-image.sh ARCHITECTURE
# The classic builder takes the architecture of `FROM scratch` for its own, and that of any other image for the image's.
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
