#!/bin/bash
# ./dev sim [ARGUMENTS]: builds the simulator and runs it; --help says what it takes.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

tools/dev/setup.sh --quiet sim
say "building //tests/sim"
run_bazel build "${quiet_build[@]}" //tests/sim || die "the simulator does not build"
exec bazel-bin/tests/sim/sim "$@"
