#!/bin/bash
# Builds and tests the workspace tests/consumer in the bare system of ./dev package elsewhere, with MODULE.bazel: with
# Plimsoll from the entry and the archive that ./dev package recipes makes for the Bazel Central Registry.
#
# That registry cannot be reached without the network. Debian's Bazel has its own rules as modules. Here, the libraries
# of the system stand for those of the registry, with the labels that third_party gives them, and empty modules for those
# that Bazel itself names but does not use for C++.
set -euo pipefail
modules=/trial/modules
export HOME=/root

# module NAME [DEPENDENCY...]
module() {
  local folder=$modules/$1
  mkdir -p "$folder"
  echo "module(name = \"$1\")" >"$folder/MODULE.bazel"
  for dependency in "${@:2}"; do
    echo "bazel_dep(name = \"$dependency\")" >>"$folder/MODULE.bazel"
  done
  touch "$folder/BUILD.bazel" "$folder/installed.h"
  local labels=/plimsoll/third_party/labels/$1.BUILD
  [ ! -f "$labels" ] || cp "$labels" "$folder/BUILD.bazel"
  echo "common --override_module=$1=$folder" >>"$HOME/.bazelrc"
}

module boost.asio bazel_skylib rules_cc
module boost.beast bazel_skylib boost.asio rules_cc
module openssl rules_cc
module tomlplusplus rules_cc
module xxhash rules_cc
ln -s /usr/include/xxhash.h "$modules/xxhash/"
module apple_support
module protobuf
module zlib
module buildozer
cat >"$modules/buildozer/buildozer_binary.bzl" <<'END'
def _empty_impl(rctx):
    rctx.file("BUILD.bazel")

_empty = repository_rule(implementation = _empty_impl)

def _buildozer_binary_impl(_):
    _empty(name = "buildozer_binary")

buildozer_binary = module_extension(implementation = _buildozer_binary_impl)
END

# Bazel takes an archive whose name and hash are right from there, in place of asking the entry's address for it.
echo "common --registry=file:///trial/recipes/bcr --distdir=/trial/recipes" >>"$HOME/.bazelrc"
cp -r /plimsoll/tests/consumer /trial/consumer
rm -rf /plimsoll
cd /trial/consumer
# A user has no Plimsoll beside the workspace.
sed -i '/^local_path_override(/,/^)/d' MODULE.bazel
bazel test --cxxopt=-std=c++20 --host_cxxopt=-std=c++20 --test_output=errors //...
