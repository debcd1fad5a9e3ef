#!/usr/bin/env bash
# Completes the latest version on origin's main branch, if its release has ended between the push to git and its last file: complete-latest.sh
set -euo pipefail
. "$(dirname "$0")/settings.sh"

git fetch --quiet origin "$main_branch"
released=$(git log -1 --format='%H %s' --extended-regexp --grep "$release_pattern" FETCH_HEAD)
if [ -z "$released" ]; then exit 0; fi
commit=${released%% *}
version=$(sed -E "s/$release_pattern/\1/" <<<"${released#* }")

missing=$(ci-scripts/find-missing.sh "$version")
if [ -z "$missing" ]; then exit 0; fi
say "$version is not complete. Missing: $(paste --serial --delimiters=, <<<"$missing" | sed 's/,/, /g')"
if ! git cat-file -e "$commit:ci-scripts/finish-version.sh" 2>/dev/null; then
  say "It was made by other scripts, which know no way to complete it. RELEASING.md says what to do."
  exit 0
fi
# Below the clone: Bitbucket's engine mounts nothing else.
directory=$PWD/release/unfinished
rm -rf "$directory"
git worktree prune
git worktree add --quiet --detach "$directory" "$commit"
trap 'git worktree remove --force "$directory"' EXIT
export RELEASE_TOOLS=$tools
(
  cd "$directory"
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
  export SOURCE_DATE_EPOCH
  ci-scripts/build-version.sh "$version"
  ci-scripts/complete-tag.sh "$version" "$commit"
  ci-scripts/finish-version.sh "$version"
)
cp --recursive "$directory/release/." release/
say "✔ Completed $version: $workspace/$repository:$version"
