#!/bin/bash
# release-build.sh OUTPUT PART...: builds parts of a release from the tree that this file lies in, a clean one, into the
# folder OUTPUT. ./dev release calls it, in a clone of its own.
set -euo pipefail
output=$1
shift
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/apt.sh
source tools/dev/bazel.sh
source tools/dev/node.sh
source tools/dev/static.sh
source tools/dev/pack_bridge.sh
source tools/dev/js.sh
source tools/dev/stage_npm.sh
source tools/dev/release_parts.sh

# Two builds that share what they have compiled would compare nothing.
quiet_build+=(--disk_cache=)
commit=$(git rev-parse HEAD)
version=$(tools/release/versions.py)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
umask 022
mkdir -p "$output"

listed=()
for part in "$@"; do
  say "building $part"
  "release_${part//-/_}" "$output"
  [ "$part" != bridge ] || listed=(--static-components dist/static/components)
done
tools/release/statements.py "$output" --commit "$commit" --seconds "$SOURCE_DATE_EPOCH" "${listed[@]}"
