#!/usr/bin/env bash
# Joins the pushed images of this commit as VERSION, the only tag that users refer to: join-platforms.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

options=("--output=release/image.json")
for architecture in "${architectures[@]}"; do options+=(--join "$(platform_tag "$version" "$architecture")"); done
push_image "$version" "${options[@]}"
