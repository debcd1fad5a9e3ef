#!/usr/bin/env bash
# Regenerates CHANGELOG.md from .changes: write-changelog.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

changelog=$(semversioner changelog --template ci-scripts/changelog.md.j2 2>/dev/null) || fail 'semversioner changelog failed'
grep --quiet --extended-regexp "^## ${version//./\\.} - [0-9-]+\$" <<<"$changelog" || fail "semversioner's changelog does not contain $version"
printf '%s\n' "$changelog" >CHANGELOG.md
