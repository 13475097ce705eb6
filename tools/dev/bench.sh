#!/bin/bash
# ./dev bench [NAME] [ARGUMENTS]: runs the benchmark //bench:bench_NAME, or each in turn. "js" is that
# of the npm package (bench/js), "cluster" that of the same package with clusters whose slots move and
# whose primaries die, caches among it, "bridge" that of the bridge (bench/bridge), each beside its peers;
# "bridge churn" has clients come and go, and looks at what they leave; "bridge idle" has many that
# do nothing, or do not read; "bridge hostile" has strangers who take what they can,
# "bridge readers" clients that ask for much and read nothing, and "bridge shared" a crowd whose connections to the server
# are shared, or whose reads the bridge's near cache answers; "bridge resume" loses the WebSocket of a client with a cache. "page" is that of the demo's page in Chromium. "budget" compares what
# does not wobble with bench/budget.toml; --accept writes the file, and --native leaves out the npm package.
# "compared" makes one burst with each of several clients, a process each, and looks at their memory; "compared --page" keeps the
# figures in bench/compared/record.json, and makes the table of docs/compared.md from them.
# --page [--runs N] [--from FOLDER]: runs some of them, and makes docs/benchmarks.md from what they print.
#
# Only what the benchmarks print goes to standard output, so that --json can be piped.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/node.sh
source tools/dev/apt.sh
source tools/dev/js.sh
source tools/dev/stage_npm.sh
source tools/dev/boost_redis.sh

bench_js() {
  tools/dev/setup.sh --quiet test
  build_js
  install_js_tools bench/js
  "$(find_node)" bench/js/main.mjs "$@"
}

bench_cluster() {
  tools/dev/setup.sh --quiet test
  build_js
  install_js_tools bench/js
  "$(find_node)" bench/js/cluster.mjs "$@"
}

