#include <catch2/catch_test_macros.hpp>

#include "plimsoll/bench/parser/buffers.h"
#include "plimsoll/bench/parser/parsers.h"

namespace plimsoll::bench::parser_buffers_test {
namespace {

TEST_CASE("buffers are the same on every run") {
  const auto first = make_buffers(10'000);
  const auto second = make_buffers(10'000);
  REQUIRE(first.size() == second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(first[i].resp3 == second[i].resp3);
    CHECK(first[i].resp2 == second[i].resp2);
  }
}

TEST_CASE("both parsers see the same replies in every buffer") {
  for (const auto& buffer : make_buffers(100'000)) {
    INFO(buffer.name);
    const auto ours = parse_with_ours(buffer.resp3, Makes::objects);
    const auto hiredis = parse_with_hiredis(buffer.resp2, Makes::objects);
    CHECK(ours.replies_count == buffer.replies_count);
    CHECK(ours.replies_count == hiredis.replies_count);
    CHECK(ours.sum == hiredis.sum);
  }
}

}  // namespace
}  // namespace plimsoll::bench::parser_buffers_test
