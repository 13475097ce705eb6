#!/bin/bash
# Uses the installed packages, in the bare system that ./dev package deb-try has booted. Beside this script are
# consumer/ (tests/consumer) and page/, the blocks of docs/getting_started_debian.md: 1.sh, 1.cpp, 2.sh...
set -euo pipefail
trial=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=tests/packaging/deb_trial/expect.sh
source "$trial/expect.sh"
cd "$(mktemp -d)"

# listens_beyond_loopback PORT: whether something listens on this port of an address other than 127.0.0.1.
listens_beyond_loopback() {
  local port
  port=$(printf %04X "$1")
  awk -v port=":$port" '$4 == "0A" && substr($2, length($2) - 4) == port && $2 !~ /^0100007F/ { found = 1 }
    END { exit !found }' /proc/net/tcp /proc/net/tcp6
}

# is_ready: whether the bridge says on its metrics address that it reaches its server.
is_ready() {
  local line
  { exec 3<>/dev/tcp/127.0.0.1/9380; } 2>/dev/null || return 1
  printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:9380\r\nConnection: close\r\n\r\n' >&3
  IFS=$'\r' read -r line _ <&3
  exec 3>&-
  [ "$line" = 'HTTP/1.1 200 OK' ]
}

# To systemd, a bridge has started before it listens.
wait_until_ready() {
  for ((i = 0; i < 300; ++i)); do
    ! is_ready || return 0
    sleep 0.1
  done
  fail "the bridge does not get ready: $(journalctl --no-pager -u plimsoll-bridge)"
}

# Debug: optimising, gcc 12 warns of how Asio frees coroutines, and one of the programs has warnings as errors.
echo "the programs of tests/consumer, by CMake"
cmake -S "$trial/consumer/cmake/installed" -B cmake -D CMAKE_BUILD_TYPE=Debug >log || fail "$(cat log)"
cmake --build cmake --parallel "$(nproc)" >log 2>&1 || fail "$(cat log)"
(cd cmake && ctest --output-on-failure) >log 2>&1 || fail "$(cat log)"

echo "the same program, by pkg-config"
make -f "$trial/consumer/pkg_config/Makefile" app >log 2>&1 || fail "$(cat log)"
systemctl start valkey-server
expect "app" "visit 1" "$(./app valkey://127.0.0.1:6379)"
[[ $(ldd app) == *'libplimsoll.so.0 => /lib/'* ]] || fail "app is not linked with the shared library: $(ldd app)"

echo "the page's first program"
cp "$trial/page/1.cpp" ship.cc
expect "the page's program" "Great Eastern" "$(bash -euo pipefail "$trial/page/2.sh")"

echo "the bridge, as it was installed"
expect "the version" "plimsoll-bridge $1" "$(plimsoll-bridge --version | head -n 1)"
expect "whether the unit is enabled" disabled "$(systemctl is-enabled plimsoll-bridge || true)"
expect "whether the unit runs" inactive "$(systemctl is-active plimsoll-bridge || true)"
said=$(plimsoll-bridge --config /etc/plimsoll-bridge/bridge.toml --check 2>&1) && fail "nobody may connect, and the bridge says: $said"
[[ $said == *'/etc/plimsoll-bridge/tokens'* ]] || fail "the bridge does not say that the file of tokens is missing: $said"

echo "the bridge, by its unit, with a token"
token=$(bash -euo pipefail "$trial/page/4.sh" | tail -n 1)
expect "whether the unit runs" active "$(systemctl is-active plimsoll-bridge)"
pid=$(systemctl show --property MainPID --value plimsoll-bridge)
expect "its user" plimsoll-bridge "$(stat -c %U "/proc/$pid")"
expect "its command line" "/usr/bin/plimsoll-bridge --config /etc/plimsoll-bridge/bridge.toml " "$(tr '\0' ' ' <"/proc/$pid/cmdline")"
expect "its capabilities" 0000000000000000 "$(sed -n 's/^CapEff:\s*//p' "/proc/$pid/status")"
wait_until_ready
for port in 8380 9380; do
  ! listens_beyond_loopback "$port" || fail "port $port is open beyond loopback"
done
systemd-analyze security --threshold=20 plimsoll-bridge >log 2>&1 || fail "$(tail -n 1 log)"

# shellcheck disable=SC2046  # flags are words
c++ -std=c++20 "$trial/visitor.cc" -o visitor $(pkg-config --cflags --libs plimsoll)
said=$(./visitor ws://127.0.0.1:8380/ "$token")
expect "the key that was read" "Great Eastern" "${said%%$'\n'*}"
[[ $said == *'refused'* || $said == *"'set'"* ]] || fail "a write was not refused: $said"
said=$(./visitor ws://127.0.0.1:8380/ not-the-token 2>&1) && fail "a wrong token was let in: $said"
[[ $said == *token* ]] || fail "a wrong token's error does not speak of the token: $said"

echo "the bridge, reloaded without the token, restarted and stopped"
other=$(plimsoll-bridge --make-token page)
sed -n 's/^line for the tokens file: //p' <<<"$other" >/etc/plimsoll-bridge/tokens
systemctl reload plimsoll-bridge
for ((i = 0; i < 100; ++i)); do
  ./visitor ws://127.0.0.1:8380/ "$token" >log 2>&1 || break
  sleep 0.1
done
! ./visitor ws://127.0.0.1:8380/ "$token" >log 2>&1 || fail "a token that was withdrawn was let in"
./visitor ws://127.0.0.1:8380/ "$(sed -n 's/^token: //p' <<<"$other")" >log 2>&1 || fail "the new token was not let in: $(cat log)"
systemctl restart plimsoll-bridge
wait_until_ready
systemctl stop plimsoll-bridge
expect "how it ended" success "$(systemctl show --property Result --value plimsoll-bridge)"
[[ $(journalctl --no-pager -u plimsoll-bridge) == *'"profile":"page"'* ]] || fail "the journal has no access log: $(journalctl --no-pager -u plimsoll-bridge)"
expect "units that failed" "" "$(systemctl --failed --no-legend)"
systemctl start plimsoll-bridge
