#include "plimsoll/native/bridge/config/addresses.h"

#include <algorithm>
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

TEST_CASE("clients count by their IPv4 address, or by the network of their IPv6 address") {
  struct Row {
    std::string_view address;
    unsigned bits;
    std::string_view network;
  };
  const Row row = GENERATE(
      Row{"192.0.2.1", 64, "192.0.2.1"}, Row{"::ffff:192.0.2.1", 64, "192.0.2.1"},
      Row{"::ffff:192.0.2.1", 128, "192.0.2.1"}, Row{"192.0.2.1", 32, "192.0.2.1"},
      Row{"2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::/64"}, Row{"2001:DB8::", 64, "2001:db8::/64"},
      Row{"2001:db8:1:ffff::1", 63, "2001:db8:1:fffe::/63"},
      Row{"2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::/48"},
      Row{"2001:db8:1:2:3:4:5:6", 32, "2001:db8::/32"}, Row{"2001:db8::1", 128, "2001:db8::1/128"},
      Row{"2001:db8::1", 127, "2001:db8::/127"}, Row{"fe80::1%lo", 64, "fe80::/64"},
      Row{"::1", 64, "::/64"}, Row{"somebody", 64, "somebody"});
  CHECK(bridge::client_network(row.address, row.bits) == row.network);
}

TEST_CASE("what is wrong with an address is said without it") {
  const std::string expected = "; expected ADDRESS:PORT, such as 127.0.0.1:8380 or [::]:80";
  const auto problem = [&](std::string_view text) {
    CHECK_FALSE(bridge::parse_listen_address(text));
    const std::string all = bridge::problem_of_address(text);
    CHECK(all.ends_with(expected));
    return all.substr(0, all.size() - std::min(expected.size(), all.size()));
  };
  const std::string bad_port = "has a port that is not a number from 0 to 65535";
  CHECK(problem("") == "has no address");
  CHECK(problem(":80") == "has no address");
  CHECK(problem("8380") == "has no address");
  CHECK(problem("127.0.0.1") == "has no port");
  CHECK(problem("localhost") == "has no port");
  CHECK(problem("[::1]") == "has no port");
  CHECK(problem("127.0.0.1:65536") == bad_port);
  CHECK(problem("127.0.0.1:") == bad_port);
  CHECK(problem("127.0.0.1:http") == bad_port);
  CHECK(problem("[127.0.0.1]:80") == "has no IPv6 address between [ and ]");
  CHECK(problem("::1:80") == "has an IPv6 address without [ ] around it");
  CHECK(problem("example.org:80") == "has something else than an IP address in front of the port");
}

}  // namespace
}  // namespace plimsoll::testing::addresses_test
