# shellcheck shell=bash
# Building the npm package, and testing it in each runtime: what Bazel's sandbox is no place for.
# To be sourced, behind say.sh, bazel.sh, node.sh and pack_bridge.sh.

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

# build_js: js/dist, from the module and the sources that Bazel makes.
build_js() {
  local node bin
  node=$(find_node)
  install_js_tools js
  say "building the npm package"
  run_bazel build "${quiet_build[@]}" //wasm:plimsoll.wasm //core/commands:commands.ts >&2 ||
    die "the module does not build"
  bin=$(run_bazel info bazel-bin 2>/dev/null)
  "$node" js/build.mjs "$bin/wasm/plimsoll.wasm" "$bin/core/commands/commands.ts" >&2 ||
    die "the package does not build"
}

# build_page: js/demo/dist, behind build_js.
build_page() {
  install_js_tools js/demo
  say "building the page"
  "$(find_node)" js/demo/build.mjs >&2 || die "the page does not build"
}

# pack_js FOLDER: the tarball in FOLDER, and its name.
pack_js() {
  (cd js && npm pack --silent --pack-destination "$1")
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
  for tool in @arethetypeswrong @types esbuild miniflare playwright-core publint typescript vite ws; do
    ln -s "$PWD/js/node_modules/$tool" "$consumer/node_modules/$tool"
  done
  cp -r js/test/package/. js/test/behaviour js/examples/. "$consumer/"
  cp -r examples/bridge "$consumer/bridge-examples"
  cp docs/bridge-cases.json "$consumer/"
}

# test_in_bun REPORT FILE...: in one process, of the package in $consumer.
test_in_bun() {
  local report=$1
  shift
  (cd "$consumer" && "$BUN" test --reporter=junit "--reporter-outfile=$reports/$report.xml" "$@" >&2) || true
}

# test_js REPORTS: runs all tests of the package; reports in JUnit's format go to REPORTS.
test_js() {
  local reports=$1 node consumer js=$PWD/js
  node=$(find_node)
  build_js
  run_bazel build "${quiet_build[@]}" //native/bridge:plimsoll-bridge //demo >&2 ||
    die "the bridge and the demo do not build"
  PLIMSOLL_BRIDGE=$(run_bazel info bazel-bin 2>/dev/null)/native/bridge/plimsoll-bridge
  PLIMSOLL_DEMO=$(run_bazel info bazel-bin 2>/dev/null)/demo/demo
  export PLIMSOLL_BRIDGE PLIMSOLL_DEMO
  consumer=$(mktemp -d)
  make_js_consumer "$consumer"
  mkdir "$consumer/bridge-package"
  PLIMSOLL_BRIDGE_PACKAGE=$(pack_bridge "$consumer/bridge-package")
  export PLIMSOLL_BRIDGE_PACKAGE
  export DENO=$js/node_modules/.bin/deno BUN=$js/node_modules/.bin/bun
  export VALKEY_SERVER=${VALKEY_SERVER:-valkey-server} CHROMIUM=${CHROMIUM:-$(command -v chromium || echo /usr/bin/chromium)}
  say "the package's own tests"
  (cd js && "$node" --test --test-timeout=120000 --test-reporter=junit "--test-reporter-destination=$reports/js-own.xml" \
    --test-reporter=dot --test-reporter-destination=stderr test/*.test.mjs) || true
  local suite
  for suite in runtime transports cases credits cuts package examples workers browser proxies operation launcher service; do
    say "in Node: $suite"
    (cd "$consumer" && "$node" --test --test-timeout=120000 --test-reporter=junit \
      "--test-reporter-destination=$reports/js-$suite.xml" --test-reporter=dot \
      --test-reporter-destination=stderr "$suite.test.mjs") || true
  done
  say "in Deno"
  (cd "$consumer" && "$DENO" test -A --no-check --no-lock --quiet \
    "--junit-path=$reports/js-deno.xml" runtime.test.mjs transports.test.mjs credits.test.mjs >&2) || true
  say "in Bun"
  test_in_bun js-bun ./runtime.test.mjs ./transports.test.mjs
  # One process has one memory line, and these have another.
  test_in_bun js-bun-credits ./credits.test.mjs
  rm -rf "$consumer"
  test_page "$reports"
}

# test_page REPORTS: the demo's page in Chromium, on all that ./dev demo starts. The command itself comes
# last, since it builds the page anew.
page_suites='loading failures controls trouble console access flat command'
test_page() {
  local reports=$1 suite
  build_page
  for suite in $page_suites; do
    say "the page: $suite"
    (cd js/demo && "$node" --test --test-timeout=900000 --test-reporter=junit \
      "--test-reporter-destination=$reports/js-page-$suite.xml" --test-reporter=dot \
      --test-reporter-destination=stderr "test/$suite.test.mjs") || true
  done
}

# What test_js() writes: whichever is missing has not run.
js_reports='js-own js-runtime js-transports js-cases js-credits js-cuts js-package js-examples js-workers js-browser
  js-proxies js-operation js-launcher js-service js-deno js-bun js-bun-credits'
# shellcheck disable=SC2086  # a word a suite
js_reports+=" $(printf 'js-page-%s ' $page_suites)"
