#!/usr/bin/env bash
# Installs a Node.js and an npm into a directory of their own: fetch-node.sh NODE NPM DIRECTORY
set -euo pipefail
. "$(dirname "$0")/settings.sh"
node=$1
npm=$2
directory=$3

mkdir -p "$directory/bin" "$directory/lib/node_modules/npm"
packed=$(mktemp -d)
trap 'rm -rf "$packed"' EXIT
package=node-linux-$(node --print process.arch)
npm pack --silent --pack-destination "$packed" "$package@$node" "npm@$npm" >/dev/null
tar --extract --file="$packed/$package-$node.tgz" --directory="$directory" --strip-components=1 package/bin/node
tar --extract --file="$packed/npm-$npm.tgz" --directory="$directory/lib/node_modules/npm" --strip-components=1
for program in npm npx; do
  chmod 755 "$directory/lib/node_modules/npm/bin/$program-cli.js"
  ln --symbolic --force "../lib/node_modules/npm/bin/$program-cli.js" "$directory/bin/$program"
done
chmod -R u=rwX,go=rX "$directory"
