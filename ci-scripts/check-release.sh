#!/usr/bin/env bash
# Checks, before anything is changed, that VERSION can be released from here: check-release.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

if [ "$registry" = docker.io ] && { [ -z "${DOCKERHUB_USERNAME:-}" ] || [ -z "${DOCKERHUB_TOKEN:-}" ]; }; then
  fail 'DOCKERHUB_USERNAME and DOCKERHUB_TOKEN are not both set: they are needed to push the image'
fi
if [ -n "$(git ls-remote origin "refs/tags/$version")" ]; then
  fail "the tag $version is on origin already, and $main_branch does not have that version: delete the tag there, or add .changes/$version.json to $main_branch"
fi
