#!/usr/bin/env bash
# Pushes the image of each architecture with the pipe itself, and joins them as VERSION: push-image.sh VERSION [PREVIOUS]
# The version's own tag, the only one that users refer to, comes last.
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1
previous=${2:-}

# push TAG OPTION...
push() {
  local tag=$1 options=() option
  shift
  for option in --no-report "$@"; do options+=("EXTRA_ARGS_$((${#options[@]}))=$option"); done
  env "${options[@]}" "EXTRA_ARGS_COUNT=${#options[@]}" TYPE=image "IMAGE=$image:$tag" \
    USERNAME="${DOCKERHUB_USERNAME:-}" TOKEN="${DOCKERHUB_TOKEN:-}" node ci-scripts/run.mjs dist/pipe.js
}

tags=()
for architecture in "${architectures[@]}"; do
  tag=$version-$architecture
  push "$tag" "--output=release/image-$architecture.json" --reuse "$tag" ${previous:+--reuse "$previous-$architecture"}
  tags+=(--join "$tag")
done
push "$version" "--output=release/image.json" "${tags[@]}"
