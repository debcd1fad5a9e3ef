#!/usr/bin/env bash
# Prints what a released version lacks, a line each: its tag, its image, its Downloads: find-missing.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

if [ -z "$(git ls-remote origin "refs/tags/$version")" ]; then say "the tag $version"; fi
if ! output=$(docker pull --quiet "$image:$version" 2>&1); then
  grep --quiet --ignore-case --extended-regexp 'manifest.* unknown|not found|does not exist' <<<"$output" ||
    fail "cannot tell whether $image:$version is there: $output"
  say "the image $image:$version"
fi
downloads=$(node ci-scripts/list-downloads.mjs "$downloads_workspace" "$downloads_repository")
for file in "${release_files[@]}"; do
  if ! grep --quiet --line-regexp --fixed-strings "$name-$version.$file" <<<"$downloads"; then
    say "the download $name-$version.$file"
  fi
done
