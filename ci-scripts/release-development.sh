#!/usr/bin/env bash
# Pushes the image of this commit as X.Y.Z.<build>-dev for testing: no commit, no tag, no Downloads.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

[ -z "$(git status --porcelain)" ] || fail "the working tree has changes: commit or stash them"
next=$(ci-scripts/next-version.sh)
version=${next:-$(semversioner current-version)}.${BITBUCKET_BUILD_NUMBER:?is the number in the version}-dev
trap 'git checkout --quiet -- .' EXIT

say "Building $version"
ci-scripts/stamp-version.sh "$version"
ci-scripts/build-version.sh "$version"
ci-scripts/join-platforms.sh "$version"
say "✔ Pushed $account/$image_name:$version"
