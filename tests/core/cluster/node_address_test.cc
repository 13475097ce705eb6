#include "plimsoll/core/cluster/node_address.h"

#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace plimsoll::node_address_test {
namespace {

struct Case {
  std::string host;
  std::string port;
};

TEST_CASE("a host and a port are an address") {
  const Case at = GENERATE(
      Case{"10.0.0.1", "6379"}, Case{"::1", "1"}, Case{"fe80::1%eth0", "65535"},
      Case{"valkey_node-0.valkey.default.svc", "26379"}, Case{std::string(253, 'x'), "6379"});
  const auto address = NodeAddress::read(at.host, at.port);
  REQUIRE(address);
  CHECK(address->host() == at.host);
  CHECK(std::to_string(address->port()) == at.port);
  CHECK_FALSE(address->empty());
  CHECK(*address == *NodeAddress::read(at.host, at.port));
  CHECK_FALSE(*address == NodeAddress());
}

TEST_CASE("what cannot be an address is none") {
  const Case at =
      GENERATE(Case{"", "6379"}, Case{std::string(254, 'x'), "6379"}, Case{"a b", "6379"},
               Case{"a\r\nb", "6379"}, Case{std::string("a\0b", 3), "6379"}, Case{"a/b", "6379"},
               Case{"u@h", "6379"}, Case{"[::1]", "6379"}, Case{"?", "6379"}, Case{"a", ""},
               Case{"a", "0"}, Case{"a", "-1"}, Case{"a", "+1"}, Case{"a", "65536"},
               Case{"a", "6379x"}, Case{"a", " 6379"}, Case{"a", "99999999999999999999"});
  CHECK_FALSE(NodeAddress::read(at.host, at.port));
}

}  // namespace
}  // namespace plimsoll::node_address_test
