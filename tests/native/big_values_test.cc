#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"

// Values of many megabytes, in a process whose line is 320 MiB: 80 MiB each for requests and
// replies.

namespace plimsoll::testing::big_values_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Options;

constexpr std::size_t mib = 1024 * 1024;

Options roomy_options() {
  Options options = patient_options();
  options.memory_limit = "320 MiB";
  return options;
}

TEST_CASE("64 MiB go to the server and come back under a line that fits them") {
  Client client = connected(tcp_url(), roomy_options());
  std::string large(64 * mib, 'a');
  large[40 * mib] = '\0';
  value_of(client.set("big:value", large, use_future));
  CHECK(value_of(client.get("big:value", use_future)) == large);
  CHECK(client.statistics().memory.pool(PoolKind::requests).used == 0);
}

TEST_CASE("a request that does not fit the requests pool is rejected, and its neighbours run") {
  Client client = connected(unix_url(), roomy_options());
  const std::string too_large(256 * mib, 'b');
  auto before = client.incr("big:neighbours", use_future);
  auto rejected = client.set("big:rejected", too_large, use_future);
  auto behind = client.incr("big:neighbours", use_future);
  const native::Error error = error_of(std::move(rejected));
  CHECK(error.code() == ErrorCode::rejected_by_limit);
  CHECK(error.executed() == Executed::no);
  CHECK(value_of(std::move(before)) == 1);
  CHECK(value_of(std::move(behind)) == 2);
}

TEST_CASE("a reply that nests too deeply, or has too long a line, fails only its own request") {
  struct Case {
    const char* script;
    const char* limit;
    Executed executed;
  };
  for (const Case& each :
       {Case{"local t = 1; for i = 1, 65 do t = {t} end; return t", "nesting_depth_max",
             Executed::yes},
        Case{"return {ok = string.rep('a', 17000)}", "line_bytes_max", Executed::yes},
        Case{"return {err = 'ERR ' .. string.rep('a', 17000)}", "line_bytes_max", Executed::maybe},
        Case{"redis.setresp(3); return {big_number = string.rep('7', 17000)}", "line_bytes_max",
             Executed::yes}}) {
    INFO(each.script);
    Client client = connected(unix_url());
    auto skipped = client.command<native::Reply>({"EVAL", each.script, "0"}, use_future);
    std::vector<std::future<native::Result<std::int64_t>>> behind;
    value_of(client.del("big:behind", use_future));
    for (int i = 0; i < 100; ++i) behind.push_back(client.incr("big:behind", use_future));
    const native::Error error = error_of(std::move(skipped));
    CHECK(error.code() == ErrorCode::reply_too_large);
    CHECK(error.executed() == each.executed);
    CHECK(std::string(error.what()).find(each.limit) != std::string::npos);
    for (int i = 0; i < 100; ++i) CHECK(value_of(std::move(behind[i])) == i + 1);
    CHECK(client.statistics().client.counters.connections == 1);
  }
}

TEST_CASE("a reply that does not fit is skipped as it streams past, and its neighbours come") {
  Client client = connected(tcp_url(), roomy_options());
  value_of(client.command<std::int64_t>({"SETRANGE", "big:range", "314572800", "end"}, use_future));
  auto before = client.incr("big:around", use_future);
  auto skipped = client.get("big:range", use_future);
  auto behind = client.incr("big:around", use_future);
  CHECK(error_of(std::move(skipped)).code() == ErrorCode::reply_too_large);
  CHECK(value_of(std::move(before)) == 1);
  CHECK(value_of(std::move(behind)) == 2);
  const BudgetStatistics memory = client.statistics().memory;
  CHECK(memory.peak <= memory.target);
}

TEST_CASE("replies over reply_bytes_max are skipped") {
  Options options = roomy_options();
  options.reply_bytes_max = 4096;
  Client client = connected(unix_url(), options);
  value_of(client.set("big:small", std::string(5000, 'c'), use_future));
  CHECK(error_of(client.get("big:small", use_future)).code() == ErrorCode::reply_too_large);
  CHECK(value_of(client.ping(use_future)) == "PONG");
}

}  // namespace
}  // namespace plimsoll::testing::big_values_test
