#include <chrono>
#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/memory.h"

// What users write, and what they are told where it cannot be. No server.

namespace plimsoll::testing::memory_options_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using native::configure_memory;
using native::memory_statistics;
using native::MemoryOptions;
using native::set_memory_limit;
using native::detail::to_budget_options;

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

constexpr const char* amount_expected = R"(expected an amount such as "64 MiB", "512 KB" or 65536)";

std::size_t share(PoolKind pool) { return memory_statistics().pool(pool).share; }

// Why these options are refused.
std::string refusal(const MemoryOptions& options) {
  const auto refused = configure_memory(options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::invalid_option);
  return refused.error().what();
}

std::string refusal_of_limit(std::string_view limit) {
  const auto refused = set_memory_limit(limit);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::invalid_option);
  return refused.error().what();
}

TEST_CASE("options that say nothing are the defaults") {
  const BudgetOptions core = to_budget_options({}, 64 * mib).value();
  const BudgetOptions defaults;
  CHECK(core.memory_limit == defaults.memory_limit);
  CHECK(core.borrowing == defaults.borrowing);
  CHECK(shares_of(core).value() == shares_of(defaults).value());
}

TEST_CASE("amounts have units of 1000 and of 1024, or none") {
  const auto [text, bytes] = GENERATE(table<std::string, std::size_t>({
      {"4 GiB", 4096 * mib},
      {"8192 MiB", 8192 * mib},
      {"512 MB", 512'000'000},
      {"65536 KB", 65'536'000},
      {"67108864", 64 * mib},
  }));
  MemoryOptions options;
  options.memory_limit = text;
  CHECK(to_budget_options(options, 1).value().memory_limit == bytes);
  options.memory_limit = "64 GiB";
  options.pools.replies.budget = text;
  CHECK(to_budget_options(options, 1).value().replies.bytes == bytes);
}

TEST_CASE("a budget wins over a ratio; each pool has its own") {
  MemoryOptions options;
  options.pools.cache = {.ratio = 0.1, .budget = "24 MiB"};
  options.pools.requests.ratio = 0.2;
  options.pools.replies.budget = "8192 KiB";
  options.pools.pushes.ratio = 0.05;
  options.pools.connections.budget = "512 KiB";
  REQUIRE(configure_memory(options));
  const std::size_t divisible = 64 * mib - 128 * kib;
  CHECK(share(PoolKind::cache) == 24 * mib);
  CHECK(share(PoolKind::requests) == divisible / 5);
  CHECK(share(PoolKind::replies) == 8 * mib);
  CHECK(share(PoolKind::pushes) == divisible / 20);
  CHECK(share(PoolKind::connections) == 512 * kib);
  REQUIRE(configure_memory({}));
}

TEST_CASE("the line moves, and with it the shares that are ratios") {
  MemoryOptions options;
  options.memory_limit = "16 MiB";
  options.pools.requests.budget = "4 MiB";
  REQUIRE(configure_memory(options));
  CHECK(memory_statistics().limit == 16 * mib);
  const std::size_t replies = share(PoolKind::replies);
  REQUIRE(set_memory_limit("32 MiB"));
  CHECK(memory_statistics().target == 32 * mib);
  CHECK(share(PoolKind::requests) == 4 * mib);
  CHECK(share(PoolKind::replies) > 2 * replies);
  options.memory_limit.clear();
  options.pools.requests.budget = "5 MiB";
  REQUIRE(configure_memory(options));
  CHECK(memory_statistics().target == 32 * mib);
  CHECK(share(PoolKind::requests) == 5 * mib);
  REQUIRE(configure_memory({.memory_limit = "64 MiB"}));
}

