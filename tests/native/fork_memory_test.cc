#include <string>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/memory.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/in_child.h"
#include "plimsoll/tests/native/shared_server.h"

// Whose line is whose, in a process that forks.

namespace plimsoll::testing::fork_memory_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::memory_statistics;

constexpr std::size_t mib = 1024 * 1024;

TEST_CASE("a child begins with what its parent had configured, and none of it used") {
  REQUIRE(native::configure_memory(
      {.memory_limit = "24 MiB", .pools = {.replies = {.budget = "5 MiB"}}}));
  Client client = connected(unix_url());
  CHECK(in_child([] {
    const bool empty = memory_statistics().limit == 0;
    Client own = connected(unix_url());
    const auto now = memory_statistics();
    return empty && now.limit == 24 * mib && now.pool(PoolKind::replies).share == 5 * mib &&
           now.clients == 1 && now.connections == 1 && now.pool(PoolKind::connections).used < mib;
  }));
}

TEST_CASE("a child has what it is to give back from its parent, and counts anew") {
  REQUIRE(native::configure_memory({.memory_limit = "24 MiB", .give_back = {.enabled = false}}));
  CHECK(in_child([] {
    Client own = connected(unix_url());
    return !memory_statistics().give_back.enabled && memory_statistics().give_back.asked == 0;
  }));
  REQUIRE(native::configure_memory({.memory_limit = "24 MiB"}));
  CHECK(in_child([] {
    Client own = connected(unix_url());
    return memory_statistics().give_back.enabled;
  }));
}

TEST_CASE("the first client of a child may draw another line, which is not its parent's") {
  REQUIRE(native::configure_memory({.memory_limit = "24 MiB"}));
  CHECK(in_child([] {
    native::Options options = patient_options();
    options.memory_limit = "8 MiB";
    Client own = connected(unix_url(), options);
    const bool drawn = memory_statistics().limit == 8 * mib;
    return drawn && native::set_memory_limit("4 MiB") && memory_statistics().target == 4 * mib;
  }));
  CHECK(memory_statistics().limit == 24 * mib);
}

}  // namespace
}  // namespace plimsoll::testing::fork_memory_test
