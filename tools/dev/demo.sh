#!/bin/bash
# ./dev demo [ARGUMENTS]: builds the demo and runs it.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

tools/dev/setup.sh --quiet demo
say "building //demo"
run_bazel build "${quiet_build[@]}" //demo || die "the demo does not build"
exec bazel-bin/demo/demo "$@"
