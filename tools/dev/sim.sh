#!/bin/bash
# ./dev sim [ARGUMENTS]: builds the simulator and runs it; --help says what it takes.
# ./dev sim --mutants [ARGUMENTS]: lets it loose on broken variants of the core.
# ./dev sim --replay FILE: goes through what a flight recorder wrote, step by step.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

program=tests/sim/sim
if [ "${1:-}" = --mutants ]; then
  shift
  program=tests/sim/mutants/mutants
elif [ "${1:-}" = --replay ]; then
  shift
  program=tests/sim/recorder/replay
fi

tools/dev/setup.sh --quiet sim
target="//$(dirname "$program"):$(basename "$program")"
say "building $target"
run_bazel build "${quiet_build[@]}" "$target" || die "the simulator does not build"
exec "bazel-bin/$program" "$@"
