#!/usr/bin/env bash
# Pushes the tag of a version whose commit is on origin already, unless it is there: complete-tag.sh VERSION COMMIT
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1
commit=$2

if [ -n "$(git ls-remote origin "refs/tags/$version")" ]; then exit 0; fi
export GIT_COMMITTER_NAME=${GIT_COMMITTER_NAME:-bitbucket-pipelines} GIT_COMMITTER_EMAIL=${GIT_COMMITTER_EMAIL:-commits-noreply@bitbucket.org}
git tag --annotate --force --message "$version" "$version" "$commit" >/dev/null
git push --quiet origin "refs/tags/$version"
say "Pushed the tag $version, which was missing on origin."
