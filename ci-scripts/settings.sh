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

say() { printf '%s\n' "$*"; }
fail() {
  printf '✖ %s\n' "$*" >&2
  exit 1
}
