#include "plimsoll/core/cluster/node_share.h"

#include <cstddef>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::node_share_test {
namespace {

constexpr bool ready = false;
constexpr bool in_doubt = true;

TEST_CASE("a node leaves each other node half of an equal part") {
  CHECK(node_share(1200, 2, ready) == 900);
  CHECK(node_share(1200, 3, ready) == 800);
  CHECK(node_share(1200, 1000, ready) == 601);
  for (const std::size_t nodes : {2u, 3u, 7u, 100u, 1000u}) {
    const std::size_t whole = 1'000'000;
    const std::size_t left = whole - node_share(whole, nodes, ready);
    CHECK(left / (nodes - 1) >= whole / (2 * nodes) - 1);
  }
}

TEST_CASE("a node in doubt has a quarter, and never more than another") {
  for (const std::size_t nodes : {2u, 3u, 1000u}) {
    CHECK(node_share(1200, nodes, in_doubt) == 300);
    for (std::size_t whole = 0; whole < 50; ++whole) {
      CHECK(node_share(whole, nodes, in_doubt) <= node_share(whole, nodes, ready));
    }
  }
}

TEST_CASE("a node that is alone has everything") {
  for (const std::size_t nodes : {0u, 1u}) {
    CHECK(node_share(7, nodes, ready) == 7);
    CHECK(node_share(7, nodes, in_doubt) == 7);
  }
}

TEST_CASE("a share is one at least") {
  CHECK(node_share(1, 3, ready) == 1);
  CHECK(node_share(3, 3, in_doubt) == 1);
}

}  // namespace
}  // namespace plimsoll::node_share_test
