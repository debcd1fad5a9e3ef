#!/usr/bin/env bash
# Commits the working tree as a version, in this clone only: commit-version.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

git add --all .changes CHANGELOG.md README.md pipe.yml package.json package-lock.json Dockerfile test/readme/run.svg
if git status --porcelain | grep --invert-match '^[AMDR]  '; then fail 'the release changed more than it commits: the files above'; fi
# Fixed dates: releasing the same commit again gives the same release commit and image.
GIT_AUTHOR_NAME=${GIT_AUTHOR_NAME:-$(git config user.name || say bitbucket-pipelines)}
GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL:-$(git config user.email || say commits-noreply@bitbucket.org)}
GIT_AUTHOR_DATE="@$SOURCE_DATE_EPOCH +0000"
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
git commit --quiet --message "$(release_subject "$version")"