TEST_CASE("an amount that cannot be read is named with its place") {
  MemoryOptions options;
  options.pools.cache.budget = "-5 MB";
  CHECK(refusal(options) ==
        std::string("invalid_option: pools.cache.budget is \"-5 MB\": an amount of memory is not "
                    "negative; ") +
            amount_expected);
  options.pools.cache.budget = "16777216 TiB";
  CHECK(refusal(options) ==
        std::string("invalid_option: pools.cache.budget is \"16777216 TiB\": amount does not fit "
                    "64 bits; ") +
            amount_expected + " at byte 0");
  options.pools.cache.budget = "5 MiX";
  CHECK(refusal(options) ==
        std::string("invalid_option: pools.cache.budget is \"5 MiX\": unknown unit; ") +
            amount_expected + " at byte 2");
  options.pools.cache.budget = "half";
  CHECK(refusal(options) ==
        std::string("invalid_option: pools.cache.budget is \"half\": amount does not begin with "
                    "digits; ") +
            amount_expected + " at byte 0");
  CHECK_THAT(refusal_of_limit(std::string(1, static_cast<char>(64 << 20))),
             StartsWith("invalid_option: memory_limit is a single character; expected a text"));
  CHECK_THAT(refusal_of_limit("-1"), StartsWith("invalid_option: memory_limit is \"-1\": "));
  CHECK_THAT(refusal_of_limit(""), StartsWith("invalid_option: memory_limit is \"\": "));
  CHECK_THAT(refusal({.memory_limit = "99999999999999999999"}),
             StartsWith("invalid_option: memory_limit is \"99999999999999999999\": "));
}

TEST_CASE("every pool's options are named by their path") {
  using Pools = MemoryOptions::Pools;
  const auto [path, member] = GENERATE(table<std::string, native::PoolOptions Pools::*>({
      {"pools.cache", &Pools::cache},
      {"pools.requests", &Pools::requests},
      {"pools.replies", &Pools::replies},
      {"pools.pushes", &Pools::pushes},
      {"pools.connections", &Pools::connections},
  }));
  MemoryOptions options;
  native::PoolOptions& pool = options.pools.*member;
  pool.budget = "-1";
  CHECK_THAT(refusal(options), StartsWith("invalid_option: " + path + ".budget is \"-1\": "));
  pool = {.ratio = 1.25};
  CHECK(refusal(options) ==
        "invalid_option: " + path + ".ratio is 1.25; expected a part of the line, 0 to 1");
}

TEST_CASE("a ratio outside of 0 to 1 is refused, also where a budget would win") {
  const double ratio = GENERATE(-0.01, -1.0, 1.01, 25.0, std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::quiet_NaN());
  MemoryOptions options;
  options.pools.pushes = {.ratio = ratio, .budget = "8 MiB"};
  CHECK_THAT(refusal(options), StartsWith("invalid_option: pools.pushes.ratio is ") &&
                                   EndsWith("; expected a part of the line, 0 to 1"));
}

TEST_CASE("ratios that add up to more than the line are refused, defaults counted") {
  MemoryOptions options;
  options.pools.cache.ratio = 0.5;
  CHECK(refusal(options) ==
        "invalid_option: the pools' ratios add up to more than the line; expected a sum of 1 or "
        "less; the numbers are in percent (is 110, limit 100) with memory_limit 67108864, "
        "pools.cache.ratio 0.5, pools.requests.ratio 0.25, pools.replies.ratio 0.25, "
        "pools.pushes.ratio 0.1");
}

TEST_CASE("shares that add up to more than the line are refused with both sums") {
  MemoryOptions options;
  options.memory_limit = "64 MiB";
  options.pools.cache.budget = "30 MiB";
  options.pools.requests.budget = "20 MiB";
  options.pools.replies.budget = "10 MiB";
  options.pools.pushes.budget = "4 MiB";
  options.pools.connections.budget = "1 MiB";
  const std::size_t sum = 65 * mib + 128 * kib;
  CHECK(refusal(options) ==
        "invalid_option: the pools' shares and the progress reserve add up to more than "
        "memory_limit; expected a sum of no more bytes than the limit says (is " +
            std::to_string(sum) +
            ", limit 67108864) with memory_limit 67108864, pools.cache.budget 31457280, "
            "pools.requests.budget 20971520, pools.replies.budget 10485760, "
            "pools.pushes.budget 4194304, pools.connections.budget 1048576");
}

TEST_CASE("a line below what the shares need is refused with the least in bytes, which will do") {
  const std::string text = refusal({.memory_limit = "512 KiB"});
  CHECK_THAT(text, StartsWith("invalid_option: the requests pool has less than a client needs; "
                              "expected memory_limit of at least as many bytes as the limit says, "
                              "or other shares (is 524288, limit "));
  const std::size_t begin = text.find("limit ", text.find("(is")) + 6;
  const std::string least = text.substr(begin, text.find(')', begin) - begin);
  CHECK(set_memory_limit(least));
  CHECK_FALSE(set_memory_limit(std::to_string(std::stoull(least) - 1)));
  REQUIRE(set_memory_limit("64 MiB"));
}

