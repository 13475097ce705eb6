#include "plimsoll/native/bridge/config/addresses.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace plimsoll::testing::addresses_test {
namespace {

using bridge::Network;
using bridge::parse_listen_address;

TEST_CASE("an address to listen on is an address and a port") {
  const auto text = GENERATE("127.0.0.1:8380", "0.0.0.0:0", "[::1]:443", "[::]:65535");
  const auto address = parse_listen_address(text);
  REQUIRE(address);
  CHECK(address->to_string() == text);
  CHECK(parse_listen_address("localhost:80")->to_string() == "127.0.0.1:80");
}

TEST_CASE("anything else is none") {
  const auto text =
      GENERATE("", "8380", ":8380", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
               "::1:80", "[127.0.0.1]:80", "example.org:80", "*:80", "127.0.0.1:80 ", "[::1]");
  CAPTURE(text);
  CHECK_FALSE(parse_listen_address(text));
}

TEST_CASE("loopback is what begins with 127, and ::1") {
  CHECK(parse_listen_address("127.1.2.3:1")->is_loopback());
  CHECK(parse_listen_address("[::1]:1")->is_loopback());
  CHECK_FALSE(parse_listen_address("0.0.0.0:1")->is_loopback());
  CHECK_FALSE(parse_listen_address("[::]:1")->is_loopback());
}

TEST_CASE("a network has the addresses that begin like it, mapped ones too") {
  const auto ten = Network::parse("10.16.0.0/12");
  REQUIRE(ten);
  CHECK(ten->contains("10.16.0.0"));
  CHECK(ten->contains("10.31.255.255"));
  CHECK(ten->contains("::ffff:10.16.0.1"));
  CHECK_FALSE(ten->contains("10.32.0.0"));
  CHECK_FALSE(ten->contains("::1"));
  CHECK_FALSE(ten->contains("10.16.0.1:80"));
  const auto local = Network::parse("fd00::/8");
  REQUIRE(local);
  CHECK(local->contains("fdff::1"));
  CHECK_FALSE(local->contains("fe80::1%eth0"));
  CHECK(Network::parse("0.0.0.0/0")->contains("1.2.3.4"));
  CHECK_FALSE(Network::parse("0.0.0.0/0")->contains("2001:db8::1"));
  CHECK(Network::parse("192.0.2.1")->contains("192.0.2.1"));
  CHECK_FALSE(Network::parse("192.0.2.1")->contains("192.0.2.2"));
}

TEST_CASE("a network with bits behind its prefix, or of anything else, is none") {
  const auto text = GENERATE("", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10/8",
                             "::1/64", "::/129", "example.org", "10.0.0.0/8 ");
  CAPTURE(text);
  CHECK_FALSE(Network::parse(text));
}

}  // namespace
}  // namespace plimsoll::testing::addresses_test
