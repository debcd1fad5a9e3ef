#!/usr/bin/env bash
# Pushes the image of this commit as X.Y.Z.<build>-dev for testing: no commit, no tag, no Downloads.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

[ -z "$(git status --porcelain)" ] || fail "the working tree has changes: commit or stash them"
next=$(ci-scripts/next-version.sh)
version=${next:-$(semversioner current-version)}.${BITBUCKET_BUILD_NUMBER:?is the number in the version}-dev
trap 'git checkout --quiet -- .' EXIT

say "Building $version"
ci-scripts/install-dependencies.sh
ci-scripts/stamp-version.sh "$version"
ci-scripts/build-release-files.sh "$version"
for architecture in "${architectures[@]}"; do
  ci-scripts/build-image.sh "$architecture" "$image:$version-$architecture"
  ci-scripts/test-image.sh "$architecture" "$image:$version-$architecture" "$version" "release/$name-$version.js"
done
ci-scripts/push-image.sh "$version"
say "✔ Pushed $account/$image_name:$version"
