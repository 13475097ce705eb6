# shellcheck shell=bash
# The folders that npm packs and publishes, and JSR: the files of each package, with package.json as npm shows it.
# To be sourced, behind say.sh and node.sh; stage_bridge needs pack_bridge.sh.

# stage_js FOLDER: the npm package plimsoll, behind build_js or build_js_of.
stage_js() {
  mkdir -p "$1"
  cp -r js/dist js/ioredis js/opentelemetry js/README.md js/THIRD_PARTY_NOTICES js/package.json "$1/" ||
    die "there is no package to stage in js"
  complete_npm "$1" js
}

# stage_bridge BINARY FOLDER: the npm package plimsoll-bridge, with the binary for this kind of machine.
stage_bridge() {
  add_bridge "$1" "$2" linux-x64
  # Older releases of glibc lack what the binary needs: native/bridge/older_glibc.cc.
  echo '{"linux-x64": {"glibc": [2, 35]}}' >"$2/bin/platforms.json"
  bridge_notices >"$2/THIRD_PARTY_NOTICES" || die "the licences of what the bridge is linked to are not installed"
  cp js/bridge/* "$2/"
  complete_npm "$2" js/bridge
}

# stage_static_bridges STATIC FOLDER: the same with the binaries of ./dev package bridge-static, for any Linux.
stage_static_bridges() {
  add_bridge "$1/x86_64/plimsoll-bridge" "$2" linux-x64
  add_bridge "$1/aarch64/plimsoll-bridge" "$2" linux-arm64
  echo '{"linux-x64": {}, "linux-arm64": {}}' >"$2/bin/platforms.json"
  cp "$1/THIRD_PARTY_NOTICES" "$2/" || die "there are no licences in $1"
  cp js/bridge/* "$2/"
  complete_npm "$2" js/bridge plimsoll-bridge-static.files
}

# add_bridge BINARY FOLDER PLATFORM
add_bridge() { install -D -m 755 "$1" "$2/bin/$3/plimsoll-bridge" || die "there is no binary $1"; }

# complete_npm FOLDER DIRECTORY [LIST]: what all have. DIRECTORY is where the sources are in the repository, LIST the list
# of files if it is not the package's own.
complete_npm() {
  cp LICENSE NOTICE CHANGELOG.md packaging/npm/publish_guard.mjs "$1/"
  "$(find_node)" packaging/npm/complete.mjs "$@" || die "$1 is not ready for npm"
}

# stage_jsr STAGED FOLDER: the package for JSR, of what stage_js has made.
stage_jsr() {
  "$(find_node)" packaging/npm/jsr.mjs "$1" "$2" || die "the package for JSR cannot be made"
}

# pack_npm STAGED FOLDER: the tarball in FOLDER, and its name.
pack_npm() {
  (cd "$1" && npm pack --silent --pack-destination "$2")
}
