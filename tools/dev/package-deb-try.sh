#!/bin/bash
# ./dev package deb-try: makes a bare Debian, installs the packages there with apt, boots it, uses them, and
# purges them.
set -euo pipefail
from=$PWD
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/apt.sh
source tools/dev/bare_system.sh
source tools/dev/deb.sh

usage() {
  cat <<'END'
./dev package deb-try [--packages FOLDER]

Goes through docs/getting_started_debian.md in a bare Debian 12, made by debootstrap from the mirror of this
machine's apt and booted by systemd-nspawn: installs the packages that ./dev package deb has built, compiles
programs with them, starts the bridge by its unit, and purges the packages. Needs root, and some minutes.

  --packages FOLDER    where the packages are (dist/deb)
END
}

packages=$PWD/dist/deb
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

# package NAME: its file for this machine.
package() {
  local found=("$packages/$1"_*"_$(dpkg --print-architecture).deb")
  [ -e "${found[0]}" ] || die "there is no package $1 in $packages; ./dev package deb builds it"
  [ ${#found[@]} = 1 ] || die "there is more than one package $1 in $packages: ${found[*]}"
  echo "${found[0]}"
}

names=(libplimsoll0 libplimsoll-dev plimsoll-bridge)
files=()
for name in "${names[@]}"; do
  file=$(package "$name") || exit
  files+=("$file")
done
[ "$(id -u)" = 0 ] || die "this needs root, to make a system and boot it: sudo ./dev package deb-try"
tools/dev/setup.sh --quiet package-deb-try
enable_backports

SECONDS=0
folder=$(mktemp -d)
root=$folder/root log=$folder/log
system=
leader() { pgrep --parent "$system" | head -n 1; }
finish() {
  # The system's first process takes all others with it, and systemd-nspawn ends by itself; killed, that would leave
  # the system running.
  if [ -n "$system" ]; then
    { kill -KILL "$(leader)" || kill -KILL "$system" || true; } 2>/dev/null
    wait "$system" 2>/dev/null || true
  fi
  remove_system
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

make_system bookworm
# What the page installs besides the packages, and what a system has.
install_inside cmake dbus g++ make pkg-config procps systemd-sysv valkey-server

copy_trial "$root" "${files[@]}"
inside /trial/purge.sh --list >"$folder/before" || die "the files of the system cannot be listed"
cp "$folder/before" "$root/trial/before"

say "installing ${names[*]}"
quietly "the page's first block" inside bash -ec 'cd /packages && . /trial/page/1.sh'
quietly "the page's third block" inside bash -ec 'cd /packages && . /trial/page/3.sh'
inside dpkg-query -W "${names[@]}" | sed 's/^/  /' >&2

say "booting it"
spawn --boot --private-network --console=pipe </dev/null >"$log" 2>&1 &
system=$!

# in_system COMMAND...: in the booted system.
in_system() { nsenter --target "$(leader)" --all "$@"; }

state=
for ((i = 0; i < 300 && ${#state} == 0; ++i)); do
  kill -0 "$system" 2>/dev/null || {
    cat "$log" >&2
    die "the system does not boot"
  }
  state=$(in_system systemctl is-system-running 2>/dev/null | grep -xE 'running|degraded') || sleep 0.2
done
[ "$state" = running ] || {
  in_system systemctl --failed --no-legend >&2 || true
  die "the system has booted as '${state:-nothing}', not as 'running'"
}

version=$(dpkg-deb -f "${files[0]}" Version)
in_system /trial/use.sh "${version%%-*}" | while read -r line; do say "$line"; done

say "purging the packages"
in_system /trial/purge.sh /trial/before
say "tried in $SECONDS s: all is as docs/getting_started_debian.md says"
