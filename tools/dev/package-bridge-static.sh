#!/bin/bash
# ./dev package bridge-static: the bridge as a file for each architecture that runs on any Linux.
set -euo pipefail
from=$PWD
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/apt.sh
source tools/dev/node.sh
source tools/dev/static.sh

usage() {
  cat <<'END'
./dev package bridge-static [x86_64|aarch64]... [--try] [--output FOLDER] [--work FOLDER]

Builds plimsoll-bridge for these architectures, by default for both, as a static program against musl, which needs
no library of the system that it runs on; and THIRD_PARTY_NOTICES, the licences of what is in it. Zig compiles, which npm brings;
OpenSSL is built from the source of Debian's package. Takes some ten minutes for an architecture, and less than one
once OpenSSL has been built.

  --try              runs each (another machine's under qemu) in front of a private valkey-server, with a client
  --output FOLDER    where the programs go, as FOLDER/ARCHITECTURE/plimsoll-bridge (dist/static)
  --work FOLDER      where what is made on the way stays, some 900 MB (.static)
END
}

output=$PWD/dist/static work=$PWD/.static trial=no
architectures=()
while [ $# -gt 0 ]; do
  case $1 in
    --output | --work)
      [ -n "${2:-}" ] || die "$1 expects a folder; --help says more"
      printf -v "${1#--}" %s "$(cd "$from" && realpath -m "$2")"
      shift
      ;;
    --try) trial=yes ;;
    -h | --help)
      usage
      exit
      ;;
    -*) die "'$1' is not an option; --help lists them" ;;
    *)
      [[ " $static_architectures " = *" $1 "* ]] || die "'$1' is none of $static_architectures"
      architectures+=("$1")
      ;;
  esac
  shift
done
[ ${#architectures[@]} -gt 0 ] || read -ra architectures <<<"$static_architectures"
tools/dev/setup.sh --quiet package-bridge-static
[ "$trial" = no ] || tools/dev/setup.sh --quiet package-bridge-static-try

# command_of ARCHITECTURE: a JSON array, of what runs its bridge here.
command_of() {
  local emulator=
  [ "$1" = "$(uname -m)" ] || emulator="\"qemu-$1-static\", "
  printf '[%s"%s"]' "$emulator" "$output/$1/plimsoll-bridge"
}

SECONDS=0
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
mkdir -p "$work" "$output"
install_zig
fetch_openssl
link_headers
for architecture in "${architectures[@]}"; do
  write_tools "$architecture"
  build_openssl "$architecture"
  build_static_bridge "$architecture"
  install -D --mode=755 "$work/$architecture/build/plimsoll-bridge" "$output/$architecture/plimsoll-bridge"
done
static_notices >"$output/THIRD_PARTY_NOTICES"
static_components | cut -d ' ' -f 1,2 >"$output/components"
say "built in $SECONDS s"

if [ "$trial" = yes ]; then
  version=$(sed -n 's/.*library_version = "\(.*\)".*/\1/p' core/session/version.h)
  for architecture in "${architectures[@]}"; do
    say "trying it: $architecture"
    PLIMSOLL_BRIDGE_COMMAND=$(command_of "$architecture") PLIMSOLL_VERSION=$version \
      "$(find_node)" --experimental-websocket --no-warnings --test --test-timeout=120000 tests/packaging/static_trial/static.test.mjs ||
      die "the bridge for $architecture does not work"
    if [ "$architecture" = "$(uname -m)" ]; then try_alone "$output/$architecture/plimsoll-bridge"; fi
  done
fi
for architecture in "${architectures[@]}"; do
  printf '%9d  %s\n' "$(stat -c %s "$output/$architecture/plimsoll-bridge")" "$output/$architecture/plimsoll-bridge"
done
