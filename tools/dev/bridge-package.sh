#!/bin/bash
# ./dev bridge-package [FOLDER]: packs the npm package plimsoll-bridge, with the binary for this
# platform, into FOLDER (the current one), and prints the tarball's path.
set -euo pipefail
folder=$(realpath "${1:-.}")
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/apt.sh
source tools/dev/pack_bridge.sh

[ -d "$folder" ] || die "there is no folder $folder"
tools/dev/setup.sh --quiet bridge
command -v npm >/dev/null || apt_install npm
pack_bridge "$folder"
