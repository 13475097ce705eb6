#include <optional>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/sim/recorder/replay.h"

// The flight recorder of a client in production, and that its dump can be replayed.

namespace plimsoll::testing::recording_test {
namespace {

TEST_CASE("what a client did with a real server is replayed to the same outcomes") {
  native::Client client = connected(tcp_url());
  // From where it has lasted, a replay can begin.
  finish(client.set("ship", "Great Eastern"));
  REQUIRE(client.start_recording(256 * 1024));
  const auto deadline = std::chrono::steady_clock::now() + test_timeout(std::chrono::seconds(10));
  sim::Replay result;
  std::string lines;
  while (result.steps < 100 && std::chrono::steady_clock::now() < deadline) {
    CHECK(finish(client.get("ship")) == "Great Eastern");
    CHECK_FALSE(finish(client.get("no such ship")));
    CHECK(error_of(client.incr("ship", boost::asio::use_future)).code() == ErrorCode::server_error);
    std::optional<std::string> error;
    const sim::Recording recording = sim::read_recording(client.recording(), error);
    CHECK_FALSE(error);
    lines.clear();
    result = sim::replay(recording, [&](const std::string& line) { lines += line + "\n"; });
  }

  INFO(lines);
  CHECK(result.steps >= 100);
  CHECK(result.differences == 0);
  CHECK(lines.find("submit") != std::string::npos);
  CHECK(client.recording().find("Great Eastern") == std::string::npos);
  client.stop_recording();
  CHECK(client.recording().empty());
}

TEST_CASE("a recording of a size that makes no sense is an error with the size") {
  native::Client client = connected(tcp_url());
  const native::Result<void> refused = client.start_recording(1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace plimsoll::testing::recording_test
