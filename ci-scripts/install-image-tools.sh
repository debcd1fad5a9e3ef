#!/usr/bin/env bash
# install-image-tools.sh DIRECTORY: builds the tools that test/integration/image-tools.test.ts takes images from and checks
# them with (crane, ko, oras, BuildKit, distribution 3). Podman, Buildah, skopeo and umoci come from Debian.
# image-tools/go.mod pins them: as one module, they share dependencies, which saves a quarter of the time.
set -euo pipefail
mkdir -p "$1/bin"
bin=$(realpath "$1/bin")
cd "$(dirname "$0")/image-tools"

# Any Go can fetch the version of go.mod, but those before 1.21, such as Debian 12's, do not do so by themselves.
find_go() {
  local go version
  go=$(PATH=$PATH:/usr/local/go/bin command -v go)
  version=$(sed -n 's/^go //p' go.mod)
  if [ "$(printf '%s\n' "$version" "$("$go" env GOVERSION | sed 's/^go//')" | sort --version-sort | head -1)" != "$version" ]; then
    local platform module
    platform=$("$go" env GOOS)-$("$go" env GOARCH)
    module=golang.org/toolchain@v0.0.1-go$version.$platform
    # Outside of this module, whose go.mod an older Go cannot read.
    go=$(cd / && "$go" mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')/bin/go
    chmod +x "$go" "$(dirname "$go")"/../pkg/tool/*/*
  fi
  printf '%s\n' "$go"
}

go=$(find_go)
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOTOOLCHAIN=local
"$go" build -trimpath -ldflags='-s -w' -o "$bin/" tool
