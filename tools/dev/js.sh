# shellcheck shell=bash
# Building the npm package, and the page: what Bazel's sandbox is no place for.
# To be sourced, behind say.sh, bazel.sh and node.sh; pack_js needs stage_npm.sh.

# install_js_tools FOLDER: what package-lock.json there says, once. Not by `npm ci`, which refuses a lock
# without the packages of other platforms.
install_js_tools() {
  local folder=$1
  [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && return
  command -v npm >/dev/null || apt_install npm
  say "installing what $folder/package-lock.json says"
  (cd "$folder" && NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt} \
    npm install --no-save --no-audit --no-fund --loglevel=error >&2) || die "npm could not install the tools"
  touch "$folder/node_modules/.package-lock.json"
}

# build_js: js/dist, from the modules and the sources that Bazel makes.
build_js() {
  local bin
  install_js_tools js
  run_bazel build "${quiet_build[@]}" //wasm:plimsoll.wasm //wasm:plimsoll_one_server.wasm \
    //core/commands:commands.ts >&2 || die "the modules do not build"
  bin=$(run_bazel info bazel-bin 2>/dev/null)
  build_js_of "$bin/wasm/plimsoll.wasm" "$bin/wasm/plimsoll_one_server.wasm" "$bin/core/commands/commands.ts"
}

# build_js_of MODULE ONE_SERVER_MODULE COMMANDS_TS: js/dist, behind install_js_tools, without Bazel.
build_js_of() {
  say "building the npm package"
  "$(find_node)" js/build.mjs "$@" >&2 || die "the package does not build"
}

# build_page: js/demo/dist, behind build_js or build_js_of.
build_page() {
  install_js_tools js/demo
  say "building the page"
  "$(find_node)" js/demo/build.mjs >&2 || die "the page does not build"
}

# build_cluster_page: js/demo/dist-cluster, which needs nothing of Bazel's.
build_cluster_page() {
  install_js_tools js
  install_js_tools js/demo
  say "building the page of the cluster's demo"
  "$(find_node)" js/demo/build.mjs --cluster >&2 || die "the page does not build"
}

# pack_js FOLDER: the tarball in FOLDER, and its name.
pack_js() {
  local stage name status=0
  stage=$(mktemp -d)
  (stage_js "$stage") && name=$(pack_npm "$stage" "$1") || status=$?
  rm -rf "$stage"
  [ "$status" = 0 ] || die "plimsoll cannot be packed"
  echo "$name"
}

# make_js_consumer FOLDER: an empty project that has installed the packed package, with the tests of
# the package, and the tools that these use.
make_js_consumer() {
  local consumer=$1 tarball tool
  mkdir -p "$consumer"
  tarball=$(pack_js "$consumer")
  echo '{ "type": "module", "private": true }' >"$consumer/package.json"
  (cd "$consumer" && npm install --silent --no-audit --no-fund --offline "./$tarball" >&2) ||
    die "the package cannot be installed"
  for tool in @arethetypeswrong @opentelemetry @types esbuild miniflare playwright-core publint typescript vite ws; do
    ln -s "$PWD/js/node_modules/$tool" "$consumer/node_modules/$tool"
  done
  cp -r js/test/package/. js/test/behaviour js/examples/. js/publint.mjs "$consumer/"
  cp -r examples/bridge "$consumer/bridge-examples"
  cp docs/bridge-cases.json docs/getting_started_*.md "$consumer/"
}
