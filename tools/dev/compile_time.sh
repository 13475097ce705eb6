#!/bin/bash
# tools/dev/compile_time.sh: what a program of a few commands costs to compile (gcc -O0), beside a
# bare Asio program: preprocessed lines, and seconds of the compiler's own time, the least of five.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../.."
source tools/dev/say.sh
source tools/dev/bazel.sh

tools/dev/setup.sh --quiet bench
run_bazel build "${quiet_build[@]}" //:client || die "the client does not build"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/asio.cc" <<'PROGRAM'
#include <boost/asio.hpp>
boost::asio::awaitable<void> run() {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_after(std::chrono::seconds(1));
  co_await timer.async_wait(boost::asio::use_awaitable);
}
int main() {
  boost::asio::io_context context;
  boost::asio::co_spawn(context, run(), boost::asio::detached);
  context.run();
}
PROGRAM

cat >"$work/plimsoll.cc" <<'PROGRAM'
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "plimsoll/client.h"
boost::asio::awaitable<void> run() {
  auto client = co_await plimsoll::native::connect("valkey://127.0.0.1:6379");
  co_await client.set("ship", "Great Eastern");
  co_await client.get("ship");
  co_await client.zadd("ships", {{1858.0, "Great Eastern"}});
  co_await client.hgetall("ship:1");
}
int main() {
  boost::asio::io_context context;
  boost::asio::co_spawn(context, run(), boost::asio::detached);
  context.run();
}
PROGRAM

includes=()
while read -r folder; do includes+=(-I "$folder"); done < <(
  find -L bazel-bin/core bazel-bin/native -path '*/_virtual_includes/*' -name plimsoll -type d -printf '%h\n' | sort -u)

seconds_of() {
  local least='' time
  for _ in 1 2 3 4 5; do
    time=$(TIMEFORMAT='%U %S'; { time g++ -std=c++20 -O0 "${includes[@]}" -c "$1" -o "$work/out.o"; } 2>&1 |
      awk '{ print $1 + $2 }')
    least=$(printf '%s\n' "$time" "${least:-$time}" | sort -g | head -1)
  done
  echo "$least"
}

for program in asio plimsoll; do
  lines=$(g++ -std=c++20 -E "${includes[@]}" "$work/$program.cc" | wc -l)
  echo "$program: $lines preprocessed lines, $(seconds_of "$work/$program.cc") s"
done
