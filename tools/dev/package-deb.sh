#!/bin/bash
# ./dev package deb: builds the Debian packages from git's files, has lintian look at them, and puts them
# into a folder.
set -euo pipefail
from=$PWD
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/deb.sh

usage() {
  cat <<'END'
./dev package deb [--output FOLDER] [--sign KEY]

Builds libplimsoll0, libplimsoll-dev and plimsoll-bridge, with their source package, from the files that git
knows, as they are in the working tree. Ends with status 1 if lintian has an error or a warning.

  --output FOLDER    where the packages go (dist/deb)
  --sign KEY         the key of gpg that signs the source package and the .changes file; without it nothing
                     is signed
END
}

output=$PWD/dist/deb
signing=(-us -uc)
while [ $# -gt 0 ]; do
  case $1 in
    --output | --sign)
      [ -n "${2:-}" ] || die "$1 expects a value; --help says more"
      if [ "$1" = --sign ]; then signing=("--sign-key=$2"); else output=$(cd "$from" && realpath -m "$2"); fi
      shift 2
      ;;
    -h | --help)
      usage
      exit
      ;;
    *) die "'$1' is not an option; --help lists them" ;;
  esac
done
if [ "${signing[0]}" != -us ]; then
  gpg --list-secret-keys "${signing[0]#*=}" >/dev/null 2>&1 ||
    die "gpg has no secret key '${signing[0]#*=}' to sign with; gpg --list-secret-keys shows those that there are"
fi
tools/dev/setup.sh --quiet package-deb

SECONDS=0
begin_packages
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
tree=$(make_source_tree "$folder")

say "building $(basename "$tree") as Debian packages"
log=$folder/log
build() { (cd "$tree" && dpkg-buildpackage "${signing[@]}"); }
quietly dpkg-buildpackage build
rm -rf "$tree" "$log"
built=$SECONDS

check_packages "$folder"/*.changes
put_packages "$output" "$folder"/*
say "made in $SECONDS s, of which building took $built"
