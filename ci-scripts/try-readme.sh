#!/usr/bin/env bash
# Runs a command of the README as a new user would, in a clean clone, with nothing but the given Node.js and npm:
# try-readme.sh INSTALLATION [OPTION...] COMMAND
# --as USER: as that user, who owns the clone. --terminal: on a terminal. --in NAME: in a directory of that name.
# --busy: beside four busy loops. --foreign: in a clone that somebody else owns.
set -euo pipefail
. "$(dirname "$0")/settings.sh"
installation=$1
shift

user=root
on_terminal=false
place=clone
busy=false
foreign=false
while [[ $1 == --* ]]; do
  case $1 in
    --as) user=$2 && shift ;;
    --in) place=$2 && shift ;;
    --terminal) on_terminal=true ;;
    --busy) busy=true ;;
    --foreign) foreign=true ;;
    *) fail "there is no option $1" ;;
  esac
  shift
done
command=$1

loops=()
directory=$(mktemp -d)
clean_up() {
  if ((${#loops[@]} > 0)); then kill "${loops[@]}"; fi
  rm -rf "$directory"
}
trap clean_up EXIT
# Programs of other users get through, and cannot list it.
chmod 711 "$directory"
mkdir "$directory/home" "$directory/tmp"
clone=$directory/$place
git clone --quiet --no-local . "$clone"
if ! $foreign; then chown -R "$user:" "$clone"; fi
chown "$user:" "$directory/home" "$directory/tmp"

# What the machine needs to reach the registry; apart from that, the environment is empty.
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
# util-linux's: gives a command a terminal of its own, and ends as the command does.
if $on_terminal; then words=(script --quiet --return --command "$script" /dev/null); fi
if $busy; then
  for _ in 1 2 3 4; do
    sh -c 'while :; do :; done' &
    loops+=($!)
  done
fi
cd "$clone"
# Without npm's spinner, the cursor's moves and Jest's passing status, which on a terminal are most of the output.
env --ignore-environment "${environment[@]}" \
  setpriv --reuid="$user" --regid="$(id --group "$user")" --clear-groups "${words[@]}" 2>&1 |
  sed --unbuffered -E 's#[-\\|/⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]?\x1b\[1G\x1b\[0K[-\\|/⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]?##g; s/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r$//; s/^.*\r//' |
  sed --unbuffered -E '/^ *(RUNS|PASS) /d; / of [0-9]+ total$/,+2d' | cat --squeeze-blank
