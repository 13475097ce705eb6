#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/deferred.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/memory.h"
#include "plimsoll/scan.h"
#include "plimsoll/script.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/transaction.h"

// What a client keeps of its callers' arguments is on the line: the accounts say how much it is,
// the requests pool refuses what it has no room for, and nothing is left behind.

namespace plimsoll::testing::held_arguments_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Script;
using native::Transaction;

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

std::size_t requests_used() { return native::memory_statistics().pool(PoolKind::requests).used; }

// Within a tenth.
void check_held(std::size_t held, std::size_t expected) {
  INFO("held " << held << ", expected " << expected);
  CHECK(held >= expected);
  CHECK(held <= expected + expected / 10);
}

struct Line {
  explicit Line(const char* limit) { REQUIRE(native::configure_memory({.memory_limit = limit})); }
};

TEST_CASE("commands of a transaction are paid for as they are queued") {
  const Line line("16 MiB");
  Client client = connected(unix_url());
  const std::size_t before = requests_used();
  const std::string value(1000, 'v');
  auto tx = std::make_optional<Transaction>(client.transaction());
  for (int i = 0; i < 1000; ++i) tx->set("held:key", value);
  check_held(requests_used() - before, 1000 * 1030);
  SECTION("until it is dropped") { tx.reset(); }
  SECTION("until it is discarded") { tx->discard(); }
  SECTION("until it is over") {
    CHECK(value_of(tx->exec(use_future)).size() == 1000);
    REQUIRE(eventually([&] { return requests_used() == before; }));
  }
  CHECK(requests_used() == before);
}

TEST_CASE("small ones cost no more than their bytes, either") {
  const Line line("16 MiB");
  Client client = connected(unix_url());
  const std::size_t before = requests_used();
  auto tx = client.transaction();
  for (int i = 0; i < 60'000; ++i) tx.set("k", "v");
  check_held(requests_used() - before, std::size_t{60'000} * 27);
}

TEST_CASE("a transaction that the line has no room for is refused, and nothing is sent") {
  const Line line("4 MiB");
  Client client = connected(unix_url());
  finish(client.del("held:none"));
  const std::size_t before = requests_used();
  auto tx = client.transaction();
  const std::string value(1000, 'v');
  for (int i = 0; i < 60'000; ++i) tx.set("held:none", value);
  CHECK(requests_used() <= 4 * mib);
  CHECK(tx.size() > 100);
  const native::Error error = error_of(tx.exec(use_future));
  CHECK(error.code() == ErrorCode::rejected_by_limit);
  CHECK(error.executed() == Executed::no);
  CHECK(error.text().find("requests pool") != std::string_view::npos);
  CHECK(requests_used() == before);
  CHECK(finish(client.exists("held:none")) == 0);
}

TEST_CASE("what a script was given is paid for until its outcome") {
  const Line line("64 MiB");
  Client client = connected(unix_url());
  const std::size_t before = requests_used();
  const Script script("return #ARGV[1]");
  const std::string argument(mib, 'a');
  {
    auto later = script.run<std::int64_t>(client, {}, {argument}, boost::asio::deferred);
    check_held(requests_used() - before, mib);
    auto done = std::move(later)(use_future);
    CHECK(value_of(std::move(done)) == static_cast<std::int64_t>(mib));
  }
  CHECK(eventually([&] { return requests_used() == before; }));
}

TEST_CASE("scripts that the line has no room for are refused") {
  const Line line("8 MiB");
  Client client = connected(unix_url());
  const std::size_t before = requests_used();
  const Script script("return #ARGV[1]");
  const std::string argument(mib, 'a');
  const auto begin = [&] {
    return script.run<std::int64_t>(client, {}, {argument}, boost::asio::deferred);
  };
  std::vector<decltype(begin())> later;  // all of them are held at a time
  for (int i = 0; i < 50; ++i) later.push_back(begin());
  std::vector<std::future<native::Result<std::int64_t>>> calls;
  for (auto& each : later) calls.push_back(std::move(each)(use_future));
  CHECK(native::memory_statistics().used <= 8 * mib);
  int refused = 0;
  for (auto& call : calls) {
    const auto result = finish(std::move(call));
    if (result) continue;
    CHECK(result.error().code() == ErrorCode::rejected_by_limit);
    CHECK(result.error().executed() == Executed::no);
    ++refused;
  }
  CHECK(refused > 0);
  CHECK(eventually([&] { return requests_used() == before; }));
}

TEST_CASE("a call that starts later pays for the copy that it takes along") {
  const Line line("4 MiB");
  Client client = connected(unix_url());
  const std::size_t before = requests_used();
  const std::string value(512 * kib, 'v');
  SECTION("and gives it back unstarted") {
    {
      const auto later = client.set("held:later", value, boost::asio::deferred);
      check_held(requests_used() - before, 512 * kib);
    }
    CHECK(requests_used() == before);
  }
  SECTION("or is refused when it is started") {
    const std::string much(8 * mib, 'v');
    auto later = client.set("held:later", much, boost::asio::deferred);
    const native::Error error = error_of(std::move(later)(use_future));
    CHECK(error.code() == ErrorCode::rejected_by_limit);
    CHECK(error.executed() == Executed::no);
  }
}

TEST_CASE("the names of a subscription that is opened later, and the words of a scan") {
  const Line line("16 MiB");
  Client client = connected(unix_url());
  const std::size_t before = requests_used();
  const std::string name(512 * kib, 'n');
  {
    const auto later = client.subscribe({name}, boost::asio::deferred);
    check_held(requests_used() - before, 512 * kib);
  }
  CHECK(requests_used() == before);
  {
    native::ScanOptions options;
    options.pattern = name;
    const native::KeyScan scan(client, options);
    check_held(requests_used() - before, 512 * kib);
  }
  CHECK(requests_used() == before);
}

}  // namespace
}  // namespace plimsoll::testing::held_arguments_test