TEST_CASE("a pool below what it needs is refused with the least in bytes") {
  MemoryOptions options;
  options.pools.replies.budget = "100 KB";
  CHECK_THAT(refusal(options),
             StartsWith("invalid_option: the replies pool has less than a client needs; expected "
                        "at least as many bytes as the limit says (is 100000, limit 139264) with "
                        "memory_limit 67108864, pools.requests.ratio 0.25, "
                        "pools.replies.budget 100000"));
}

TEST_CASE("a line that a pool's budget does not fit in is refused with both") {
  MemoryOptions options;
  options.memory_limit = "64 MiB";
  options.pools.cache.budget = "20 MiB";
  REQUIRE(configure_memory(options));
  const std::string text = refusal_of_limit("16 MiB");
  CHECK_THAT(text, StartsWith("invalid_option: the pools' shares and the progress reserve add up "
                              "to more than memory_limit; "));
  CHECK_THAT(text, EndsWith(" with memory_limit 16777216, pools.cache.budget 20971520, "
                            "pools.requests.ratio 0.25, pools.replies.ratio 0.25, "
                            "pools.pushes.ratio 0.1"));
  REQUIRE(configure_memory({.memory_limit = "64 MiB"}));
}

TEST_CASE("what cannot be of giving back is named by its path") {
  MemoryOptions options;
  options.give_back.quiet_period = std::chrono::milliseconds(99);
  CHECK(refusal(options) ==
        "invalid_option: give_back.quiet_period is 99 ms; expected 100 ms to 24 hours");
  options.give_back.quiet_period = std::chrono::hours(25);
  CHECK(refusal(options) ==
        "invalid_option: give_back.quiet_period is 90000000 ms; expected 100 ms to 24 hours");
  options.give_back = {.excess_min = "64 KB"};
  CHECK(refusal(options) ==
        "invalid_option: give_back.excess_min is 64000 bytes; expected 65536 or more");
  options.give_back = {.excess_min = "some"};
  CHECK_THAT(refusal(options), StartsWith("invalid_option: give_back.excess_min is \"some\": "));
}

TEST_CASE("what is refused changes nothing: the last good configuration stays") {
  MemoryOptions good;
  good.memory_limit = "48 MiB";
  good.pools.pushes.budget = "3 MiB";
  REQUIRE(configure_memory(good));
  const auto before = memory_statistics();
  MemoryOptions bad = good;
  bad.memory_limit = "32 MiB";
  bad.pools.requests.ratio = 2;
  refusal(bad);
  bad.pools.requests = {.budget = "31 MiB"};
  refusal(bad);
  refusal_of_limit("1 KiB");
  refusal_of_limit("many");
  const auto after = memory_statistics();
  CHECK(after.limit == 48 * mib);
  CHECK(after.target == 48 * mib);
  for (std::size_t i = 0; i < pools_count; ++i) {
    CHECK(after.pools[i].share == before.pools[i].share);
    CHECK(after.pools[i].limit == before.pools[i].limit);
  }
}

TEST_CASE("statistics are a table for people") {
  REQUIRE(configure_memory({.memory_limit = "64 MiB"}));
  const std::string text = to_text(memory_statistics());
  INFO(text);
  CHECK_THAT(text, StartsWith("memory line 64 MiB: 128 KiB used, 128 KiB at most; clients 0, "
                              "connections 0\n"
                              "pool               share       limit      target        used        "
                              "peak     waiting     refused    accounts\n"));
  CHECK(text.find("\nrequests        15.7 MiB    15.7 MiB    15.7 MiB         0 B         0 B"
                  "           0           0           0\n") != std::string::npos);
  CHECK_THAT(text,
             ContainsSubstring("\nsegments    0 B in use, 0 B free, 0 B given back to the system\n"
                               "chunks      0 B in use, 0 B free, 0 B given back to the system\n"
                               "given back  "));
  CHECK_THAT(text, ContainsSubstring("\ncontainer   "));
}

}  // namespace
}  // namespace plimsoll::testing::memory_options_test
