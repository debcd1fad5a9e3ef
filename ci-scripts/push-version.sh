#!/usr/bin/env bash
# Pushes the version's commit and its tag, both or neither: push-version.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

output=$(git push --atomic origin "HEAD:refs/heads/$main_branch" "refs/tags/$version" 2>&1) && exit 0
grep --quiet 'does not support --atomic' <<<"$output" || fail "the push was refused: $output"
# One after the other: if the second push fails, the next run of the release finds the commit and pushes the tag.
git push --quiet origin "HEAD:refs/heads/$main_branch"
git push --quiet origin "refs/tags/$version"
