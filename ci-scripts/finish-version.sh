#!/usr/bin/env bash
# Publishes what build-version.sh has built as VERSION: the image's tag, and the Downloads. Only for who has pushed the version's tag: finish-version.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

ci-scripts/join-platforms.sh "$version"
ci-scripts/write-digests.sh "$version"
ci-scripts/sum-release-files.sh "$version"
ci-scripts/upload-release.sh "$version"
