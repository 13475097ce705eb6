# shellcheck shell=bash
# Which Debian packages each ./dev command needs.
#
# NAME>=VERSION: bookworm has an older one, backports has this. What only backports has
# (Boost 1.83, Valkey) needs no mark.

build='bazel-bootstrap bazel-platforms bazel-rules-cc bazel-rules-java bazel-rules-proto
  bazel-skylib g++ libboost1.83-dev libssl-dev libxxhash-dev python3'
serve='valkey-server'
clang='clang-19 libclang-rt-19-dev lld-19 llvm-19'
peers='libev-dev libhiredis-dev valkey-tools'
# bench/budget.toml is read and written by tomlkit, and its instructions are counted by valgrind.
budget='python3-tomlkit valgrind'
allocators='libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4'
programs='libcli11-dev libtomlplusplus-dev nlohmann-json3-dev xz-utils'
suites='catch2>=3 chromium cmake emscripten haproxy nginx ninja-build pkg-config python3 redis-server systemd'
# What packaging/debian/control.in has as Build-Depends, with lintian, which checks the packages.
deb='cmake debhelper libcli11-dev libtomlplusplus-dev lintian ninja-build nlohmann-json3-dev python3'

# What tools/dev/bare_system.sh makes systems with.
bare_system='debootstrap systemd-container'

# What the static bridge is compiled with, besides what npm brings, and of. OpenSSL's makefile is made by perl.
static='cmake dpkg-dev libboost1.83-dev libcli11-dev libtomlplusplus-dev libxxhash-dev make ninja-build nlohmann-json3-dev perl
  python3'

packages_of() {
  case $1 in
    demo) echo "$build $serve emscripten libcli11-dev libtomlplusplus-dev nlohmann-json3-dev" ;;
    test) echo "$build $serve $clang $peers $allocators $programs $suites $budget" ;;
    sim) echo "$build libcli11-dev" ;;
    bench) echo "$build $serve $peers $programs $allocators $budget gnuplot-nox haproxy websockify" ;;
    bridge | bridge-package) echo "$build $serve libcli11-dev libtomlplusplus-dev nlohmann-json3-dev" ;;
    commands) echo "$serve python3" ;;
    fuzz) echo "$build $clang nlohmann-json3-dev" ;;
    package-sources) echo "$build libcli11-dev libtomlplusplus-dev nlohmann-json3-dev" ;;
    package-npm) echo "$build emscripten libcli11-dev libtomlplusplus-dev nlohmann-json3-dev" ;;
    package-npm-try) echo "$serve" ;;
    package-deb) echo "$deb g++ libboost1.83-dev libssl-dev libxxhash-dev" ;;
    package-recipes-try) echo "cmake g++ libboost1.83-dev libssl-dev libtomlplusplus-dev libxxhash-dev ninja-build python3" ;;
    package-deb-arm64) echo "$bare_system lintian python3" ;;
    package-deb-try | package-elsewhere) echo "$bare_system procps" ;;
    docs) echo doxygen ;;
    package-bridge-static) echo "$static" ;;
    package-bridge-static-try) echo "$serve binutils openssl python3 qemu-user-static" ;;
    release) echo "$build $static $deb $bare_system emscripten" ;;
    fmt) echo "clang-format-19" ;;
    lint) echo "$(packages_of test) clang-format-19 clang-tidy-19" ;;
    *) return 1 ;;
  esac
}

# missing_packages NAME[>=VERSION]...: prints, as apt-get takes them, those that are not
# installed. One query for all: this runs before every command.
missing_packages() {
  local status name version wanted entry
  local -A installed=()
  while IFS=$'\t' read -r status name version; do
    [ "$status" != installed ] || installed[$name]=$version
  done < <(dpkg-query -W -f='${db:Status-Status}\t${Package}\t${Version}\n' "${@%%>=*}" 2>/dev/null)
  for entry in "$@"; do
    name=${entry%%>=*} wanted=${entry#"$name"} wanted=${wanted#>=}
    version=${installed[$name]:-}
    if [ -z "$wanted" ]; then
      [ -n "$version" ] || echo "$name"
    elif [ -z "$version" ] || dpkg --compare-versions "$version" lt "$wanted"; then
      echo "$name/bookworm-backports"
    fi
  done
}
