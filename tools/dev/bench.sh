#!/bin/bash
# ./dev bench [NAME] [ARGUMENTS]: runs the benchmark //bench:bench_NAME, or each in turn.
#
# Only what the benchmarks print goes to standard output, so that --json can be piped.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

[ -e bench/BUILD.bazel ] || die "there are no benchmarks yet"
tools/dev/setup.sh --quiet bench
mapfile -t known < <(run_bazel query --noshow_progress 'kind(cc_binary, //bench:all)' 2>/dev/null |
  sed -n 's|^//bench:bench_||p')

names=("${known[@]}")
if [ $# -gt 0 ] && [[ $1 != -* ]]; then
  [[ " ${known[*]} " == *" $1 "* ]] || die "no benchmark '$1'; there is: ${known[*]}"
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
