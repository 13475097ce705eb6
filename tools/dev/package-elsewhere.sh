#!/bin/bash
# ./dev package elsewhere: builds and uses the libraries in bare systems that have other compilers, another Boost and
# another Bazel than this one.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/apt.sh
source tools/dev/bare_system.sh

usage() {
  cat <<'END'
./dev package elsewhere [SUITE...]

Makes a bare Debian of each suite, by debootstrap from the mirror of this machine's apt, builds the libraries there
from the files that git knows, installs them, and builds and runs the programs of tests/consumer with them. Needs root
and some minutes for each: bookworm, trixie, sid; without an argument, all of them.

  bookworm    CMake: clang 15 and 16, Boost 1.83
  trixie      CMake: gcc 13 and 14 with Boost 1.83, clang 19 with Boost 1.88
  sid         CMake: Debian's newest gcc and Boost; Bazel 7, with MODULE.bazel and the entry for its registry
END
}

suites=()
for argument in "$@"; do
  case $argument in
    bookworm | trixie | sid) suites+=("$argument") ;;
    -h | --help)
      usage
      exit
      ;;
    *) die "'$argument' is none of bookworm, trixie, sid; --help says more" ;;
  esac
done
[ ${#suites[@]} -gt 0 ] || suites=(bookworm trixie sid)
[ "$(id -u)" = 0 ] || die "this needs root, to make systems: sudo ./dev package elsewhere"
tools/dev/setup.sh --quiet package-elsewhere
enable_backports

folder=$(mktemp -d)
root=$folder/root log=$folder/log
trap remove_system EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# by_cmake COMPILER SHARED: SHARED is ON or OFF.
by_cmake() {
  local kind=static
  [ "$2" = OFF ] || kind=shared
  quietly "CMake with $1, $kind libraries" inside /trial/cmake.sh "$1" "$2"
  say "  $(inside "$1" --version | head -n 1), Boost $(boost), $kind libraries by CMake"
}

# boost: the version of the one that is installed in the system.
boost() { sed -n 's/^#define BOOST_LIB_VERSION "\(.*\)"$/\1/p' "$root/usr/include/boost/version.hpp" | tr _ .; }

libraries=(libssl-dev libtomlplusplus-dev libxxhash-dev)
tools=(cmake ninja-build python3 valkey-server)
try_bookworm() {
  install_inside "${tools[@]}" "${libraries[@]}" clang-15 clang-16 libboost1.83-dev
  by_cmake clang++-15 OFF
  by_cmake clang++-16 ON
}
try_trixie() {
  install_inside "${tools[@]}" "${libraries[@]}" clang-19 g++-13 g++-14 libboost1.83-dev
  by_cmake g++-13 OFF
  by_cmake g++-14 ON
  install_inside libboost1.88-dev
  by_cmake clang++-19 OFF
}
try_sid() {
  install_inside "${tools[@]}" "${libraries[@]}" bazel-bootstrap g++ libboost-dev
  by_cmake g++ ON
  mkdir "$root/trial/recipes"
  git ls-files -z | python3 -B packaging/recipes.py "$root/trial/recipes" --seconds "$(git log -1 --format=%ct)"
  quietly "Bazel" inside /trial/bazel.sh
  say "  $(inside bazel --version | head -n 1), MODULE.bazel, by the entry for the Bazel Central Registry"
}

for suite in "${suites[@]}"; do
  SECONDS=0
  make_system "$suite"
  mkdir -p "$root/trial" "$root/plimsoll"
  cp tests/packaging/elsewhere/* "$root/trial/"
  # Of git's links, those to folders outside are Bazel's.
  git ls-files -z | tar --create --null --files-from=- | tar --extract --directory "$root/plimsoll"
  "try_$suite"
  say "$suite tried in $SECONDS s"
  rm -rf --one-file-system "$root"
done
