#!/usr/bin/env bash
# Writes the digests under which the image of a version is published to release/: write-digests.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

{
  say "$(published_digest image) all platforms"
  for architecture in "${architectures[@]}"; do say "$(published_digest "image-$architecture") linux/$architecture"; done
} >release/digests.new
mv release/digests.new "release/$name-$version.image-digests.txt"
