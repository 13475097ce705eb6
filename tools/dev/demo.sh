#!/bin/bash
# ./dev demo [--cluster] [--once] [--port N] [ARGUMENTS]: starts a private valkey-server and the bridge, walks this
# machine's packages natively, and serves the page that shows the same client in a browser, until
# Ctrl-C. With --url, or --help, it is the native walk alone. With --cluster the walk is on six private
# nodes while slots move and a primary is killed, and the page shows them.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/node.sh
source tools/dev/apt.sh
source tools/dev/js.sh

usage() {
  cat <<'END'
./dev demo [--once] [--port N] [ARGUMENTS]
./dev demo --cluster [--once] [--port N] [ARGUMENTS]

A private valkey-server, the walk below on it, and the page on loopback: its address is printed, and
Ctrl-C ends everything.

  --once      see that the page answers, and end: with 0, or with 1 and what is wrong. So it is, too,
              where standard output is no terminal
  --port N    of the page; a free one unless said otherwise

  --cluster   instead, six private nodes of a cluster, the same walk on them while slots move, a replica
              takes over and a primary is killed, and a page that shows which slot is where meanwhile;
              --cluster --help lists its arguments

With --url the page is left out. The walk's own:

END
}

build_demo() {
  say "building //demo"
  run_bazel build "${quiet_build[@]}" //demo || die "the demo does not build"
}

demo_in_cluster() {
  local bin argument arguments=()
  for argument in "$@"; do
    [ "$argument" = --cluster ] || arguments+=("$argument")
  done
  say "building //demo/cluster and its page"
  run_bazel build "${quiet_build[@]}" //demo/cluster >&2 || die "the demo does not build"
  bin=$(run_bazel info bazel-bin 2>/dev/null)
  for argument in "${arguments[@]}"; do
    case $argument in
      --help | -h) exec "$bin/demo/cluster/cluster" --help ;;
    esac
  done
  build_cluster_page
  PLIMSOLL_CLUSTER_DEMO=$bin/demo/cluster/cluster \
    exec "$(find_node)" js/demo/stack/cluster.mjs "${arguments[@]}"
}

tools/dev/setup.sh --quiet demo
for argument in "$@"; do
  [ "$argument" != --cluster ] || demo_in_cluster "$@"
done
for argument in "$@"; do
  case $argument in
    --help | -h) usage ;;
    --url | --url=*) ;;
    *) continue ;;
  esac
  build_demo
  exec bazel-bin/demo/demo "$@"
done

say "building the walk, the bridge, and the page"
run_bazel build "${quiet_build[@]}" //demo //native/bridge:plimsoll-bridge >&2 ||
  die "the demo does not build"
bin=$(run_bazel info bazel-bin 2>/dev/null)
build_js
build_page
PLIMSOLL_DEMO=$bin/demo/demo PLIMSOLL_BRIDGE=$bin/native/bridge/plimsoll-bridge \
  exec "$(find_node)" js/demo/stack/demo.mjs "$@"
