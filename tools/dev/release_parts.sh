# shellcheck shell=bash
# What a release is made of: a function for each part, which builds from the tree in the current folder, and puts files
# into the folder that it is given. To be sourced behind what release-build.sh sources. Their bytes depend on the
# commit and on this machine's packages alone: tools/dev/release.sh compares two builds.

release_parts='source npm deb deb-arm64 bridge'

# The tree of the commit, and the recipes that name the archive's hash.
release_source() {
  tools/dev/package-recipes.sh --output "$1/recipes" >&2
  mv "$1/recipes/plimsoll-$version.tar.gz" "$1/"
}

release_npm() {
  mkdir -p "$1/npm"
  build_js
  pack_js "$1/npm" >&2
}

release_deb() {
  tools/dev/package-deb.sh --output "$1/deb" >&2
  leave_uploads_out "$1/deb"
}

release_deb_arm64() {
  local package here there
  tools/dev/package-deb-arm64.sh --output "$1/deb" >&2
  # The statements say what this machine has of what is compiled in.
  for package in $(python3 -B tools/release/statements.py --packages); do
    here=$(dpkg-query -W -f='${Version}' "$package")
    there=$(sed -nE "s/^ $package(:[a-z0-9]+)? \(= (.*)\),?$/\2/p" "$1"/deb/*_arm64.buildinfo)
    [ "$here" = "$there" ] ||
      die "the packages for arm64 were made of $package $there, and this machine has $here: apt-get upgrade makes both the same"
  done
  leave_uploads_out "$1/deb"
}

# leave_uploads_out FOLDER: what dput wants beside the packages, which has the time of the build.
leave_uploads_out() { rm "$1"/*.buildinfo "$1"/*.changes; }

# The static binaries, by themselves and as an npm package.
release_bridge() {
  local architecture
  tools/dev/package-bridge-static.sh >&2
  mkdir -p "$1/static" "$1/npm"
  for architecture in $static_architectures; do
    install --mode=755 "dist/static/$architecture/plimsoll-bridge" \
      "$1/static/plimsoll-bridge-$version-linux-$architecture"
  done
  install --mode=644 dist/static/THIRD_PARTY_NOTICES "$1/static/plimsoll-bridge-$version-THIRD_PARTY_NOTICES"
  pack_static_bridges "$PWD/dist/static" "$1/npm" >&2
}
