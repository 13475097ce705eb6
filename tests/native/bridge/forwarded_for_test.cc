// Addresses as proxies write them.

#include "plimsoll/native/bridge/entry/forwarded_for.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace plimsoll::testing::forwarded_for_test {
namespace {

using namespace std::string_view_literals;
using bridge::address_of_hop;

TEST_CASE("a hop is an address, in brackets and with a port or without") {
  struct Row {
    std::string_view hop;
    std::string_view address;
  };
  const Row row =
      GENERATE(Row{"1.2.3.4", "1.2.3.4"}, Row{"1.2.3.4:5678", "1.2.3.4"},
               Row{"1.2.3.4:0", "1.2.3.4"}, Row{"1.2.3.4:65535", "1.2.3.4"},
               Row{"2001:db8::1", "2001:db8::1"}, Row{"2001:DB8:0::1", "2001:db8::1"},
               Row{"[2001:db8::1]", "2001:db8::1"}, Row{"[2001:db8::1]:443", "2001:db8::1"},
               Row{"[::ffff:1.2.3.4]:443", "::ffff:1.2.3.4"}, Row{"::1", "::1"});
  CHECK(address_of_hop(row.hop) == row.address);
}

TEST_CASE("anything else is no hop") {
  const auto hop = GENERATE(""sv, ":"sv, "unknown"sv, "_hidden"sv, "example.org:80"sv, "1.2.3.4:"sv,
                            "1.2.3.4:65536"sv, "1.2.3.4:-1"sv, "1.2.3.4:8 "sv, "1.2.3.4:80:80"sv,
                            "[1.2.3.4]:80"sv, "[2001:db8::1"sv, "2001:db8::1]"sv,
                            "[2001:db8::1]443"sv, "[2001:db8::1]:"sv, "[2001:db8::1]:x"sv,
                            "[]:80"sv, "[[::1]]:80"sv, "\"1.2.3.4\""sv, "1.2.3.4\0"sv);
  CAPTURE(hop);
  CHECK_FALSE(address_of_hop(hop));
}

std::string client_of(std::string_view list) {
  bridge::Request request;
  request.set("X-Forwarded-For", std::string(list));
  return bridge::client_of(request, "10.0.0.1",
                           [](std::string_view address) { return address.starts_with("10."); });
}

TEST_CASE("the client is the last hop that is no proxy, and ports change nothing in that") {
  CHECK(client_of("203.0.113.9, 192.0.2.1:5678, 10.1.2.3:443") == "192.0.2.1");
  CHECK(client_of("203.0.113.9, [2001:db8::1]:443") == "2001:db8::1");
  CHECK(client_of("192.0.2.1, 10.0.0.2:none") == "10.0.0.1");
  CHECK(client_of("") == "10.0.0.1");
}

}  // namespace
}  // namespace plimsoll::testing::forwarded_for_test
