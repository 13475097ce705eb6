#include <string>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"

// A client that ends in a static destructor, with calls under way. What is tested is how this
// program ends: its exit status, and what sanitizers say of it.

namespace plimsoll::testing::static_destruction_test {
namespace {

using boost::asio::use_future;

native::Client& static_client() {
  static native::Client client;
  return client;
}

TEST_CASE("a client that lives until static destruction serves, and may end with calls under way") {
  static_client() = connected(tcp_url());
  CHECK(value_of(static_client().ping(use_future)) == "PONG");
  for (int i = 0; i < 100; ++i) {
    static_client().incr("static:dropped");
    static_client().get("static:dropped", [](native::Result<std::optional<std::string>>) {});
  }
}

}  // namespace
}  // namespace plimsoll::testing::static_destruction_test
