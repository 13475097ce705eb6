#!/bin/bash
# ./dev bridge [ARGUMENTS]: starts a private valkey-server, and the bridge in front of it, with a
# token that it prints; both end together. With --config FILE, that alone says what it does.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

tools/dev/setup.sh --quiet bridge
run_bazel build "${quiet_build[@]}" //native/bridge:plimsoll-bridge >&2 || die "the bridge does not build"
bridge=$(run_bazel info bazel-bin 2>/dev/null)/native/bridge/plimsoll-bridge

for argument in "$@"; do
  case $argument in --config | --config=* | --upstream | --upstream=* | --help | -h | --make-token | --version)
    exec "$bridge" "$@"
    ;;
  esac
done

folder=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
valkey-server --port 0 --unixsocket "$folder/valkey.sock" --save '' --dir "$folder" >"$folder/log" &
server=$!
for ((i = 0; i < 100; ++i)); do
  [ ! -S "$folder/valkey.sock" ] || break
  sleep 0.1
done
[ -S "$folder/valkey.sock" ] || die "valkey-server does not start: $(cat "$folder/log")"
say "a private valkey-server; Ctrl-C ends both"
"$bridge" --local --upstream "unix://$folder/valkey.sock" "$@"
