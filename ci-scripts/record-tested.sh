#!/usr/bin/env bash
# Lists the files of an image that has passed its tests, for the release of the same commit: record-tested.sh ARCHITECTURE TAG
set -euo pipefail
. "$(dirname "$0")/settings.sh"
architecture=$1
tag=$2

sbom=$(mktemp)
trap 'rm "$sbom"' EXIT
ci-scripts/copy-image-sbom.sh "$architecture" "$tag" "$sbom"
mkdir -p dist
node ci-scripts/list-image-files.mjs "$sbom" >"$(tested_files "$architecture")"
