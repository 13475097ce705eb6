#include "plimsoll/core/cluster/gather.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/parsed.h"

namespace plimsoll::testing::gather_test {
namespace {

using commands::Spread;

std::string name_of(const Error& error) { return std::string(name(error.code)); }

// The one answer, or the name of the error.
std::string gathered(Spread spread, const std::vector<std::string>& answers,
                     std::size_t bytes_max = SIZE_MAX) {
  ReplyMemory memory;
  Gather gather(spread, *memory.account, bytes_max, 7);
  for (const std::string& answer : answers) {
    const Parsed parsed(answer);
    if (const Status added = gather.add(parsed.value(), {}); !added) return name_of(added.error());
  }
  CHECK(gather.count() == answers.size());
  const Result<std::string_view> all = gather.finish({});
  return all ? std::string(*all) : name_of(all.error());
}

const std::string integers = "*3\r\n:1\r\n:0\r\n:7\r\n";

}  // namespace

TEST_CASE("numbers are added") {
  CHECK(gathered(Spread::nodes_sum, {":1\r\n", ":0\r\n", ":41\r\n"}) == ":42\r\n");
  CHECK(gathered(Spread::slots_sum, {":-5\r\n", ":2\r\n"}) == ":-3\r\n");
  CHECK(gathered(Spread::nodes_sum, {":7\r\n"}) == ":7\r\n");
  CHECK(gathered(Spread::nodes_sum, {":-9223372036854775808\r\n"}) == ":-9223372036854775808\r\n");
  CHECK(gathered(Spread::nodes_sum, {":9223372036854775807\r\n", ":1\r\n"}) == "wrong_type");
}

TEST_CASE("the least and the greatest number, and such numbers place by place") {
  CHECK(gathered(Spread::nodes_min, {":3\r\n", ":1\r\n", ":2\r\n"}) == ":1\r\n");
  CHECK(gathered(Spread::nodes_max, {":3\r\n", ":10\r\n", ":2\r\n"}) == ":10\r\n");
  CHECK(gathered(Spread::nodes_min, {"*2\r\n:1\r\n:5\r\n", "*2\r\n:4\r\n:2\r\n"}) ==
        "*2\r\n:1\r\n:2\r\n");
}

TEST_CASE("what all have, and what any has, place by place") {
  CHECK(gathered(Spread::nodes_and, {integers, "*3\r\n:1\r\n:1\r\n:1\r\n"}) ==
        "*3\r\n:1\r\n:0\r\n:1\r\n");
  CHECK(gathered(Spread::nodes_or, {integers, "*3\r\n:0\r\n:0\r\n:1\r\n"}) ==
        "*3\r\n:1\r\n:0\r\n:1\r\n");
  CHECK(gathered(Spread::nodes_and, {"*0\r\n", "*0\r\n"}) == "*0\r\n");
  CHECK(gathered(Spread::nodes_and, {":1\r\n", ":0\r\n"}) == ":0\r\n");
}

TEST_CASE("answers of other types or lengths than the first are errors") {
  for (const Spread spread : {Spread::nodes_sum, Spread::nodes_and, Spread::nodes_min}) {
    CHECK(gathered(spread, {"+OK\r\n"}) == "wrong_type");
    CHECK(gathered(spread, {":1\r\n", "$1\r\n1\r\n"}) == "wrong_type");
    CHECK(gathered(spread, {":1\r\n", "_\r\n"}) == "wrong_type");
    CHECK(gathered(spread, {":1\r\n", integers}) == "wrong_type");
    CHECK(gathered(spread, {integers, "*2\r\n:1\r\n:1\r\n"}) == "wrong_type");
    CHECK(gathered(spread, {"*1\r\n+a\r\n"}) == "wrong_type");
    CHECK(gathered(spread, {"%1\r\n:1\r\n:1\r\n"}) == "wrong_type");
  }
}

TEST_CASE("the first answer stands for all that have succeeded") {
  CHECK(gathered(Spread::nodes_all, {"+OK\r\n", "+other\r\n"}) == "+OK\r\n");
  CHECK(gathered(Spread::slots_all, {"$3\r\nabc\r\n"}) == "$3\r\nabc\r\n");
  CHECK(gathered(Spread::nodes_one, {"+OK\r\n"}) == "+OK\r\n");
  CHECK(gathered(Spread::nodes_all, {"%1\r\n+a\r\n*2\r\n:1\r\n_\r\n"}) ==
        "%1\r\n+a\r\n*2\r\n:1\r\n_\r\n");
}

TEST_CASE("any answer that is not null will do") {
  CHECK(gathered(Spread::nodes_any, {"_\r\n", "$1\r\nk\r\n", "_\r\n"}) == "$1\r\nk\r\n");
  CHECK(gathered(Spread::nodes_any, {"_\r\n", "_\r\n"}) == "_\r\n");
  const std::string one = gathered(Spread::nodes_any, {"$1\r\nk\r\n", "$1\r\nl\r\n"});
  CHECK((one == "$1\r\nk\r\n" || one == "$1\r\nl\r\n"));
}

TEST_CASE("arrays come one behind the other") {
  const std::string all = gathered(
      Spread::nodes_values, {"*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*0\r\n", "~1\r\n*1\r\n:1\r\n"});
  CHECK(all == "*3\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n:1\r\n");
  CHECK(gathered(Spread::nodes_values, {"*0\r\n", "*0\r\n"}) == "*0\r\n");
  CHECK(gathered(Spread::nodes_values, {"+OK\r\n"}) == "wrong_type");
  CHECK(gathered(Spread::nodes_values, {"_\r\n"}) == "wrong_type");
  CHECK(gathered(Spread::nodes_values, {"%1\r\n+a\r\n+b\r\n"}) == "wrong_type");
}

TEST_CASE("all elements of long arrays are there") {
  std::string array = "*500\r\n";
  for (int i = 0; i < 500; ++i) array += "$20\r\n" + std::string(20, 'x') + "\r\n";
  const std::string all = gathered(Spread::nodes_values, {array, array, array});
  CHECK(all.starts_with("*1500\r\n"));
  CHECK(all.size() == 7 + 3 * (array.size() - 6));
}

TEST_CASE("values come in the order of the keys, whatever part they were in") {
  ReplyMemory memory;
  Gather gather(Spread::slots_values, *memory.account, SIZE_MAX, 0);
  std::vector<SplitKey> keys(4);
  const std::uint32_t order[] = {2, 0, 3, 1};
  for (std::size_t i = 0; i < 4; ++i) keys[i].index = order[i];
  const std::span<SplitKey> all(keys);
  const Parsed second("*1\r\n$2\r\nk1\r\n");
  CHECK(gather.add(second.value(), all.subspan(3)).ok());
  const Parsed first("*3\r\n$2\r\nk2\r\n_\r\n*2\r\n:3\r\n:3\r\n");
  CHECK(gather.add(first.value(), all.first(3)).ok());
  CHECK(gather.finish(keys).value() == "*4\r\n_\r\n$2\r\nk1\r\n$2\r\nk2\r\n*2\r\n:3\r\n:3\r\n");
}

TEST_CASE("a part must have a value for each of its keys") {
  std::vector<SplitKey> keys(2);
  for (const char* answer :
       {"*1\r\n:1\r\n", "*3\r\n:1\r\n:1\r\n:1\r\n", "+OK\r\n", "_\r\n", "~2\r\n:1\r\n:2\r\n"}) {
    ReplyMemory memory;
    Gather gather(Spread::slots_values, *memory.account, SIZE_MAX, 0);
    const Parsed parsed(answer);
    const Status added = gather.add(parsed.value(), keys);
    REQUIRE_FALSE(added.ok());
    CHECK(added.error().code == ErrorCode::wrong_type);
    CHECK(added.error().executed == Executed::yes);
  }
}

TEST_CASE("the whole has a bound") {
  const std::string ten = "*1\r\n$3\r\nabc\r\n";
  CHECK(gathered(Spread::nodes_values, {ten, ten}, 4 + 18) == "*2\r\n$3\r\nabc\r\n$3\r\nabc\r\n");
  CHECK(gathered(Spread::nodes_values, {ten, ten}, 4 + 17) == "reply_too_large");
  CHECK(gathered(Spread::nodes_values, {ten, ten}, 17) == "reply_too_large");
  CHECK(gathered(Spread::nodes_all, {"$3\r\nabc\r\n"}, 9) == "$3\r\nabc\r\n");
  CHECK(gathered(Spread::nodes_all, {"$3\r\nabc\r\n"}, 8) == "reply_too_large");
  CHECK(gathered(Spread::nodes_and, {integers}, 23) == "reply_too_large");
}

TEST_CASE("without memory the whole is too large, and nothing stays charged") {
  std::string array = "*300\r\n";
  for (int i = 0; i < 300; ++i) array += "$20\r\n" + std::string(20, 'x') + "\r\n";
  const Parsed parsed(array);
  for (const Spread spread : {Spread::nodes_values, Spread::nodes_all, Spread::slots_values}) {
    std::size_t refused = 0;
    for (bool was_refused = true; was_refused; ++refused) {
      ReplyMemory memory;
      memory.memory.refuse_one_after(refused);
      Gather gather(spread, *memory.account, SIZE_MAX, 0);
      std::vector<SplitKey> keys(300);
      const Status added = gather.add(parsed.value(), keys);
      const Result<std::string_view> all =
          added ? gather.finish(keys) : Result<std::string_view>(added.error());
      was_refused = memory.memory.has_refused();
      CHECK(all.ok() != was_refused);
      if (!all) CHECK(all.error().code == ErrorCode::reply_too_large);
    }
    CHECK(refused >= 2);
  }
}

}  // namespace plimsoll::testing::gather_test
