#!/usr/bin/env bash
# Pushes the tag of a version that is built, and whose commit is on origin already, unless it is there: complete-tag.sh VERSION COMMIT
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1
commit=$2

if [ -n "$(git ls-remote origin "refs/tags/$version")" ]; then exit 0; fi
ci-scripts/tag-version.sh "$version" "$commit"
git push --quiet origin "refs/tags/$version"
say "Pushed the tag $version, which was missing on origin."
