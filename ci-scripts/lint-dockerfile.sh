#!/usr/bin/env bash
# Lints the Dockerfile.
set -euo pipefail
. "$(dirname "$0")/settings.sh"

hadolint Dockerfile
