#!/usr/bin/env bash
# Adds to RUNTIME the files of Debian bookworm that TARGET's Node.js needs: collect-runtime.sh TARGET RUNTIME FACTS [ARCHITECTURE]
# FACTS gets each package's fields, list of files and licences, as FACTS/debian-VERSION/PACKAGE.
# Nothing in the target is run, so its architecture (amd64 or arm64) may differ from this machine's.
set -euo pipefail

target=$1
runtime=$2
facts=$3
architecture=${4:-$(dpkg --print-architecture)}
case $architecture in
  amd64) triplet=x86_64-linux-gnu ;;
  arm64) triplet=aarch64-linux-gnu ;;
  *) printf 'The image can be built for amd64 and arm64, but not for %s.\n' "$architecture" && exit 1 ;;
esac
libraries=$target/usr/lib/$triplet
node=$target/usr/local/bin/node

dpkg --add-architecture "$architecture"
apt-get update --quiet=2
# The latest versions from Debian's security team: mirrors remove a pinned version when the next one is published.
DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends \
  "binutils-${triplet//_/-}" ca-certificates >/dev/null
packages=$(mktemp -d)
mkdir "$packages/debian-12" "$packages/debian-13"
chmod -R 755 "$packages"
# gcc-12-base has the licences of GCC's libraries.
(cd "$packages/debian-12" && apt-get download --quiet=2 -o APT::Sandbox::User=root \
  "gcc-12-base:$architecture" "libatomic1:$architecture" "libc6:$architecture" "libgcc-s1:$architecture" \
  "libstdc++6:$architecture")
# The next Debian's libdeflate (1.23 instead of 1.14) compresses in 6 to 19 % less time, and needs no newer libc.
# shellcheck disable=SC2016 # apt expands it.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
printf '%s\n' 'Types: deb' "URIs: $mirror" 'Suites: trixie' 'Components: main' \
  'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' >/etc/apt/sources.list.d/trixie.sources
apt-get update --quiet=2
(cd "$packages/debian-13" && apt-get download --quiet=2 -o APT::Sandbox::User=root "libdeflate0:$architecture/trixie")

# The packages' /lib goes here, in the target as in the image.
for root in "$target" "$runtime"; do
  mkdir -p "$root"/usr/lib "$root"/usr/lib64
  ln -s usr/lib "$root/lib"
  ln -s usr/lib64 "$root/lib64"
done
for package in "$packages"/*/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink --directory="$target"
done

# shellcheck disable=SC2016 # dpkg expands it.
fields='{"name":"${Package}","version":"${Version}","architecture":"${Architecture}","source":"${source:Package}","sourceVersion":"${source:Version}"}'
for package in "$packages"/*/*.deb; do
  name=$(dpkg-deb --field "$package" Package)
  fact=$facts/$(basename "$(dirname "$package")")/$name
  mkdir -p "$fact"
  dpkg-deb --show --showformat="$fields" "$package" >"$fact/package.json"
  dpkg-deb --fsys-tarfile "$package" | tar --list >"$fact/files.txt"
  cp --dereference "$target/usr/share/doc/$name/copyright" "$fact/"
done

# collect NAME: copies a shared library and all its dependencies.
collect() {
  local name
  if [ -e "$runtime/usr/lib/$triplet/$1" ]; then return 0; fi
  cp --dereference "$libraries/$1" "$runtime/usr/lib/$triplet/$1"
  for name in $(needed_by "$libraries/$1"); do collect "$name"; done
}

# The dynamic loader is not a dependency of the libraries: the program names it.
needed_by() {
  "$triplet-readelf" --dynamic "$1" | sed -nE '/\[ld-linux/!s/^.*\(NEEDED\).*\[(.*)\]$/\1/p'
}

mkdir -p "$runtime/usr/lib/$triplet" "$runtime/usr/local/bin" "$runtime/etc/ssl/certs"
# Without debug symbols, Node.js is 116 MB instead of 150 MB, and 8 MB less to pull.
"$triplet-strip" -o "$runtime/usr/local/bin/node" "$node"
loader=$("$triplet-readelf" --program-headers "$node" | sed -nE 's/^.*program interpreter: (.*)\]$/\1/p')
cp --dereference "$libraries/$(basename "$loader")" "$runtime$loader"
for name in $(needed_by "$node"); do collect "$name"; done
# The pipe loads this library by name.
collect libdeflate.so.0
# A script of the package makes this file, so that no list has it.
cp /etc/ssl/certs/ca-certificates.crt "$runtime/etc/ssl/certs/"
fact=$facts/debian-12/ca-certificates
mkdir -p "$fact"
dpkg-query --show --showformat="$fields" ca-certificates >"$fact/package.json"
printf './etc/ssl/certs/ca-certificates.crt\n' >"$fact/files.txt"
cp /usr/share/doc/ca-certificates/copyright "$fact/"
chmod -R u=rwX,go=rX "$runtime"
rm -rf /var/lib/apt/lists/* "$packages"
