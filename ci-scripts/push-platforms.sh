#!/usr/bin/env bash
# Pushes the image of each architecture with the pipe itself: push-platforms.sh VERSION [PREVIOUS]
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1
previous=${2:-}
# Each step that uses the pipe pulls the image, and 12 makes it 4 % smaller than the default, for 15 s of a processor, once.
level=${RELEASE_COMPRESSION_LEVEL:-12}

for architecture in "${architectures[@]}"; do
  tag=$(platform_tag "$version" "$architecture")
  push_image "$tag" "--output=release/image-$architecture.json" "--compression-level=$level" --reuse "$tag" ${previous:+--reuse "$previous"}
done
