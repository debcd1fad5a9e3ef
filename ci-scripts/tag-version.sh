#!/usr/bin/env bash
# Tags a commit as a version, in this clone only, with what has been built from it: tag-version.sh VERSION COMMIT
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1
commit=$2

GIT_COMMITTER_NAME=$(git log -1 --format=%cn "$commit")
GIT_COMMITTER_EMAIL=$(git log -1 --format=%ce "$commit")
GIT_COMMITTER_DATE=$(git log -1 --format=%cd --date=raw "$commit")
export GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
{
  printf '%s\n\nCHANGELOG.md lists the changes. Built from this commit:\n\n' "$version"
  for architecture in "${architectures[@]}"; do say "$(published_digest "image-$architecture") linux/$architecture"; done
  (cd release && sha256sum "$name-$version.js")
} | git tag --annotate --force --file=- "$version" "$commit" >/dev/null
