#!/bin/bash
# prepare_js.sh STEP FOLDER: makes what the suites in JavaScript need. Only one of its three steps uses
# Bazel, and so keeps it from others:
#
#   install  what comes from npm
#   build    what Bazel builds, into FOLDER/parts
#   pack     the npm packages and the page; the package is installed into FOLDER/consumer as a user does,
#            and FOLDER/environment says where everything is
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/node.sh
source tools/dev/apt.sh
source tools/dev/pack_bridge.sh
source tools/dev/js.sh
source tools/dev/stage_npm.sh

step=$1
folder=$2
parts=$folder/parts

step_install() {
  install_js_tools js
  install_js_tools js/demo
  install_js_tools tools/release
}

step_build() {
  local bin
  say "building the modules, the bridge and the demo"
  run_bazel build "${quiet_build[@]}" --jobs=HOST_CPUS //wasm:plimsoll.wasm //wasm:plimsoll_one_server.wasm \
    //core/commands:commands.ts //demo //demo/cluster //native/bridge:plimsoll-bridge //native/bridge:plimsoll-bridge-release >&2 ||
    die "a module, the bridge or the demo does not build"
  bin=$(run_bazel info bazel-bin 2>/dev/null)
  # Copies: a build of another configuration makes bazel-bin another folder, and may build these anew.
  mkdir -p "$parts"
  cp "$bin/wasm/plimsoll.wasm" "$bin/wasm/plimsoll_one_server.wasm" "$bin/core/commands/commands.ts" \
    "$bin/demo/demo" "$bin/native/bridge/plimsoll-bridge" "$bin/native/bridge/plimsoll-bridge-release" "$parts/"
  cp "$bin/demo/cluster/cluster" "$parts/demo-cluster"
}

step_pack() {
  local bridge_package
  build_js_of "$parts/plimsoll.wasm" "$parts/plimsoll_one_server.wasm" "$parts/commands.ts"
  build_page
  build_cluster_page
  make_js_consumer "$folder/consumer"
  rm -rf "$folder/staged" "$folder/jsr"
  stage_js "$folder/staged"
  stage_jsr "$folder/staged" "$folder/jsr"
  mkdir -p "$folder/bridge-package"
  bridge_package=$(pack_bridge_of "$parts/plimsoll-bridge-release" "$folder/bridge-package")
  cat >"$folder/environment" <<END
NODE=$(find_node)
DENO=$PWD/js/node_modules/.bin/deno
BUN=$PWD/js/node_modules/.bin/bun
VALKEY_SERVER=${VALKEY_SERVER:-valkey-server}
CHROMIUM=${CHROMIUM:-$(command -v chromium || echo /usr/bin/chromium)}
PLIMSOLL_BRIDGE=$parts/plimsoll-bridge
PLIMSOLL_DEMO=$parts/demo
PLIMSOLL_CLUSTER_DEMO=$parts/demo-cluster
PLIMSOLL_BRIDGE_PACKAGE=$bridge_package
PLIMSOLL_NPM=$PWD/packaging/npm
PLIMSOLL_JSR=$folder/jsr
PLIMSOLL_BUDGET=$PWD/bench/budget/check.py
END
}

case $step in
  install | build | pack) "step_$step" ;;
  *) die "prepare_js.sh knows the steps install, build and pack, not '$step'" ;;
esac
