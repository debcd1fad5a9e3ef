#!/usr/bin/env bash
# Writes CHANGELOG.md anew from .changes: write-changelog.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

changelog=$(semversioner changelog 2>/dev/null) || fail 'semversioner changelog failed'
grep --quiet --line-regexp --fixed-strings "## $version" <<<"$changelog" || fail "semversioner's changelog does not have $version"
printf '%s\n' "$changelog" >CHANGELOG.md
