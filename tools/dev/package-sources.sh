#!/bin/bash
# ./dev package sources: writes packaging/cmake/sources.cmake, the list of files that CMake builds.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

[ $# = 0 ] || die "expected no arguments, not '$*'"
tools/dev/setup.sh --quiet package-sources
run_bazel build "${quiet_build[@]}" //packaging/cmake:make_sources >&2
install -m 644 bazel-bin/packaging/cmake/sources_made.cmake packaging/cmake/sources.cmake
say "written: packaging/cmake/sources.cmake"
