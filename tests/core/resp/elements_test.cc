#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/resp/value.h"
#include "plimsoll/tests/core/resp/parsed.h"

namespace plimsoll::testing::elements_test {
namespace {

std::vector<std::int64_t> integers_of(const Elements& elements) {
  std::vector<std::int64_t> integers;
  for (const Value& element : elements) integers.push_back(*element.as_integer());
  return integers;
}

using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;

Pairs pairs_of(const Entries& entries) {
  Pairs pairs;
  for (const auto& [key, value] : entries)
    pairs.emplace_back(*key.as_integer(), *value.as_integer());
  return pairs;
}

TEST_CASE("arrays, sets and pushes are rows of values") {
  for (const std::string type : {"*", "~", ">"}) {
    const Parsed reply(type + "3\r\n:1\r\n:2\r\n:3\r\n");
    const Elements elements = *reply.value().as_elements();
    CHECK(elements.size() == 3);
    CHECK_FALSE(elements.empty());
    CHECK(integers_of(elements) == std::vector<std::int64_t>{1, 2, 3});
  }
}

TEST_CASE("a row may be walked as often as one likes") {
  const Parsed reply("*2\r\n:1\r\n:2\r\n");
  const Elements elements = *reply.value().as_elements();
  CHECK(integers_of(elements) == integers_of(elements));
}

TEST_CASE("an empty row has nothing to walk") {
  for (const std::string bytes : {"*0\r\n", "~0\r\n", "%0\r\n", "*?\r\n.\r\n"}) {
    const Parsed reply(bytes);
    const Elements elements = *reply.value().as_elements();
    CHECK(elements.empty());
    CHECK(elements.begin() == elements.end());
  }
  const Parsed map("%0\r\n");
  CHECK(map.value().as_entries()->empty());
  CHECK(map.value().as_entries()->begin() == map.value().as_entries()->end());
}

TEST_CASE("a walk passes over what is inside its elements") {
  const Parsed reply("*4\r\n*2\r\n:8\r\n*1\r\n:8\r\n:1\r\n%1\r\n:8\r\n:8\r\n:2\r\n");
  std::vector<std::int64_t> integers;
  const Elements elements = *reply.value().as_elements();
  for (const Value& element : elements) {
    if (element.type() == Type::integer) integers.push_back(*element.as_integer());
  }
  CHECK(integers == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("a map is pairs, and keys and values in turn") {
  const Parsed reply("%2\r\n:1\r\n:2\r\n:3\r\n:4\r\n");
  CHECK(reply.value().as_entries()->size() == 2);
  CHECK(pairs_of(*reply.value().as_entries()) == Pairs{{1, 2}, {3, 4}});
  CHECK(integers_of(*reply.value().as_elements()) == std::vector<std::int64_t>{1, 2, 3, 4});
}

TEST_CASE("an array of even length is pairs, as RESP2 has it, and one of odd length is not") {
  const Parsed even("*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n");
  CHECK(pairs_of(*even.value().as_entries()) == Pairs{{1, 2}, {3, 4}});
  const Parsed odd("*3\r\n:1\r\n:2\r\n:3\r\n");
  CHECK(odd.value().as_entries().error().code == ErrorCode::wrong_type);
}

TEST_CASE("attributes are no elements, and are told with the value behind them") {
  const Parsed reply("*3\r\n|1\r\n:8\r\n:9\r\n:1\r\n:2\r\n|2\r\n:5\r\n:6\r\n:7\r\n:8\r\n:3\r\n");
  const Elements elements = *reply.value().as_elements();
  CHECK(integers_of(elements) == std::vector<std::int64_t>{1, 2, 3});
  std::vector<Pairs> attributes;
  for (const Value& element : elements) attributes.push_back(pairs_of(element.attributes()));
  CHECK(attributes == std::vector<Pairs>{{{8, 9}}, {}, {{5, 6}, {7, 8}}});
  CHECK(reply.value().attributes().empty());
}

TEST_CASE("attributes before keys and values of a map do not move its pairs") {
  const Parsed reply("%2\r\n|1\r\n:8\r\n:8\r\n:1\r\n|1\r\n:9\r\n:9\r\n:2\r\n:3\r\n|0\r\n:4\r\n");
  CHECK(pairs_of(*reply.value().as_entries()) == Pairs{{1, 2}, {3, 4}});
  const Entry first = *reply.value().as_entries()->begin();
  CHECK(pairs_of(first.key.attributes()) == Pairs{{8, 8}});
  CHECK(pairs_of(first.value.attributes()) == Pairs{{9, 9}});
}

TEST_CASE("a reply's own attributes are told, whatever its type") {
  const Parsed reply("|1\r\n:8\r\n:9\r\n$3\r\nfoo\r\n");
  CHECK(pairs_of(reply.value().attributes()) == Pairs{{8, 9}});
  CHECK(*reply.value().as_bytes() == "foo");
}

TEST_CASE("a long row is walked across all the memory that it lies in") {
  std::string bytes = "*10000\r\n";
  for (int i = 0; i < 10000; ++i) bytes += ":" + std::to_string(i) + "\r\n";
  const Parsed reply(bytes);
  std::int64_t next = 0;
  const Elements elements = *reply.value().as_elements();
  for (const Value& element : elements) {
    if (*element.as_integer() != next) FAIL("element " << next);
    ++next;
  }
  CHECK(next == 10000);
}

TEST_CASE("a row of every length that ends near a boundary of the tape is walked whole") {
  // The first 63 nodes are in the tape itself, 255 more in its first chunk.
  for (int count = 50; count < 400; ++count) {
    std::string bytes = "*2\r\n*" + std::to_string(count) + "\r\n";
    for (int i = 0; i < count; ++i) bytes += "|1\r\n:0\r\n:0\r\n:7\r\n";
    const Parsed reply(bytes + ":5\r\n");
    std::size_t seen = 0;
    const Elements outer = *reply.value().as_elements();
    auto at = outer.begin();
    const Elements inner = *(*at).as_elements();
    for (const Value& element : inner) {
      if (*element.as_integer() == 7 && element.attributes().size() == 1) ++seen;
    }
    if (seen != static_cast<std::size_t>(count)) FAIL(count << " elements");
    ++at;
    if (*(*at).as_integer() != 5) FAIL("behind " << count << " elements");
  }
}

}  // namespace
}  // namespace plimsoll::testing::elements_test
