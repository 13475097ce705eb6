#!/bin/bash
# ./dev package npm-try: publishes the npm packages to a registry on this machine, installs them from there, and
# uses them.
set -euo pipefail
from=$PWD
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/apt.sh
source tools/dev/node.sh
source tools/dev/js.sh

usage() {
  cat <<'END'
./dev package npm-try [--packages FOLDER]

Starts a registry (verdaccio) and a valkey-server on free ports of this machine, publishes what ./dev package npm has
packed, installs it in an empty folder by npm, and uses it there: as a module, as CommonJS, from TypeScript, and
the bridge by npx. Ends the servers and removes everything. Nothing leaves this machine.

  --packages FOLDER    where the tarballs are (dist/npm)
END
}

packages=$PWD/dist/npm
while [ $# -gt 0 ]; do
  case $1 in
    --packages)
      [ -n "${2:-}" ] || die "$1 expects a folder; --help says more"
      packages=$(cd "$from" && realpath -m "$2")
      shift 2
      ;;
    -h | --help)
      usage
      exit
      ;;
    *) die "'$1' is not an option; --help lists them" ;;
  esac
done

# tarball NAME: that of this package, of any version.
tarball() {
  local found=("$packages/$1"-[0-9]*.tgz)
  [ -e "${found[0]}" ] || die "there is no tarball of $1 in $packages; ./dev package npm packs it"
  [ ${#found[@]} = 1 ] || die "there is more than one tarball of $1 in $packages: ${found[*]}"
  echo "${found[0]}"
}

client=$(tarball plimsoll)
bridge=$(tarball plimsoll-bridge)
tools/dev/setup.sh --quiet package-npm-try
install_js_tools js
install_js_tools tests/packaging/npm_trial

SECONDS=0
"$(find_node)" tests/packaging/npm_trial/trial.mjs "$client" "$bridge" || die "the packages do not work: see above"
say "tried in $SECONDS s: the packages work as npm installs them"
