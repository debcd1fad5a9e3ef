#!/usr/bin/env bash
# Updates the working tree for a new version, and does nothing else: prepare-version.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
ci-scripts/bump-version.sh "$version"
ci-scripts/write-changelog.sh "$version"
ci-scripts/stamp-version.sh "$version"
