#!/usr/bin/env bash
# Checks that an image consists of the files that record-tested.sh has listed, if it has: compare-tested.sh ARCHITECTURE SBOM
set -euo pipefail
. "$(dirname "$0")/settings.sh"
architecture=$1
sbom=$2

tested=$(tested_files "$architecture")
if [ ! -e "$tested" ]; then exit 0; fi
if ! node ci-scripts/list-image-files.mjs "$sbom" | diff "$tested" - >&2; then
  fail "the image for $architecture differs from the one that was tested, as above: its base image or Debian's packages are newer. Run the whole pipeline again"
fi
say "The image for $architecture has the files that were tested."
