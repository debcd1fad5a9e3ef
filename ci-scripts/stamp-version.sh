#!/usr/bin/env bash
# Writes the version, and the names of names.sh, into every file that has them: stamp-version.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

for part in "$workspace" "$repository" "$account" "$image_name"; do
  [[ $part =~ ^[a-z0-9][a-z0-9._-]*$ ]] || fail "ci-scripts/names.sh has a name that is not valid: $part"
done
old_image=$(sed -nE 's#^image: ([^/]+/[^/:]+):(.+)$#\1 \2#p' pipe.yml)
read -r old_image old_version <<<"$old_image"
[ -n "$old_version" ] || fail "pipe.yml's image is not ACCOUNT/IMAGE:VERSION"
old_path=$(sed -nE 's#^repository: https://bitbucket\.org/([^/]+/[^/]+)$#\1#p' pipe.yml)
[ -n "$old_path" ] || fail "pipe.yml's repository is not https://bitbucket.org/WORKSPACE/REPOSITORY"
path=$workspace/$repository
image_path=$account/$image_name

# The path of the repository and that of the image may be the same, so what is before one tells which it is.
escaped() { printf '%s' "${1//./\\.}"; }
sed -i -E \
  -e "s#\bpipe: $(escaped "$old_path"):$(escaped "$old_version")#pipe: $path:$version#g;t" \
  -e "s#\bpipe: $(escaped "$old_path")([^-.[:alnum:]]|\$)#pipe: $path\1#g;t" \
  -e "s#(bitbucket\.org/)$(escaped "$old_path")([^-.[:alnum:]]|\$)#\1$path\2#g" \
  -e "s#\b$(escaped "$old_image"):$(escaped "$old_version")#$image_path:$version#g" \
  README.md pipe.yml package.json Dockerfile test/readme/run.svg
old_workspace=$(escaped "${old_path%/*}")
sed -i -E -e "s#^(  name: )$old_workspace\$#\1$workspace#" -e "s#(bitbucket\.org/)$old_workspace\$#\1$workspace#" pipe.yml
# A development version has four parts, which npm does not accept: 1.2.3.45-dev becomes 1.2.3-dev.45.
npm_version=$(sed -E 's/^([0-9]+\.[0-9]+\.[0-9]+)\.([0-9]+)-dev$/\1-dev.\2/' <<<"$version")
npm version --no-git-tag-version --allow-same-version --loglevel=error "$npm_version" >/dev/null

grep --quiet --fixed-strings "pipe: $path:$version" README.md || fail "README.md does not name $path:$version"
grep --quiet --line-regexp --fixed-strings "image: $image_path:$version" pipe.yml || fail "pipe.yml does not name $image_path:$version"
if grep --line-number --extended-regexp "($(escaped "$path")|$(escaped "$image_path")):" README.md pipe.yml |
  grep --invert-match --extended-regexp "($(escaped "$path")|$(escaped "$image_path")):$(escaped "$version")"; then
  fail "the lines above name a version other than $version"
fi
