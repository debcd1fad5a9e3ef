#!/usr/bin/env bash
# Releases the changes that the change files describe, as RELEASING.md explains: whoever pushes the version's tag first publishes it.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

start=$(git rev-parse HEAD)
[ -z "$(git status --porcelain)" ] || fail 'the working tree has changes: commit or stash them. After a release that was killed: git reset --hard'
[ -n "${REPOSITORY_ACCESS_TOKEN:-}" ] || fail 'REPOSITORY_ACCESS_TOKEN is not set: it is needed for the Downloads of the repository'
ci-scripts/complete-latest.sh
state=$(ci-scripts/find-released.sh)
if [ "$state" = superseded ]; then
  say "Nothing released: $main_branch has newer commits than $start, and their release includes it."
  exit 0
elif [ "$state" != current ]; then
  say "Nothing to do: $state is already released from $start."
  exit 0
fi
version=$(ci-scripts/next-version.sh)
if [ -z "$version" ]; then
  say 'Nothing to release: there are no change files in .changes/next-release.'
  exit 0
fi
previous=$(semversioner current-version)
ci-scripts/check-release.sh "$version"

# A failure leaves this clone unchanged.
take_back() {
  git tag --delete "$version" >/dev/null 2>&1 || true
  git reset --quiet --hard "$start"
  git clean --quiet --force .changes
}
give_up() {
  take_back
  say "✖ $version is not released. Nothing refers to it yet: run the release again." >&2
}
trap give_up EXIT
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

say "Releasing $previous -> $version"
ci-scripts/prepare-version.sh "$version"
ci-scripts/commit-version.sh "$version"
ci-scripts/build-version.sh "$version" "$previous"
ci-scripts/tag-version.sh "$version" HEAD
if ! ci-scripts/push-version.sh "$version"; then
  git fetch --quiet origin "$main_branch"
  if [ "$(git rev-parse FETCH_HEAD)" = "$start" ] || ! git merge-base --is-ancestor "$start" FETCH_HEAD; then exit 1; fi
  trap - EXIT
  take_back
  say "Nothing released: $main_branch has got newer commits meanwhile, and their release includes $start."
  exit 0
fi
trap 'say "✖ $version is tagged, but not complete: run the release again." >&2' EXIT
ci-scripts/finish-version.sh "$version"
trap - EXIT
say "✔ Released $version: $workspace/$repository:$version"
