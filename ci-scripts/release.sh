#!/usr/bin/env bash
# Releases the changes that the change files describe, as RELEASING.md explains: everything that can fail comes before the one push.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

start=$(git rev-parse HEAD)
state=$(ci-scripts/find-released.sh)
if [ "$state" = superseded ]; then
  say "Nothing released: $main_branch has newer commits than $start, and their release includes it."
  exit 0
elif [ "$state" != current ]; then
  ci-scripts/complete-tag.sh "$state"
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
  say "✖ $version is not released. Nothing refers to it yet: run the release again." >&2
}
trap take_back EXIT
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

say "Releasing $previous -> $version"
ci-scripts/prepare-version.sh "$version"
ci-scripts/commit-version.sh "$version"
ci-scripts/publish-version.sh "$version" "$previous"
ci-scripts/push-version.sh "$version"
trap - EXIT
say "✔ Released $version: $workspace/$repository:$version"
