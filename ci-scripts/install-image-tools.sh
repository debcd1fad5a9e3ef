#!/usr/bin/env bash
# install-image-tools.sh DIRECTORY: builds the tools that test/integration/image-tools.test.ts takes images from and checks
# them with. Podman, Buildah, skopeo and umoci come from Debian. Needs Go 1.21 or later, which fetches a newer one by itself.
set -euo pipefail

directory=$1
mkdir -p "$directory/bin"
export GOBIN=$directory/bin CGO_ENABLED=0 GOFLAGS=
tools=(
  github.com/google/go-containerregistry/cmd/crane@v0.22.1
  github.com/google/ko@v0.19.1
  oras.land/oras/cmd/oras@v1.3.6
)
# `go install` refuses modules that replace or exclude others: these are built in a copy of their source.
modules=(
  github.com/distribution/distribution/v3@v3.1.2
  github.com/moby/buildkit@v0.34.2
)
declare -A commands=(
  [github.com/distribution/distribution/v3@v3.1.2]=registry
  [github.com/moby/buildkit@v0.34.2]='buildctl buildkitd'
)

for tool in "${tools[@]}"; do
  name=$(basename "${tool%@*}")
  [ -x "$GOBIN/$name" ] || go install -trimpath -ldflags='-s -w' "$tool"
done
for module in "${modules[@]}"; do
  read -r -a names <<<"${commands[$module]}"
  if [ -x "$GOBIN/${names[0]}" ]; then continue; fi
  path=$(go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
  rm -rf "$directory/source"
  cp -r "$path" "$directory/source"
  chmod -R u+w "$directory/source"
  for name in "${names[@]}"; do
    (cd "$directory/source" && go build -mod=mod -trimpath -ldflags='-s -w' -o "$GOBIN/$name" "./cmd/$name")
  done
  rm -rf "$directory/source"
done
