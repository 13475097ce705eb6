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

# stage_bridge BINARY FOLDER: the npm package plimsoll-bridge.
stage_bridge() {
  mkdir -p "$2"
  cp js/bridge/* "$2/"
  install -D -m 755 "$1" "$2/bin/linux-x64/plimsoll-bridge" || die "there is no binary $1"
  bridge_notices >"$2/THIRD_PARTY_NOTICES" || die "the licences of what the bridge is linked to are not installed"
  complete_npm "$2" js/bridge
}

# complete_npm FOLDER DIRECTORY: what both have. DIRECTORY is where the sources are in the repository.
complete_npm() {
  cp LICENSE NOTICE CHANGELOG.md packaging/npm/publish_guard.mjs "$1/"
  "$(find_node)" packaging/npm/complete.mjs "$1" "$2" || die "$1 is not ready for npm"
}

# stage_jsr STAGED FOLDER: the package for JSR, of what stage_js has made.
stage_jsr() {
  "$(find_node)" packaging/npm/jsr.mjs "$1" "$2" || die "the package for JSR cannot be made"
}

# pack_npm STAGED FOLDER: the tarball in FOLDER, and its name.
pack_npm() {
  (cd "$1" && npm pack --silent --pack-destination "$2")
}
