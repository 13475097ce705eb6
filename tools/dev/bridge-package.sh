#!/bin/bash
# ./dev bridge-package [FOLDER]: packs the npm package plimsoll-bridge, with the binary for this
# platform, into FOLDER (the current one), and prints the tarball's path.
set -euo pipefail
folder=$(realpath "${1:-.}")
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/apt.sh
source tools/dev/node.sh
source tools/dev/pack_bridge.sh
source tools/dev/stage_npm.sh

[ -d "$folder" ] || die "there is no folder $folder"
tools/dev/setup.sh --quiet bridge
find_node >/dev/null || install_node
pack_bridge "$folder"
