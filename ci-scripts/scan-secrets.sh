#!/usr/bin/env bash
# Scans every file for secrets. With --update, takes those that it finds for known ones: look at the difference.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

# Digests of packages are none.
detect-secrets scan --exclude-files '^package-lock\.json$' | node ci-scripts/compare-secrets.mjs "$@"
