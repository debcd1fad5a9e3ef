#!/usr/bin/env bash
# Copies the SBOM out of an image: copy-image-sbom.sh ARCHITECTURE TAG FILE
set -euo pipefail
. "$(dirname "$0")/settings.sh"
architecture=$1
tag=$2
file=$3

container=$(docker create "$tag")
trap 'docker rm --force "$container" >/dev/null' EXIT
docker cp "$container:/dist/sbom.cdx.json" - | tar --extract --to-stdout >"$file"
