#!/usr/bin/env bash
# Writes the SHA-256 of all files of a version in release/: sum-release-files.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

cd release
sums=$name-$version.SHA256SUMS
rm -f "$sums"
sha256sum "$name-$version".* >sums.new
mv sums.new "$sums"
