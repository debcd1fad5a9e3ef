#!/usr/bin/env bash
# Builds the pipe's image for an architecture, on any architecture: build-image.sh ARCHITECTURE TAG
set -euo pipefail
. "$(dirname "$0")/settings.sh"
architecture=$1
tag=$2

# Bitbucket's engine has no buildx, whose --platform needs an emulator here; the classic builder runs no foreign code.
export DOCKER_BUILDKIT=0
builder=$(docker version --format '{{.Server.Arch}}')
read -r base digest <<<"$(ci-scripts/pull-base.sh "$builder")"
arguments=(--build-arg "BASE=$base")
if [ "$architecture" != "$builder" ]; then
  read -r target digest <<<"$(BASE_DIGEST=$digest ci-scripts/pull-base.sh "$architecture")"
  empty=$(ci-scripts/make-empty-image.sh "$architecture")
  arguments+=(--build-arg "TARGET_BASE=$target" --build-arg "EMPTY=$empty" --build-arg "ARCHITECTURE=$architecture")
fi
labels=(
  "version=$(sed -nE 's/^image: .*:(.+)$/\1/p' pipe.yml)"
  "revision=$(git rev-parse HEAD)"
  "created=$(date --utc --date="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" +%Y-%m-%dT%H:%M:%SZ)"
  "base.name=docker.io/library/$(sed -n 's/^ARG BASE=//p' Dockerfile)"
)
if [ -n "$digest" ]; then labels+=("base.digest=$digest"); fi
# Extra options for the machine, such as a network or a proxy.
read -r -a options <<<"${RELEASE_BUILD_OPTIONS:-}"
docker build --quiet --force-rm --tag "$tag" "${options[@]}" "${arguments[@]}" "${labels[@]/#/--label=org.opencontainers.image.}" .
