# shellcheck shell=bash
# The npm package plimsoll-bridge: the binary as it is released, with its launcher.
# To be sourced, behind say.sh, bazel.sh and node.sh, with stage_npm.sh.

# Debian's packages of libraries that are linked statically, and whose licences want to be told. Boost's
# wants that for source alone, and those of libstdc++ and libgcc have their runtime library exception.
linked_packages='libcli11-dev libssl-dev libtomlplusplus-dev libxxhash-dev nlohmann-json3-dev'

bridge_notices() {
  local package
  printf 'The binary has parts of these libraries in it. The Apache License 2.0 is in LICENSE.\n'
  for package in $linked_packages; do
    printf '\n---- %s\n\n' "$(dpkg-query -W -f='${Package} ${Version}' "$package")"
    cat "/usr/share/doc/$package/copyright" || return 1
  done
}

# pack_bridge FOLDER: the tarball in FOLDER, and its path.
pack_bridge() {
  say "building plimsoll-bridge as it is released"
  run_bazel build "${quiet_build[@]}" //native/bridge:plimsoll-bridge-release >&2 ||
    die "the bridge does not build"
  pack_bridge_of "$(run_bazel info bazel-bin 2>/dev/null)/native/bridge/plimsoll-bridge-release" "$1"
}

# pack_bridge_of BINARY FOLDER: the tarball in FOLDER, and its path; without Bazel.
pack_bridge_of() { pack_staged_bridge stage_bridge "$@"; }

# pack_static_bridges STATIC FOLDER: the same with the programs that ./dev package bridge-static has put into STATIC.
pack_static_bridges() { pack_staged_bridge stage_static_bridges "$@"; }

# pack_staged_bridge STAGE PROGRAMS FOLDER: by one of the functions of stage_npm.sh.
pack_staged_bridge() {
  local stage name status=0
  stage=$(mktemp -d)
  ("$1" "$2" "$stage") && name=$(pack_npm "$stage" "$3") || status=$?
  rm -rf "$stage"
  [ "$status" = 0 ] || die "plimsoll-bridge cannot be packed"
  echo "$3/$name"
}
