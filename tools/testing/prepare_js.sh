#!/bin/bash
# prepare_js.sh FOLDER: builds the npm packages, the bridge and the demo, installs the package into
# FOLDER/consumer as a user does, and writes to FOLDER/environment where everything is.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/node.sh
source tools/dev/apt.sh
source tools/dev/pack_bridge.sh
source tools/dev/js.sh

folder=$1
build_js
build_page
say "building the bridge and the demo"
run_bazel build "${quiet_build[@]}" //native/bridge:plimsoll-bridge //demo >&2 ||
  die "the bridge and the demo do not build"
bin=$(run_bazel info bazel-bin 2>/dev/null)
# Copies: a build of another configuration makes bazel-bin another folder, and may build these anew.
mkdir -p "$folder/bin" "$folder/bridge-package"
cp "$bin/native/bridge/plimsoll-bridge" "$bin/demo/demo" "$folder/bin/"
make_js_consumer "$folder/consumer"
bridge_package=$(pack_bridge "$folder/bridge-package")
cat >"$folder/environment" <<END
NODE=$(find_node)
DENO=$PWD/js/node_modules/.bin/deno
BUN=$PWD/js/node_modules/.bin/bun
VALKEY_SERVER=${VALKEY_SERVER:-valkey-server}
CHROMIUM=${CHROMIUM:-$(command -v chromium || echo /usr/bin/chromium)}
PLIMSOLL_BRIDGE=$folder/bin/plimsoll-bridge
PLIMSOLL_DEMO=$folder/bin/demo
PLIMSOLL_BRIDGE_PACKAGE=$bridge_package
PLIMSOLL_BUDGET=$PWD/bench/budget/check.py
END
