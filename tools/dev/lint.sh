#!/bin/bash
# ./dev lint: formatting, the clang build (whose headers must come from direct dependencies: that
# is how the build holds the direction between the houses), and clang-tidy.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

tools/dev/setup.sh --quiet lint
tools/dev/fmt.sh --check

say "building with clang and layering_check"
run_bazel build "${quiet_build[@]}" --config=clang //... || die "the clang build fails"

say "clang-tidy"
execution_root=$(run_bazel info execution_root 2>/dev/null)
run_bazel aquery --noshow_progress --config=clang --output=jsonproto \
  'mnemonic("CppCompile", //...)' 2>/dev/null |
  tools/dev/compile_commands.py "$execution_root" >compile_commands.json
tools/dev/compile_commands.py --files <compile_commands.json |
  xargs --no-run-if-empty --max-procs="$(nproc)" --max-args=1 \
    clang-tidy-19 --quiet -p . 2>&1 | { grep -vE '^[0-9]+ warnings? generated' || true; } ||
  die "clang-tidy found something"
say "clean"
