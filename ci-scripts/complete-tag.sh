#!/usr/bin/env bash
# Pushes the missing tag of a version whose commit is already on origin: complete-tag.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

if [ -n "$(git ls-remote origin "refs/tags/$version")" ]; then exit 0; fi
commit=$(git log --format=%H --fixed-strings --grep "Update files for new version '$version' [skip ci]" FETCH_HEAD | tail -n 1)
export GIT_COMMITTER_NAME=${GIT_COMMITTER_NAME:-bitbucket-pipelines} GIT_COMMITTER_EMAIL=${GIT_COMMITTER_EMAIL:-commits-noreply@bitbucket.org}
git tag --annotate --force --message "$version" "$version" "$commit" >/dev/null
git push --quiet origin "refs/tags/$version"
say "Pushed the tag $version, which was missing on origin."
