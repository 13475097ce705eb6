#!/bin/bash
# ./dev fuzz [NAME] [--seconds N]: fuzzes //fuzz:NAME_fuzz, or each in turn, for N seconds (60).
#
# Starts from the inputs in fuzz/corpus/NAME. What it learns stays in .fuzz, which git ignores,
# and so does an input that fails: that one belongs into the corpus, with the mending.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

name='' seconds=60
while [ $# -gt 0 ]; do
  case $1 in
    --seconds)
      seconds=${2:-}
      [[ $seconds =~ ^[0-9]+$ ]] || die "--seconds takes a number"
      shift
      ;;
    -*) die "unknown option '$1'" ;;
    *) name=$1 ;;
  esac
  shift
done

[ -e fuzz/BUILD.bazel ] || die "there are no fuzz targets yet"
tools/dev/setup.sh --quiet fuzz
mapfile -t known < <(run_bazel query --noshow_progress 'kind(cc_binary, //fuzz:all)' 2>/dev/null |
  sed -n 's|^//fuzz:\(.*\)_fuzz$|\1|p')
names=("${known[@]}")
if [ -n "$name" ]; then
  [[ " ${known[*]} " == *" $name "* ]] || die "no fuzz target '$name'; there is: ${known[*]}"
  names=("$name")
fi
[ ${#names[@]} -gt 0 ] || die "//fuzz has no target NAME_fuzz"

say "building ${names[*]}"
targets=("${names[@]/#///fuzz:}")
run_bazel build "${quiet_build[@]}" --config=fuzz "${targets[@]/%/_fuzz}" || die "they do not build"

trap 'exit 130' INT  # Ctrl-C ends all, not only the target that runs
export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19 UBSAN_OPTIONS=print_stacktrace=1
failed=()
for name in "${names[@]}"; do
  mkdir -p ".fuzz/$name" "fuzz/corpus/$name"
  say "$name, $seconds s"
  "bazel-bin/fuzz/${name}_fuzz" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 \
    -artifact_prefix=".fuzz/$name-" ".fuzz/$name" "fuzz/corpus/$name" || failed+=("$name")
done
[ ${#failed[@]} -eq 0 ] || die "found something: ${failed[*]} (see .fuzz)"
say "nothing found: ${names[*]}"
