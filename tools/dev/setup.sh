#!/bin/bash
# ./dev setup [COMMAND...]: installs what the named commands need, by default all of them.
#
# With --quiet, which is how the commands call it, it says nothing if there is nothing to do.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/packages.sh
source tools/dev/apt.sh
source tools/dev/node.sh
source tools/dev/bazel.sh

quiet=no
if [ "${1:-}" = --quiet ]; then
  quiet=yes
  shift
fi
[ $# -gt 0 ] || set -- demo test sim bench commands fuzz fmt lint

system=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_CODENAME:-}") || system=unknown
[ "$system" = 'debian bookworm' ] ||
  die "Debian 12 (debian bookworm) is what is supported; this is '$system'"

packages=()
for command in "$@"; do
  names=$(packages_of "$command") || die "no command '$command'"
  read -rd '' -a names <<<"$names" || true
  packages+=("${names[@]}")
done

needs_node() {
  [[ " ${*} " =~ ' demo '|' test '|' lint '|' release '|' package-npm '|' package-npm-try '|' package-bridge-static-try ' ]]
}

ready() {
  missing=$(missing_packages "${packages[@]}" | sort -u)
  [ -z "$missing" ] && { ! needs_node "$@" || find_node >/dev/null; }
}

if ! ready "$@"; then
  # One setup at a time on this machine: the second finds nothing left to do. Any file that
  # everyone can read serves as the lock.
  exec 9</etc/debian_version
  flock --nonblock 9 || { say "waiting for another setup to end" && flock 9; }
  if ! ready "$@"; then
    # shellcheck disable=SC2086  # a word a package
    [ -z "$missing" ] || apt_install $missing
    # A Bazel server that runs has looked at what is installed already.
    [ -z "$missing" ] || [ ! -x /usr/bin/bazel ] || run_bazel shutdown
    ! needs_node "$@" || find_node >/dev/null || install_node
  fi
  quiet=no
fi
[ "$quiet" = yes ] || say "ready: all that is needed for $* is installed"
