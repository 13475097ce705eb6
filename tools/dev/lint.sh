#!/bin/bash
# ./dev lint [PATH...]: formatting, the clang build, and clang-tidy on the sources below the paths
# (by default on all of them, which takes minutes).
#
# In the clang build, headers have to come from direct dependencies: together with visibility that
# is how the build holds the direction between the rooms.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

tools/dev/setup.sh --quiet lint
tools/dev/fmt.sh --check

say "building with clang and layering_check"
run_bazel build "${quiet_build[@]}" --config=clang //... || die "the clang build fails"

execution_root=$(run_bazel info execution_root 2>/dev/null)
run_bazel aquery --noshow_progress --config=clang --output=jsonproto \
  'mnemonic("CppCompile", //...)' 2>/dev/null |
  tools/dev/compile_commands.py "$execution_root" >compile_commands.json
mapfile -t sources < <(tools/dev/compile_commands.py --files "$@" <compile_commands.json)
[ ${#sources[@]} -gt 0 ] || die "no source below $*"

say "clang-tidy on ${#sources[@]} files"
printf '%s\0' "${sources[@]}" |
  xargs --null --max-procs="$(nproc)" --max-args=1 clang-tidy-19 --quiet -p . 2>&1 |
  { grep -vE '^[0-9]+ warnings? (generated|treated)' || true; } ||
  die "clang-tidy found something"
say "clean"
