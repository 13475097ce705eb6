#!/bin/bash
# ./dev package deb-arm64: builds the Debian packages for arm64, in a bare Debian that has a compiler for it.
set -euo pipefail
from=$PWD
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/apt.sh
source tools/dev/bare_system.sh
source tools/dev/deb.sh

usage() {
  cat <<'END'
./dev package deb-arm64 [--try] [--output FOLDER]

Builds libplimsoll0, libplimsoll-dev and plimsoll-bridge for arm64, from the files that git knows, as they are in
the working tree: by Debian's cross compiler, in a bare Debian 12, made by debootstrap from the mirror of this
machine's apt, so that nothing of another architecture is installed here. Needs root, and some minutes.

  --try              installs them there with apt, compiles tests/consumer against them, and runs these programs and
                     the bridge under qemu, in front of a server
  --output FOLDER    where the packages go (dist/deb-arm64)
END
}

output=$PWD/dist/deb-arm64 trial=no
while [ $# -gt 0 ]; do
  case $1 in
    --try) trial=yes ;;
    --output)
      [ -n "${2:-}" ] || die "$1 expects a folder; --help says more"
      output=$(cd "$from" && realpath -m "$2")
      shift
      ;;
    -h | --help)
      usage
      exit
      ;;
    *) die "'$1' is not an option; --help lists them" ;;
  esac
  shift
done
[ "$(id -u)" = 0 ] || die "this needs root, to make a system: sudo ./dev package deb-arm64"
tools/dev/setup.sh --quiet package-deb-arm64
enable_backports

SECONDS=0
begin_packages
folder=$(mktemp -d)
root=$folder/root log=$folder/log
trap remove_system EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

make_system bookworm
# With libraries of another architecture, apt wants those of this one to have the same version.
quietly "apt-get upgrade" inside apt-get -qq upgrade --yes
quietly "dpkg --add-architecture" inside dpkg --add-architecture arm64
quietly "apt-get update" inside apt-get -qq update
mkdir "$root/build"
tree=$(make_source_tree "$root/build")
tree=${tree#"$root"}
install_inside crossbuild-essential-arm64
quietly "apt-get build-dep" inside apt-get -qq build-dep --yes --no-install-recommends --host-architecture=arm64 \
  --build-profiles=cross "$tree"

say "building $(basename "$tree") as Debian packages for arm64"
# shellcheck disable=SC2016  # the shell in there expands it
quietly dpkg-buildpackage inside env "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" "DEB_BUILD_OPTIONS=$DEB_BUILD_OPTIONS" sh -c \
  'cd "$1" && dpkg-buildpackage --host-arch=arm64 --build-profiles=cross --build=any -us -uc' sh "$tree"
built=$SECONDS
files=("$root"/build/*.deb "$root"/build/*.buildinfo "$root"/build/*.changes)

check_packages "$root"/build/*.changes

if [ "$trial" = yes ]; then
  copy_trial "$root" "$root"/build/{libplimsoll0,libplimsoll-dev,plimsoll-bridge}_*.deb
  install_inside cmake pkg-config qemu-user-static valkey-server
  say "installing them"
  quietly "apt-get install" inside sh -c 'apt-get -qq install --yes --no-install-recommends /packages/*.deb'
  # Alone, so that its ports are nobody else's.
  (spawn --as-pid2 --pipe --private-network /trial/use_arm64.sh </dev/null) | while read -r line; do say "$line"; done
fi

put_packages "$output" "${files[@]}"
say "made in $SECONDS s, of which building took $built"
