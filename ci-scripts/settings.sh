# shellcheck shell=bash
# Shared settings of the release scripts, which source it. Changes to the repository's root.
# shellcheck disable=SC2034

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
. ci-scripts/names.sh
# Of the product, whoever releases it.
name=bitbucket-upload-package
architectures=(amd64 arm64)
main_branch=${RELEASE_BRANCH:-main}
registry=${RELEASE_REGISTRY:-docker.io}
image=$registry/$account/$image_name
tools=${RELEASE_TOOLS:-$PWD/.venv}
# The tools installed by install-tools.sh.
PATH=$tools/bin:$PATH
export PATH

# The endings of the files in Downloads, after NAME-VERSION.
release_files=(js cdx.json THIRD-PARTY-NOTICES.txt SHA256SUMS)
for architecture in "${architectures[@]}"; do release_files+=("image-$architecture.cdx.json"); done

# platform_tag VERSION ARCHITECTURE: what the image of this commit has until it is released. Another commit, which may become
# the same version, has other tags.
platform_tag() { printf '%s-%s-%s' "$1" "$(git rev-parse --short=12 HEAD)" "$2"; }

# push_image TAG OPTION...: has the pipe publish IMAGE:TAG.
push_image() {
  local tag=$1 options=() option
  shift
  for option in --no-report "$@"; do options+=("EXTRA_ARGS_$((${#options[@]}))=$option"); done
  env "${options[@]}" "EXTRA_ARGS_COUNT=${#options[@]}" TYPE=image "IMAGE=$image:$tag" \
    USERNAME="${DOCKERHUB_USERNAME:-}" TOKEN="${DOCKERHUB_TOKEN:-}" node ci-scripts/run.mjs dist/pipe.js
}

say() { printf '%s\n' "$*"; }
fail() {
  printf '✖ %s\n' "$*" >&2
  exit 1
}
