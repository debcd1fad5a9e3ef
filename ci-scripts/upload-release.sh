#!/usr/bin/env bash
# Uploads release/ to the repository's Downloads with the newly built image: upload-release.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

export TOKEN=$REPOSITORY_ACCESS_TOKEN WORKSPACE=$downloads_workspace REPOSITORY=$downloads_repository
# Extra options for testing, such as a network.
read -r -a options <<<"${RELEASE_DOCKER_OPTIONS:-}"
if [ -n "${RELEASE_API_URL:-}" ]; then options+=("--env=API_URL=$RELEASE_API_URL"); fi
docker run --rm --volume "$PWD/release:$PWD/release:ro" --workdir "$PWD/release" "${options[@]}" \
  --env TOKEN --env WORKSPACE --env REPOSITORY --env "FILENAME=$name-$version.*" \
  --env "EXTRA_ARGS=['--verify=content', '--no-report']" \
  "$image:$(platform_tag "$version" "$(docker version --format '{{.Server.Arch}}')")"
