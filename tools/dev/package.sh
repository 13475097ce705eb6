#!/bin/bash
# ./dev package PART [ARGUMENTS]: what is packed, or needed for packing. Each part is a script, package-PART.sh.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")"

usage() {
  cat <<'END'
./dev package PART [ARGUMENTS]

  sources    write packaging/cmake/sources.cmake, the list of files that CMake builds
  npm        build the npm packages, check them, and show what npm would publish; --help says more
  npm-try    install these from a registry on this machine, and use them; --help says more
  bridge-static
             build the bridge as programs for x86-64 and arm64 that run on any Linux; --help says more
  deb        build the Debian packages, and check them with lintian; --help says more
  deb-try    install these in a bare system, use them there, and purge them; --help says more
  deb-arm64  build and try those for arm64, in a bare system; --help says more
  recipes    make the source archive of a release, and recipes for vcpkg, Conan and Bazel's registry; --help says more
  elsewhere  build and use the libraries with compilers, Boosts and a Bazel that Debian 12 lacks; --help says more
END
}

part=${1:-}
case $part in
  sources | deb | deb-try | deb-arm64 | recipes | elsewhere | bridge-static | npm | npm-try)
    shift
    exec "./package-$part.sh" "$@"
    ;;
  -h | --help | help) usage ;;
  *)
    echo "package: expected what to package, not '$part'" >&2
    usage >&2
    exit 2
    ;;
esac
