#!/usr/bin/env bash
# Writes the version and the account into every file that names them: stamp-version.sh VERSION
set -euo pipefail
. "$(dirname "$0")/settings.sh"
version=$1

old=$(sed -nE "s#^image: ([^/]+)/$name:(.+)\$#\1 \2#p" pipe.yml)
read -r old_account old_version <<<"$old"
[ -n "$old_version" ] || fail "pipe.yml's image is not <account>/$name:<version>"
[[ $account =~ ^[a-z0-9][a-z0-9_-]*$ ]] || fail "ci-scripts/account is not a valid account: $account"

sed -i -E \
  -e "s#\b$old_account/$name:${old_version//./\\.}#$account/$name:$version#g" \
  -e "s#\b$old_account/$name\b#$account/$name#g" \
  README.md pipe.yml package.json Dockerfile
sed -i -E -e "s#^(  name: )$old_account\$#\1$account#" -e "s#(bitbucket\.org/)$old_account\$#\1$account#" pipe.yml
# A development version has four parts, which npm does not accept: 1.2.3.45-dev becomes 1.2.3-dev.45.
npm_version=$(sed -E 's/^([0-9]+\.[0-9]+\.[0-9]+)\.([0-9]+)-dev$/\1-dev.\2/' <<<"$version")
npm version --no-git-tag-version --allow-same-version --loglevel=error "$npm_version" >/dev/null

for file in README.md pipe.yml; do
  grep --quiet --fixed-strings "$account/$name:$version" "$file" || fail "$file does not name $account/$name:$version"
done
if grep --line-number "/$name:" README.md pipe.yml | grep --invert-match --fixed-strings "$account/$name:$version"; then
  fail "the lines above name a version other than $account/$name:$version"
fi
