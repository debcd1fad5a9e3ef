#!/usr/bin/env bash
# Turns the change files into .changes/VERSION.json: bump-version.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

# Its exit code is 0 for some errors, so its result is checked instead.
output=$(semversioner release 2>&1) && status=0 || status=$?
problem=
if ((status != 0)); then problem="exit code $status"; fi
if [ ! -s ".changes/$version.json" ]; then problem="there is no .changes/$version.json"; fi
if compgen -G '.changes/next-release/*.json' >/dev/null; then problem='change files are left'; fi
if [ -z "$problem" ] && [ "$(semversioner current-version)" != "$version" ]; then problem="the version is not $version"; fi
if [ -n "$problem" ]; then fail "semversioner release failed: $problem. Its output: $output"; fi
# Makes the same commit produce the same files, whenever it is released.
date=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%S+00:00)
sed -i -E "s/(\"created_at\": )\"[^\"]*\"/\1\"$date\"/" ".changes/$version.json"
