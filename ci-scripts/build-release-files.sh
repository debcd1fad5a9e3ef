#!/usr/bin/env bash
# Creates release/: the bundle, its SBOM, and the SHA-256 of both, all named after the version: build-release-files.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

rm -rf release
mkdir release
npm run --silent build
cp dist/pipe.js "release/$name-$version.js"
node ci-scripts/write-sbom.mjs "release/$name-$version.cdx.json"
(cd release && sha256sum "$name-$version.js" "$name-$version.cdx.json" >"$name-$version.SHA256SUMS")
