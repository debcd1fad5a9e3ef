#!/usr/bin/env bash
# Checks that an image is ready for release: test-image.sh ARCHITECTURE TAG VERSION BUNDLE
set -euo pipefail
. "$(dirname "$0")/settings.sh"
architecture=$1
tag=$2
version=$3
bundle=$4

[ "$(docker image inspect --format '{{.Os}}/{{.Architecture}}' "$tag")" = "linux/$architecture" ] || fail "$tag is not for linux/$architecture"
container=$(docker create "$tag")
trap 'docker rm --force "$container" >/dev/null' EXIT
docker cp "$container:/dist/pipe.js" - | tar --extract --to-stdout | cmp --quiet - "$bundle" || fail "$tag does not contain $bundle"
pipe_yml=$(docker cp "$container:/pipe.yml" - | tar --extract --to-stdout)
grep --quiet --line-regexp --fixed-strings "image: $account/$image_name:$version" <<<"$pipe_yml" ||
  fail "the pipe.yml in $tag is not that of $version"
if [ "$architecture" = "$(docker version --format '{{.Server.Arch}}')" ]; then
  output=$(docker run --rm --network=none "$tag") && status=0 || status=$?
  if ((status != 1)) || ! grep --quiet 'Validation errors' <<<"$output"; then fail "$tag does not start correctly: $output"; fi
fi
