#!/usr/bin/env bash
# Prints the next version according to the change files, or nothing if there are none.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

if ! compgen -G '.changes/next-release/*.json' >/dev/null; then exit 0; fi
version=$(semversioner next-version) || fail "semversioner cannot determine the next version: $version"
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "semversioner's next version is not valid: $version"
say "$version"
