#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

// A real server that is paused, killed, not there yet, or asks who comes: one a test.

namespace plimsoll::testing::late_server_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using namespace std::chrono_literals;

TEST_CASE("a server that comes up late is waited for, and its absence is forgotten") {
  ValkeyServer server;
  server.kill();
  Options options = patient_options();
  options.request_timeout = test_timeout(100ms);
  auto connecting = native::connect(server.url(), options, use_future);
  server.restart();
  Client client = value_of(std::move(connecting));
  CHECK(value_of(client.ping(use_future)) == "PONG");
  server.pause();
  const native::Error error = error_of(client.ping(use_future));
  CHECK(error.code() == ErrorCode::timed_out);
  CHECK_THAT(error.what(), !ContainsSubstring("refused") && !ContainsSubstring("No such file"));
}

}  // namespace
}  // namespace plimsoll::testing::late_server_test
