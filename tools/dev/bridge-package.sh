#!/bin/bash
# ./dev bridge-package [--static FOLDER] [FOLDER]: packs the npm package plimsoll-bridge into FOLDER (the current one), and
# prints the tarball's path. It has the binary for this platform, or those that ./dev package bridge-static has put into
# the folder behind --static, which run on any Linux.
set -euo pipefail
static=
if [ "${1:-}" = --static ]; then
  static=$(realpath "${2:?expected the folder of ./dev package bridge-static behind --static}")
  shift 2
fi
folder=$(realpath "${1:-.}")
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/apt.sh
source tools/dev/node.sh
source tools/dev/pack_bridge.sh
source tools/dev/stage_npm.sh

[ -d "$folder" ] || die "there is no folder $folder"
find_node >/dev/null || install_node
if [ -n "$static" ]; then
  pack_static_bridges "$static" "$folder"
else
  tools/dev/setup.sh --quiet bridge
  pack_bridge "$folder"
fi
