#!/usr/bin/env bash
# Runs a command of the README as a new user would, in a clean clone, with only the given Node.js and npm:
# try-readme.sh INSTALLATION [OPTION...] COMMAND
# --as USER: as that user, who owns the clone. --terminal: on a terminal. --in NAME: in a directory of that name.
# --foreign: in a clone that another user owns.
set -euo pipefail
. "$(dirname "$0")/settings.sh"
installation=$1
shift

user=root
on_terminal=false
place=clone
foreign=false
while [[ $1 == --* ]]; do
  case $1 in
    --as) user=$2 && shift ;;
    --in) place=$2 && shift ;;
    --terminal) on_terminal=true ;;
    --foreign) foreign=true ;;
    *) fail "unknown option $1" ;;
  esac
  shift
done
command=$1

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
# Other users' programs can enter it, but not list it.
chmod 711 "$directory"
mkdir "$directory/home" "$directory/tmp"
clone=$directory/$place
git clone --quiet --no-local . "$clone"
if ! $foreign; then chown -R "$user:" "$clone"; fi
chown "$user:" "$directory/home" "$directory/tmp"

# Variables that the machine needs to reach the registry; otherwise the environment is empty.
environment=("PATH=$installation/bin:/usr/bin:/bin" "HOME=$directory/home" "TMPDIR=$directory/tmp" "USER=$user" TERM=xterm)
for name in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy NODE_EXTRA_CA_CERTS; do
  if [ -n "${!name:-}" ]; then environment+=("$name=${!name}"); fi
done
for name in registry cafile; do
  value=$(npm config get "$name")
  if [ "$value" != null ]; then environment+=("npm_config_$name=$value"); fi
done
script="echo \"Node.js \$(node --version), npm \$(npm --version), \$(id --user --name), \$PWD\" && $command"
words=(sh -c "$script")
# The script command of util-linux: runs a command on its own terminal, and returns its exit code.
if $on_terminal; then words=(script --quiet --return --command "$script" /dev/null); fi
cd "$clone"
# Removes npm's spinner, cursor movements and Jest's status lines, which are most of the output on a terminal.
env --ignore-environment "${environment[@]}" \
  setpriv --reuid="$user" --regid="$(id --group "$user")" --clear-groups "${words[@]}" 2>&1 |
  sed --unbuffered -E 's#[-\\|/⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]?\x1b\[1G\x1b\[0K[-\\|/⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]?##g; s/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r$//; s/^.*\r//' |
  sed --unbuffered -E '/^ *(RUNS|PASS) /d; / of [0-9]+ total$/,+2d' | cat --squeeze-blank
