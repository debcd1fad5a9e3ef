#!/usr/bin/env bash
# Pushes the image of each architecture with the pipe itself: push-platforms.sh VERSION [PREVIOUS]
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1
previous=${2:-}

for architecture in "${architectures[@]}"; do
  tag=$(platform_tag "$version" "$architecture")
  push_image "$tag" "--output=release/image-$architecture.json" --reuse "$tag" ${previous:+--reuse "$previous"}
done
