#!/usr/bin/env bash
# Pins the base image: writes the digest that its tag has now to ci-scripts/base-digest, which is to be committed: pin-base.sh
set -euo pipefail
. "$(dirname "$0")/settings.sh"

read -r _ digest <<<"$(BASE_DIGEST=none ci-scripts/pull-base.sh "$(docker version --format '{{.Server.Arch}}')")"
[ -n "$digest" ] || fail 'the digest of the base image is not known: no registry can be reached'
say "$digest" >ci-scripts/base-digest
say "✔ Pinned the base image: $digest"
