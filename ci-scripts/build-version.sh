#!/usr/bin/env bash
# Builds and tests the checked-out commit as VERSION, and pushes its platforms under names that nobody refers to: build-version.sh VERSION [PREVIOUS]
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1
previous=${2:-}

ci-scripts/install-dependencies.sh
ci-scripts/build-release-files.sh "$version"
for architecture in "${architectures[@]}"; do
  say "Building the image for $architecture"
  tag=$(platform_tag "$version" "$architecture")
  ci-scripts/build-image.sh "$architecture" "$image:$tag"
  ci-scripts/test-image.sh "$architecture" "$image:$tag" "$version" "release/$name-$version.js"
  sbom=release/$name-$version.image-$architecture.cdx.json
  ci-scripts/copy-image-sbom.sh "$architecture" "$image:$tag" "$sbom"
  ci-scripts/compare-tested.sh "$architecture" "$sbom"
done
ci-scripts/push-platforms.sh "$version" "$previous"