bench_bridge() {
  local script=main bin
  local programs=(//native/bridge:plimsoll-bridge)
  case ${1:-} in churn | idle | hostile | readers | resume | shared)
    script=$1
    shift
    ;;
  esac
  [ "$script" != shared ] || programs+=(//bench/bridge:crowd)
  # Ten thousand connections are twenty thousand descriptors of the bridge.
  ulimit -n 30000 2>/dev/null || ulimit -n "$(ulimit -Hn)"
  tools/dev/setup.sh --quiet bench
  [ "$script" != resume ] || build_js
  run_bazel build "${quiet_build[@]}" "${programs[@]}" >&2 || die "the bridge does not build"
  bin=$(run_bazel info bazel-bin 2>/dev/null)
  PLIMSOLL_BRIDGE=$bin/native/bridge/plimsoll-bridge PLIMSOLL_CROWD=$bin/bench/bridge/crowd \
    "$(find_node)" "bench/bridge/$script.mjs" "$@"
}

bench_page() {
  tools/dev/setup.sh --quiet demo test
  build_js
  build_page
  run_bazel build "${quiet_build[@]}" //demo //native/bridge:plimsoll-bridge >&2 ||
    die "the demo does not build"
  local bin
  bin=$(run_bazel info bazel-bin 2>/dev/null)
  PLIMSOLL_DEMO=$bin/demo/demo PLIMSOLL_BRIDGE=$bin/native/bridge/plimsoll-bridge \
    "$(find_node)" bench/page/main.mjs "$@"
}

brotli_bytes() {
  "$1" -p 'zlib.brotliCompressSync(fs.readFileSync(process.argv[1])).length' "$2"
}

bench_budget() {
  local native=no words=() argument bin node packed
  for argument in "$@"; do
    if [ "$argument" = --native ]; then native=yes; else words+=("$argument"); fi
  done
  tools/dev/setup.sh --quiet bench test
  say "building what is measured"
  run_bazel build "${quiet_build[@]}" //bench/budget:work //bench/budget:client_header_lines >&2 ||
    die "they do not build"
  # build_js looks for this path again, and gets the same.
  bin=$(run_bazel info bazel-bin 2>/dev/null)
  words+=(--work "$bin/bench/budget/work" --measured-in "client_header.lines=$bin/bench/budget/client_header_lines")
  if [ $native = yes ]; then
    words+=(--partly)
  else
    build_js
    node=$(find_node)
    packed=$(mktemp -d)
    # shellcheck disable=SC2064  # it is to go even if this function has ended
    trap "rm -rf '$packed'" EXIT
    words+=(--measured "module.bytes=$(brotli_bytes "$node" "$bin/wasm/plimsoll.wasm")")
    words+=(--measured "page_module.bytes=$(brotli_bytes "$node" "$bin/wasm/plimsoll_one_server.wasm")")
    words+=(--measured "page_bundle.bytes=$("$node" "$PWD/js/test/package/page_bundle.mjs")")
    words+=(--measured "tarball.bytes=$(stat --format=%s "$packed/$(pack_js "$packed")")")
  fi
  say "counting"
  /usr/bin/python3 -B bench/budget/check.py "${words[@]}" || {
    say "the budget does not hold: see above"
    exit 1
  }
  say "the budget holds"
}

# Clients in the order of the page's table.
bench_compared() {
  local page=no folder bin node js
  while [ $# -gt 0 ]; do
    [ "$1" = --page ] || die "unknown: $1; there is --page"
    page=yes
    shift
  done
  tools/dev/setup.sh --quiet bench test
  build_js
  install_js_tools bench/js
  fetch_boost_redis
  say "building the clients of C++"
  run_bazel build "${quiet_build[@]}" //bench/compared:our_worker //bench/compared:hiredis_worker >&2 || die "they do not build"
  bin=$(run_bazel info bazel-bin 2>/dev/null)/bench/compared
  folder=$(mktemp -d)
  # shellcheck disable=SC2064  # it is to go even if this function has ended
  trap "rm -rf '$folder'" EXIT
  ln -s "$PWD" "$folder/plimsoll"
  g++ -std=c++20 -O2 -DNDEBUG -I "$folder" -isystem "$boost_redis_include" bench/compared/boost_redis_worker.cc \
    -o "$folder/boost_redis_worker" -lcrypto -lssl -pthread || die "the client of Boost.Redis does not build"
  node=$(find_node)
  js="$node --expose-gc bench/js/compared.mjs"
  say "one burst each, some ten seconds apart"
  python3 -B bench/compared/run.py "$folder/record.json" --commit "$(git describe --always --dirty)" \
    "Plimsoll, native=$bin/our_worker" "hiredis=$bin/hiredis_worker" "Boost.Redis=$folder/boost_redis_worker" \
    "Plimsoll, npm=$js plimsoll" "ioredis=$js ioredis" "node-redis=$js node-redis" "GLIDE=$js valkey-glide" ||
    die "there is no comparison"
  [ $page = yes ] || return 0
  cp "$folder/record.json" bench/compared/record.json
  python3 -B bench/compared/compared_page.py bench/compared/record.json docs/compared.md || exit 1
  say "written: bench/compared/record.json, docs/compared.md"
}

bench_runs=(pipeline commands parser)

# Makes docs/benchmarks.md from runs, kept ones or new ones.
bench_page_of_docs() {
  local runs=3 folder= name number
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || die "$1 needs a value"
    case $1 in
      --runs) runs=$2 ;;
      --from) folder=$2 ;;
      *) die "unknown: $1; there is --runs N and --from FOLDER" ;;
    esac
    shift 2
  done
  [[ $runs =~ ^[1-9][0-9]?$ ]] || die "--runs $runs: expected a number from 1 to 99"
  tools/dev/setup.sh --quiet bench test
  if [ -z "$folder" ]; then
    folder=.bench
    rm -rf .bench
    mkdir .bench
    say "building ${bench_runs[*]}"
    run_bazel build "${quiet_build[@]}" "${bench_runs[@]/#///bench:bench_}" || die "they do not build"
    printf '{"date": "%s", "commit": "%s"}\n' "$(date +%F)" "$(git describe --always --dirty)" >.bench/about.json
    for ((number = 1; number <= runs; ++number)); do
      for name in "${bench_runs[@]}"; do
        say "$name, run $number of $runs"
        # A goal that is missed is told by the page.
        "bazel-bin/bench/bench_$name" --json >".bench/$name.$number.jsonl" || true
      done
    done
  fi
  tools/dev/benchmarks_page.py "$folder" || exit 1
  say "written: docs/benchmarks.md and its charts"
}

if [ "${1:-}" = --page ]; then
  shift
  bench_page_of_docs "$@"
  exit
fi

case ${1:-} in budget | compared | js | cluster | bridge | page)
  name=$1
  shift
  "bench_$name" "$@"
  exit
  ;;
esac

[ -e bench/BUILD.bazel ] || die "there are no benchmarks yet"
tools/dev/setup.sh --quiet bench
mapfile -t known < <(run_bazel query --noshow_progress 'kind(cc_binary, //bench:all)' 2>/dev/null |
  sed -n 's|^//bench:bench_||p')

names=("${known[@]}")
if [ $# -gt 0 ] && [[ $1 != -* ]]; then
  [[ " ${known[*]} " == *" $1 "* ]] || die "no benchmark '$1'; there is: budget compared js cluster bridge page ${known[*]}"
  names=("$1")
  shift
fi
[ ${#names[@]} -gt 0 ] || die "//bench has no target bench_NAME"

say "building ${names[*]}"
run_bazel build "${quiet_build[@]}" "${names[@]/#///bench:bench_}" || die "they do not build"

failed=()
for name in "${names[@]}"; do
  [ ${#names[@]} -eq 1 ] || say "$name"
  "bazel-bin/bench/bench_$name" "$@" || failed+=("$name")
done
[ ${#failed[@]} -eq 0 ] || die "failed: ${failed[*]}"
say "done: ${names[*]}"
