#!/usr/bin/env bash
# Scans every file for secrets. With --update, records all findings as known: review the difference.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

# Digests of packages are not secrets.
detect-secrets scan --exclude-files '^package-lock\.json$' | node ci-scripts/compare-secrets.mjs "$@"
