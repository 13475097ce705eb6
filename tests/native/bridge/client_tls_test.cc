#include <chrono>
#include <string>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/tests/native/bridge/tls_bridge.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/test_timeout.h"

// The native client and a bridge with TLS.

namespace plimsoll::testing::client_tls_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;

Options options_with_token() {
  Options options = patient_options();
  options.token = good_token;
  return options;
}

std::string address_of(const BridgeWorld& world) {
  return "127.0.0.1:" + std::to_string(world.port()) + "/main";
}

std::string error_of(const std::string& url, const Options& options, ErrorCode code) {
  const native::Error error = testing::error_of(native::connect(url, options, use_future));
  CHECK(error.code() == code);
  return error.what();
}

TEST_CASE("a client speaks to a bridge whose certificate it trusts, in small and in large") {
  TlsBridge bridge;
  Options options = options_with_token();
  options.tls.ca_file = bridge.authority.file();
  Client client = connected("wss://" + address_of(bridge.world), options);
  const std::string value(900'000, 'v');
  value_of(client.set("large", value, use_future));
  CHECK(value_of(client.get("large", use_future)) == value);
  value_of(client.close(use_future));
  CHECK(bridge.logs("\"close_code\":1000"));
}

TEST_CASE("a connection over TLS that is lost is replaced") {
  TlsBridge bridge;
  Options options = options_with_token();
  options.tls.ca_file = bridge.authority.file();
  Client client = connected("wss://" + address_of(bridge.world), options);
  bridge.world.valkey().kill();
  bridge.world.valkey().restart();
  value_of(client.set("k", "v", use_future));
  CHECK(client.statistics().client.counters.connections_lost == 1);
}

TEST_CASE("a bridge is verified as a server is") {
  TlsBridge bridge;
  const std::string text = error_of("wss://" + address_of(bridge.world), options_with_token(),
                                    ErrorCode::certificate_invalid);
  CHECK_THAT(text, ContainsSubstring("certificate is not trusted"));
}

TEST_CASE("TLS on one side alone is told with the address that would do") {
  SECTION("a bridge without") {
    BridgeWorld world;
    CHECK_THAT(error_of("wss://" + address_of(world), options_with_token(), ErrorCode::tls_failed),
               ContainsSubstring("valkey:// or ws:// in the address"));
  }
  SECTION("a client without") {
    // It is dropped without a word, which might heal: one attempt.
    TlsBridge bridge;
    Options options = options_with_token();
    options.connect_timeout = test_timeout(std::chrono::milliseconds(500));
    options.reconnect_wait_min = options.reconnect_wait_max = std::chrono::hours(1);
    CHECK_THAT(error_of("ws://" + address_of(bridge.world), options, ErrorCode::connect_failed),
               ContainsSubstring("before the bridge had answered; expected a bridge there: ws://, "
                                 "or wss:// where it speaks TLS"));
  }
}

}  // namespace
}  // namespace plimsoll::testing::client_tls_test
