#!/usr/bin/env bash
# Creates release/: the bundle, its SBOM and the notices of its modules, all named after the version: build-release-files.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

rm -rf release
mkdir release
npm run --silent build
cp dist/pipe.js "release/$name-$version.js"
cp dist/sbom.cdx.json "release/$name-$version.cdx.json"
cp dist/THIRD-PARTY-NOTICES.txt "release/$name-$version.THIRD-PARTY-NOTICES.txt"
