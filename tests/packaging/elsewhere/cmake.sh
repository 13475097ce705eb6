#!/bin/bash
# cmake.sh COMPILER SHARED: builds and installs the libraries in the bare system of ./dev package elsewhere, and runs the
# programs of tests/consumer with what was installed. SHARED is ON or OFF.
set -euo pipefail
compiler=$1 shared=$2
cd "$(mktemp -d)"

# Nobody asks how fast it is, and this compiles in a third of the time.
flags=(-G Ninja -D CMAKE_BUILD_TYPE=Debug -D "CMAKE_CXX_FLAGS=-O0 -g0" -D "CMAKE_CXX_COMPILER=$compiler")
cmake -S /plimsoll -B libraries "${flags[@]}" -D "BUILD_SHARED_LIBS=$shared"
cmake --build libraries
cmake --install libraries --prefix "$PWD/prefix"
cmake -S /plimsoll/tests/consumer/cmake/installed -B consumer "${flags[@]}" -D "CMAKE_PREFIX_PATH=$PWD/prefix"
cmake --build consumer
cd consumer
ctest --output-on-failure
