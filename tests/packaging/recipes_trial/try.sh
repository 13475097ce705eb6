#!/bin/bash
# try.sh FOLDER: follows the recipes for vcpkg and Conan that ./dev package recipes has made in FOLDER.
set -euo pipefail
recipes=$1
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../../.."
source tools/dev/say.sh
tools/dev/setup.sh --quiet package-recipes-try

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
log=$folder/log

# use PREFIX: builds and runs the programs of tests/consumer with what was installed there.
use() {
  quietly "configuring tests/consumer" cmake -S tests/consumer/cmake/installed -B "$1-use" -G Ninja \
    -D CMAKE_BUILD_TYPE=Debug -D "CMAKE_CXX_FLAGS=-O0 -g0" -D "CMAKE_PREFIX_PATH=$1"
  quietly "building tests/consumer" cmake --build "$1-use"
  quietly "tests/consumer" ctest --test-dir "$1-use" --output-on-failure
}

SECONDS=0
port=$recipes/vcpkg/ports/plimsoll
quietly "the portfile" cmake -D "PORT_FOLDER=$port" -D "ARCHIVES=$recipes" -D "FOLDER=$folder/vcpkg" \
  -P tests/packaging/recipes_trial/vcpkg.cmake
use "$folder/vcpkg/packages"
say "vcpkg's portfile made a tree that tests/consumer is built and runs with, in $SECONDS s"

SECONDS=0
quietly "the conanfile" python3 -B tests/packaging/recipes_trial/conan_trial.py \
  "$recipes/conan/recipes/plimsoll/all" "$recipes" "$folder/conan"
say "Conan's conanfile made a package that its own test_package is built and runs with, in $SECONDS s"
