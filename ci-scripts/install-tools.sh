#!/usr/bin/env bash
# Installs the release tools and linters pinned in tools.txt into their own virtual environment.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

if cmp --silent ci-scripts/tools.txt "$tools/installed.txt"; then exit 0; fi
if ! python3 -c 'import ensurepip' 2>/dev/null; then
  apt-get update --quiet=2
  DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends python3-venv >/dev/null
fi
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check --requirement ci-scripts/tools.txt
cp ci-scripts/tools.txt "$tools/installed.txt"
