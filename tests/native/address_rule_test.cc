// Where a client may connect, if it was given a rule.

#include "plimsoll/native/driver/address_rule.h"

#include <chrono>
#include <future>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::address_rule_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::Client;
using Connected = native::Result<Client>;

const char* refuse_all(const boost::asio::ip::address& /*address*/) { return "none will do"; }
const char* refuse_ipv6(const boost::asio::ip::address& address) {
  return address.is_v6() ? "none of IPv6 will do" : nullptr;
}

Connected connect(const std::string& url, native::AddressRule rule,
                  native::Options options = patient_options()) {
  std::promise<Connected> outcome;
  auto handler = [&outcome](Connected connected) { outcome.set_value(std::move(connected)); };
  const boost::asio::any_io_executor shared = native::detail::executor_or_shared({});
  native::detail::connect(
      {}, url, std::move(options),
      native::CallbackOperation<Client, decltype(handler)>::create(std::move(handler), shared),
      rule);
  return finish(outcome.get_future());
}

native::Options of_a_short_wait() {
  native::Options options = patient_options();
  options.connect_timeout = std::chrono::seconds(1);
  return options;
}

TEST_CASE("an address that the user has chosen is not asked about") {
  const ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  Connected by_tcp = connect(server.url(), refuse_all);
  REQUIRE(by_tcp);
  CHECK(finish(by_tcp->ping()) == "PONG");
  CHECK(connect("unix://" + server.socket_path(), refuse_all));
}

TEST_CASE(
    "a name that stands only for forbidden addresses is not dialled, and the error says why") {
  const ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  const std::string by_name = "localhost:" + std::to_string(server.port());
  const Connected refused = connect("valkey://" + by_name, refuse_all, of_a_short_wait());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::connect_failed);
  CHECK_THAT(refused.error().what(), ContainsSubstring(by_name + ": none will do"));
}

TEST_CASE("of a name's addresses the permitted ones are dialled") {
  const ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  CHECK(connect("valkey://localhost:" + std::to_string(server.port()), refuse_ipv6));
}

TEST_CASE("of several addresses, one that is forbidden costs only its own attempt") {
  const ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  // A resolver takes a number for an address, which as text it is not: 127.0.0.2.
  CHECK(connect("valkey://2130706434:" + std::to_string(server.port()) +
                    ",127.0.0.1:" + std::to_string(server.port()),
                refuse_all));
}

}  // namespace
}  // namespace plimsoll::testing::address_rule_test
