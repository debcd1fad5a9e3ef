#!/usr/bin/env bash
# Lints every shell script in the repository.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

git ls-files -z -- '*.sh' .ci/run | xargs --null shellcheck --external-sources --source-path=SCRIPTDIR
