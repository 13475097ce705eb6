#!/bin/bash
# Uses the packages for arm64, in the bare system that ./dev package deb-arm64 --try has installed them in: compiles
# programs for arm64, and runs them, and the bridge, under qemu.
set -euo pipefail
trial=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=tests/packaging/deb_trial/expect.sh
source "$trial/expect.sh"
cd "$(mktemp -d)"
emulator=qemu-aarch64-static

# wait_for PORT
wait_for() {
  for ((i = 0; i < 300; ++i)); do
    ! { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 0
    sleep 0.1
  done
  fail "nothing listens on port $1"
}

# compile SOURCE PROGRAM
compile() {
  local flags
  flags=$(PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig pkg-config --cflags --libs plimsoll)
  # shellcheck disable=SC2086  # flags are words
  aarch64-linux-gnu-g++ -std=c++20 "$1" -o "$2" $flags
}

echo "the programs of tests/consumer, by CMake and the cross compiler"
cmake -S "$trial/consumer/cmake/installed" -B cmake -D CMAKE_BUILD_TYPE=Debug -D CMAKE_SYSTEM_NAME=Linux \
  -D CMAKE_SYSTEM_PROCESSOR=aarch64 -D CMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -D CMAKE_CROSSCOMPILING_EMULATOR=$emulator \
  >log || fail "$(cat log)"
cmake --build cmake --parallel "$(nproc)" >log 2>&1 || fail "$(cat log)"
[[ $(readelf --file-header cmake/app_test) == *AArch64* ]] || fail "app_test is not for arm64"
# app_test starts the others by their names.
for program in app configured ship; do
  mv "cmake/$program" "cmake/$program.arm64"
  # shellcheck disable=SC2016  # the script expands it
  printf '#!/bin/sh\nexec %s "$0.arm64" "$@"\n' $emulator >"cmake/$program"
  chmod +x "cmake/$program"
done
(cd cmake && ctest --output-on-failure) >log 2>&1 || fail "$(cat log)"

echo "the bridge, under qemu, in front of a server"
valkey-server --bind 127.0.0.1 --save '' >/dev/null &
server=$!
bridge=
trap 'kill $server $bridge' EXIT
wait_for 6379
compile "$trial/page/1.cpp" ship
expect "the page's program" "Great Eastern" "$($emulator ./ship)"
said=$($emulator /usr/bin/plimsoll-bridge --make-token page)
sed -n 's/^line for the tokens file: //p' <<<"$said" >/etc/plimsoll-bridge/tokens
$emulator /usr/bin/plimsoll-bridge --config /etc/plimsoll-bridge/bridge.toml >bridge.log 2>&1 &
bridge=$!
wait_for 8380
compile "$trial/visitor.cc" visitor
said=$($emulator ./visitor ws://127.0.0.1:8380/ "$(sed -n 's/^token: //p' <<<"$said")") || fail "$said $(cat bridge.log)"
expect "the key that was read" "Great Eastern" "${said%%$'\n'*}"
said=$($emulator ./visitor ws://127.0.0.1:8380/ not-the-token 2>&1) && fail "a wrong token was let in: $said"
[[ $said == *token* ]] || fail "a wrong token's error does not speak of the token: $said"
