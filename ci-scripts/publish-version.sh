#!/usr/bin/env bash
# Builds the checked-out commit as VERSION, pushes the image, and uploads the files: publish-version.sh VERSION [PREVIOUS]
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1
previous=${2:-}

ci-scripts/install-dependencies.sh
ci-scripts/build-release-files.sh "$version"
for architecture in "${architectures[@]}"; do
  say "Building the image for $architecture"
  ci-scripts/build-image.sh "$architecture" "$image:$version-$architecture"
  ci-scripts/test-image.sh "$architecture" "$image:$version-$architecture" "$version" "release/$name-$version.js"
  ci-scripts/copy-image-sbom.sh "$architecture" "$image:$version-$architecture" "release/$name-$version.image-$architecture.cdx.json"
done
ci-scripts/sum-release-files.sh "$version"
ci-scripts/push-image.sh "$version" "$previous"
ci-scripts/upload-release.sh "$version"
