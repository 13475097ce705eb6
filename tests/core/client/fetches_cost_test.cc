#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/fetches.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// What fetches cost: steps a piece, which do not grow with their number but for its digits.

namespace plimsoll::fetches_cost_test {
namespace {

using namespace std::chrono_literals;
using testing::TestBudget;

// Reads under way of so many keys, or of one key in so many ways, each with one who waits.
class Reads {
 public:
  enum class Keys { many, one };

  Reads(std::size_t count, Keys keys) : count_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string number = std::to_string(i);
      const std::string key = keys == Keys::one ? "key" : number;
      const std::string_view rest[] = {number};
      const commands::Question question{
          .row = commands::row_numbers::get, .key = key, .rest = rest, .more_keys = {}};
      std::array<cache::Cache::Ticket::Seen, 1> seen;
      const auto ticket = cache_.begin_fetch(question, source_, 0, Instant{}, seen);
      const std::uint64_t hash = Fetches::hash_of(question, ticket);
      REQUIRE(fetches.newest(question, hash, ticket) == nullptr);
      Fetches::Fetch* const fetch = fetches.open(question, hash, ticket);
      REQUIRE(fetch != nullptr);
      // None of them is the last that will end.
      ids.push_back(fetches.add(*fetch, Instant(std::chrono::milliseconds(i % 7 * count + i)), i));
      REQUIRE(ids.back() != 0);
    }
  }

  void tell_ended() {
    while (const auto ended = fetches.next_ended()) {
      CHECK(ended->was_last);
      fetches.close(*ended->fetch);
      ++told;
    }
  }

  /// Steps since the first, for each of the reads, less the digits of their number.
  std::uint64_t steps_each() const {
    return fetches.steps() / count_ / static_cast<std::uint64_t>(std::bit_width(count_));
  }

 private:
  const std::size_t count_;
  TestBudget test_{{.memory_limit = 512 * 1024 * 1024}};
  AccountHandle account_ = test_.budget.open_account(PoolKind::requests);
  const cache::CacheOptions options_{.bytes_max = 16 * 1024 * 1024};
  cache::Cache cache_{options_, cache::Cache::take_memory(test_.budget, options_).value()};
  const std::uint32_t source_ = cache_.enter_source(cache_.digest("server"))->number();

 public:
  Fetches fetches{*account_};
  std::vector<RequestId> ids;
  std::size_t told = 0;
};

constexpr std::size_t counts[] = {1'000, 4'000, 16'000, 64'000};
constexpr std::uint64_t steps_max = 8;

TEST_CASE("reads that time out all at once cost the same each, however many there are") {
  for (const auto keys : {Reads::Keys::many, Reads::Keys::one}) {
    for (const std::size_t count : counts) {
      Reads reads(count, keys);
      reads.fetches.handle_timeout(Instant(1h * 24));
      reads.tell_ended();
      CHECK(reads.told == count);
      CHECK(reads.fetches.empty());
      CHECK(reads.steps_each() <= steps_max);
    }
  }
}

TEST_CASE("reads that time out one by one cost the same each, however many there are") {
  for (const std::size_t count : counts) {
    Reads reads(count, Reads::Keys::many);
    while (reads.fetches.next_deadline() != never) {
      reads.fetches.handle_timeout(reads.fetches.next_deadline());
      reads.tell_ended();
    }
    CHECK(reads.told == count);
    CHECK(reads.steps_each() <= steps_max);
  }
}

TEST_CASE("reads that are cancelled cost the same each, in any order") {
  for (const std::size_t count : counts) {
    Reads reads(count, Reads::Keys::many);
    for (std::size_t i = 0; i < count; ++i) {
      reads.fetches.cancel(reads.ids[i % 2 == 0 ? i / 2 : count - 1 - i / 2]);
      reads.tell_ended();
    }
    CHECK(reads.told == count);
    CHECK(reads.steps_each() <= steps_max);
  }
}

TEST_CASE("many who wait for one read leave it at the same cost each, whoever goes first") {
  for (const std::size_t count : counts) {
    Reads reads(1, Reads::Keys::many);
    Fetches::Fetch* const fetch = reads.fetches.open({}, 0, {});
    REQUIRE(fetch != nullptr);
    std::vector<RequestId> ids;
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back(reads.fetches.add(*fetch, Instant(1h), i));
    }
    const std::uint64_t before = reads.fetches.steps();
    std::size_t last_count = 0;
    for (std::size_t i = count; i-- > 0;) {
      reads.fetches.cancel(ids[i]);
      const auto ended = reads.fetches.next_ended();
      REQUIRE(ended);
      CHECK(ended->tag == i);
      if (ended->was_last) ++last_count;
    }
    CHECK(last_count == 1);
    CHECK((reads.fetches.steps() - before) / count <= steps_max * 17);
    reads.fetches.close(*fetch);
  }
}

}  // namespace
}  // namespace plimsoll::fetches_cost_test
