#include <cstddef>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/memory.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"

// Servers that fall silent in the middle of a reply, more of them than the line has buffers.

namespace plimsoll::testing::stalled_peers_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;

// A line of 4 MiB has some 37 buffers for replies.
constexpr std::size_t stalled_count = 60;

TEST_CASE(
    "peers that stall in mid-reply hold up nobody else for long, and their callers know why") {
  REQUIRE(native::configure_memory({.memory_limit = "4 MiB"}));
  Listener listener;
  std::vector<std::pair<Client, Peer>> stalled;
  for (std::size_t i = 0; i < stalled_count; ++i) {
    stalled.push_back(listener.connect(patient_options()));
  }
  auto [healthy, peer] = listener.connect(patient_options());

  std::vector<std::future<native::Result<std::optional<std::string>>>> calls;
  const std::string half = "$100000\r\n" + std::string(50'000, 'x');
  for (auto& [client, server] : stalled) {
    calls.push_back(client.get("ship", use_future));
    server.receive();
    server.send(half);
  }
  auto call = healthy.get("ship", use_future);
  peer.receive();
  peer.send("$1\r\nv\r\n");
  CHECK(value_of(std::move(call)) == "v");

  // The first one had a buffer before there were none left.
  const native::Error error = error_of(std::move(calls.front()));
  CHECK(error.code() == ErrorCode::out_of_memory);
  CHECK(error.executed() == Executed::yes);
  CHECK_THAT(error.what(),
             ContainsSubstring("memory was missing") && ContainsSubstring("The replies pool has "));
}

}  // namespace
}  // namespace plimsoll::testing::stalled_peers_test
