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

# Whose Downloads have the files of a release.
downloads_workspace=${BITBUCKET_WORKSPACE:-$workspace}
downloads_repository=${BITBUCKET_REPO_SLUG:-$repository}
# The endings of these files, after NAME-VERSION.
release_files=(js cdx.json THIRD-PARTY-NOTICES.txt image-digests.txt SHA256SUMS)
for architecture in "${architectures[@]}"; do release_files+=("image-$architecture.cdx.json"); done

# platform_tag VERSION ARCHITECTURE: what the image of this commit has until it is released. Another commit, which may become
# the same version, has other tags.
platform_tag() { printf '%s-%s-%s' "$1" "$(git rev-parse --short=12 HEAD)" "$2"; }

# The subject of a version's commit, and the pattern (POSIX, extended) that finds it, and its version.
release_subject() { printf "Update files for new version '%s' [skip ci]" "$1"; }
release_pattern="^Update files for new version '([0-9]+\\.[0-9]+\\.[0-9]+)' \\[skip ci\\]\$"

# tested_files ARCHITECTURE: the list of record-tested.sh.
tested_files() { printf 'dist/tested-%s.txt' "$1"; }

# published_digest NAME: such as "docker.io/account/image@sha256:…", from the result that the pipe has left in release/NAME.json.
published_digest() {
  # shellcheck disable=SC2016 # JavaScript expands it.
  node --print 'const { items } = JSON.parse(fs.readFileSync(process.argv[1])); `${process.argv[2]}@${items[0].digest}`' \
    "release/$1.json" "${image#docker.io/}"
}

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
