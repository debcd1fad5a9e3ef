#!/usr/bin/env bash
# Installs the dependencies with `npm ci`, unless it has already done so for this package-lock.json.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

installed=node_modules/.installed-lock.json
if cmp --silent package-lock.json "$installed"; then exit 0; fi
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
cp package-lock.json "$installed"
