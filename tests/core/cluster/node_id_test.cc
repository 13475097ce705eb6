#include "plimsoll/core/cluster/node_id.h"

#include <string>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::node_id_test {
namespace {

const std::string text = "07c37dfeb235213a872192d90877d0cd55635b91";

TEST_CASE("an id is 40 hex digits in lower case") {
  const auto id = read_node_id(text);
  REQUIRE(id);
  CHECK(is_known(*id));
  CHECK(std::string(id->begin(), id->end()) == text);
}

TEST_CASE("what is no id is not read, and no id is not known") {
  CHECK_FALSE(is_known(NodeId{}));
  CHECK_FALSE(read_node_id(""));
  CHECK_FALSE(read_node_id(text.substr(1)));
  CHECK_FALSE(read_node_id(text + "0"));
  for (const char wrong : {'g', 'A', '/', ':', '`', ' ', '\0', '\xff'}) {
    for (const std::size_t at : {0u, 20u, 39u}) {
      std::string garbled = text;
      garbled[at] = wrong;
      CHECK_FALSE(read_node_id(garbled));
    }
  }
}

}  // namespace
}  // namespace plimsoll::node_id_test
