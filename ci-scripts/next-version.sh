#!/usr/bin/env bash
# Prints the version that the change files make the next one; nothing where there are none.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

if ! compgen -G '.changes/next-release/*.json' >/dev/null; then exit 0; fi
version=$(semversioner next-version) || fail "semversioner cannot tell the next version: $version"
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "semversioner names a next version that is none: $version"
say "$version"
