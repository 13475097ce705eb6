#!/bin/bash
# ./dev test [NAME]: runs the tests, and ends with the line "N passed, N failed".
#
# Without NAME: nearly all of them under gcc, those of the code itself that can under ASan and UBSan,
# those with threads under TSan, those of a workspace that uses this one, and those of the npm package
# in each runtime (tools/dev/js.sh). With NAME: tests/NAME, under gcc; "js" is the npm package alone.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh
source tools/dev/node.sh
source tools/dev/apt.sh
source tools/dev/pack_bridge.sh
source tools/dev/js.sh

name=${1:-}
if [ -n "$name" ] && [ "$name" != js ] && [ ! -d "tests/$name" ]; then
  die "there is no tests/$name; there is: js $(cd tests && printf '%s ' */)"
fi

tools/dev/setup.sh --quiet test
node=$(find_node)
# Tests find /usr/bin/node by themselves; an option less, and builds share what tests analysed.
node_option=()
[ "$node" = /usr/bin/node ] || node_option=("--test_env=NODE=$node")
events=$(mktemp -d)
trap 'rm -rf "$events"' EXIT
trap 'exit 130' INT  # Bazel answers Ctrl-C by ending in order, after which this would go on
ran=()

# run CONFIGURATION [BAZEL ARGUMENTS...]. A failure shows in the events, which are counted below.
run() {
  local configuration=$1
  shift
  say "$configuration"
  ran+=("$events/$configuration")
  : >"${ran[-1]}"
  run_bazel test "${quiet_build[@]}" --keep_going --test_summary=terse \
    "${node_option[@]}" --build_event_json_file="${ran[-1]}" "$@" >&2 || true
}

# The npm package's own tests: each runner leaves a report, or is a failure.
run_js() {
  local report
  for report in $js_reports; do ran+=("$events/$report.xml"); done
  test_js "$events"
}

if [ "$name" = js ]; then
  run_js
elif [ -n "$name" ]; then
  run gcc "//tests/$name/..."
else
  # Not libraries for their own sake: Bazel would compile each file of theirs twice, the second time
  # for shared ones that nobody links.
  query="tests(//...) + kind(cc_binary, //...) - attr(tags, manual, //...)"
  # The client's own and the bridge's run under sanitizers below: once more would cost six minutes.
  sanitized="tests(//tests/native:all + //tests/native/bridge:all)"
  query+=" - ($sanitized - attr(tags, no-sanitizer, $sanitized))"
  mapfile -t tests_and_programs < <(run_bazel query --noshow_progress "$query" 2>/dev/null)
  [ ${#tests_and_programs[@]} -gt 0 ] || die "bazel query finds no tests"
  run gcc "${tests_and_programs[@]}"
  # Examples and benchmarks only use what is tested here: they would be compiled for little.
  run asan --config=asan --build_tests_only -- //... \
    -//tests/bench/... -//tests/examples/... -//tests/readme/...
  # The bridge has one thread.
  run tsan --config=tsan --build_tests_only -- //tests/native/... //tests/core/memory/... \
    -//tests/native/bridge/... -//tests/native/bridge_config/... -//tests/native/websocket/...
  if [ -e tests/consumer/WORKSPACE ]; then
    cd tests/consumer
    run consumer //...
    cd ../..
  fi
  run_js
fi

tools/dev/count_tests.py "${ran[@]}"
