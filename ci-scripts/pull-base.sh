#!/usr/bin/env bash
# Prints the engine's id of the Dockerfile's base for an architecture, and its digest if known: pull-base.sh ARCHITECTURE
# BASE_IMAGE_AMD64 and BASE_IMAGE_ARM64 select other bases; an image that only the engine has is used as it is.
# BASE_DIGEST, or else the file base-digest, is the digest to pull; without either, and with BASE_DIGEST=none, the tag says which.
set -euo pipefail
. "$(dirname "$0")/settings.sh"
architecture=$1

given=BASE_IMAGE_${architecture^^}
base=${!given:-$(sed -n 's/^ARG BASE=//p' Dockerfile)}
digest=${BASE_DIGEST:-$(cat ci-scripts/base-digest 2>/dev/null || true)}
if [ "${digest:-none}" != none ] && [ -z "${!given:-}" ]; then base=${base%%@*}@$digest; fi
repository=${base%%@*}
if [[ ${repository##*/} == *:* ]]; then repository=${repository%:*}; fi
host=docker.io
if [[ $base =~ ^([^/]+[.:][^/]*)/ ]]; then host=${BASH_REMATCH[1]}; fi
# Anonymous pulls are limited for each address, and those of Pipelines are shared. The password goes to its registry only.
if [ "$host" != "$registry" ] || [ -z "${DOCKERHUB_USERNAME:-}" ] || [ -z "${DOCKERHUB_TOKEN:-}" ]; then
  unset DOCKERHUB_USERNAME DOCKERHUB_TOKEN
fi

is_present() { [ "$(docker image inspect --format '{{.Architecture}}' "$base" 2>/dev/null)" = "$architecture" ]; }
log_in() {
  if [ -z "${DOCKERHUB_USERNAME:-}" ]; then return; fi
  DOCKER_CONFIG=$(mktemp -d)
  export DOCKER_CONFIG
  trap 'rm -rf "$DOCKER_CONFIG"' EXIT
  docker login --username "$DOCKERHUB_USERNAME" --password-stdin "$host" <<<"$DOCKERHUB_TOKEN" >/dev/null
}
# Pulls an image of another architecture by its own digest, because Bitbucket's engine refuses --platform.
pull_foreign() {
  local name=${base#"$host"/} digests
  if [[ $host == docker.io && $name != */* ]]; then name=library/$name; fi
  digests=$(node ci-scripts/run.mjs ci-scripts/find-platform.mjs "$host/$name" "$architecture") || return
  docker pull --quiet "$repository@${digests#* }" >&2 || return
  base=$repository@${digests#* }
  index=${digests% *}
}
pull() {
  log_in
  if [ "$architecture" = "$(docker version --format '{{.Server.Arch}}')" ]; then
    docker pull --quiet "$base" >&2
  else
    pull_foreign
  fi
}

index=
if [ -z "${!given:-}" ] || ! is_present; then
  pull || true
  is_present ||
    fail "the base image $base for $architecture is not on this machine and cannot be pulled: set $given to another image"
fi
read -r id digest <<<"$(docker image inspect --format '{{.Id}}{{range .RepoDigests}} {{.}}{{end}}' "$base" |
  sed -E "s#^([^ ]+)(.* (docker\.io/(library/)?)?$repository@([^ ]+))?.*#\1 \5#")"
# What the tag names has the digest of the index.
say "$id ${index:-$digest}"
