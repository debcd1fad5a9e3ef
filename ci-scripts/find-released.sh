#!/usr/bin/env bash
# Compares HEAD with origin's main branch: prints "current", "superseded", or the version that was released from HEAD.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

git fetch --quiet origin "$main_branch"
main=$(git rev-parse FETCH_HEAD)
head=$(git rev-parse HEAD)
if [ "$head" = "$main" ]; then
  say current
elif ! git merge-base --is-ancestor "$head" "$main"; then
  if [[ $(git log -1 --format=%s) =~ $release_pattern ]]; then
    fail "HEAD ($head) is the commit of a release that was killed before its push: git reset --hard HEAD~1"
  fi
  fail "HEAD ($head) is not part of origin's $main_branch ($main): release a commit of that branch"
else
  released=$(git log --format='%P %s' "$head..$main" | sed -n "s/^$head //p" | sed -nE "s/$release_pattern/\1/p")
  say "${released:-superseded}"
fi
