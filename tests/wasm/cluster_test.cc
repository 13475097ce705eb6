#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/wasm/abi.h"
#include "plimsoll/wasm/abi_types.h"

// A client of a cluster, as a host makes one.

namespace plimsoll::wasm::cluster_test {
namespace {

using Words = std::vector<std::string>;

constexpr double now = 0;

const PlimsollOutbox& outbox() { return *plimsoll_outbox(); }

std::string_view error_text() {
  const auto size = static_cast<std::size_t>(plimsoll_describe_error());
  return {outbox().text, size};
}

double memory_in_use() {
  plimsoll_memory_statistics();
  return outbox().statistics.memory.used;
}

void stage(const Words& words) {
  std::string table;
  std::string bytes;
  for (const std::string& word : words) {
    const auto size = static_cast<std::uint32_t>(word.size());
    table.append(reinterpret_cast<const char*>(&size), sizeof size);
    bytes += word;
  }
  table += bytes;
  char* const room = plimsoll_stage(table.size());
  REQUIRE(room != nullptr);
  std::copy(table.begin(), table.end(), room);
}

PlimsollOptions& options_of_cluster() {
  PlimsollOptions& options = *plimsoll_options();
  options.cluster = 1;
  return options;
}

// What plimsoll_create() answers, without the minus.
std::int32_t refused_as(const Words& words) {
  stage(words);
  return -plimsoll_create(now);
}

const Words one_seed = {"", "", "", "here", "one"};

}  // namespace

TEST_CASE("a client of a cluster connects to one of its seeds, and pays for their hosts") {
  const auto memory_with = [](const std::string& host) {
    options_of_cluster().seeds_count = 3;
    stage({"jane", "secret", "name", "here", host, "two", "::1"});
    const std::int32_t client = plimsoll_create(now);
    REQUIRE(client > 0);
    REQUIRE(plimsoll_poll(client) == 0);
    CHECK(outbox().action == plimsoll_action_open);
    CHECK(outbox().connection == 0);
    CHECK(outbox().seed < 3);
    CHECK(outbox().named_port == 0);
    const double used = memory_in_use();
    REQUIRE(plimsoll_destroy(client) == 0);
    return used;
  };
  const double without = memory_with("");
  CHECK(memory_with(std::string(1000, 'h')) >= without + 1000);
  CHECK(memory_with("") == without);
}

TEST_CASE("a client may have as many seeds as there can be, and needs the host of each") {
  Words words = {"", "", "", "here"};
  words.insert(words.end(), 63, "host");
  options_of_cluster().seeds_count = 64;
  CHECK(refused_as(words) == plimsoll_error_invalid_argument);
  words.emplace_back("host");
  options_of_cluster().seeds_count = 64;
  stage(words);
  const std::int32_t client = plimsoll_create(now);
  REQUIRE(client > 0);
  REQUIRE(plimsoll_destroy(client) == 0);
  options_of_cluster().seeds_count = 65;
  CHECK(refused_as(words) == plimsoll_error_invalid_option);
  options_of_cluster().seeds_count = UINT32_MAX;
  CHECK(refused_as(words) == plimsoll_error_invalid_option);
}

TEST_CASE("options of a cluster that are none are refused") {
  plimsoll_options()->cluster = 2;
  CHECK(refused_as(one_seed) == plimsoll_error_invalid_option);
  CHECK(error_text().starts_with("invalid_option: cluster is neither no nor yes"));
  for (const std::uint32_t redirects : {0U, 32U, 256U + 16U}) {
    options_of_cluster().redirects_max = redirects;
    CHECK(refused_as(one_seed) == plimsoll_error_invalid_option);
    CHECK(error_text().starts_with("invalid_option: redirects_max is "));
  }
  CHECK(plimsoll_options()->redirects_max == 16);
}

TEST_CASE("a cluster goes with no other database, sentinels, replicas to read from or cache") {
  options_of_cluster().database = 1;
  CHECK(refused_as(one_seed) == plimsoll_error_invalid_option);
  CHECK(error_text() ==
        "invalid_option: database is not 0, and the address is that of a cluster; expected 0 as "
        "database");
  options_of_cluster().sentinel = 1;
  CHECK(refused_as({"", "", "", "here", "fleet", "", "", "one"}) == plimsoll_error_invalid_option);
  CHECK(error_text() ==
        "invalid_option: sentinels are asked for a primary, and a cluster has several; expected no "
        "sentinels");
  options_of_cluster().read_from = 2;
  CHECK(refused_as({"", "", "", "here", "zone", "one"}) == plimsoll_error_invalid_option);
  CHECK(error_text() ==
        "invalid_option: a client of a cluster reads from the primaries; expected primary as "
        "read_from");
  options_of_cluster().subscriptions_max = 32;
  CHECK(refused_as(one_seed) == plimsoll_error_invalid_option);
  CHECK(error_text() ==
        "invalid_option: blocking_connections_max and subscriptions_max are too large together; "
        "expected 39 or less, because the primaries of a cluster take 24 connections");

  plimsoll_cache_options()->bytes_max = 64 * 1024;
  stage({});
  const std::int32_t cache = plimsoll_create_cache(0);
  REQUIRE(cache > 0);
  options_of_cluster().cache = static_cast<std::uint32_t>(cache);
  CHECK(refused_as(one_seed) == plimsoll_error_invalid_option);
  CHECK(error_text() == "invalid_option: a client of a cluster has no cache; expected no cache");
  REQUIRE(plimsoll_destroy_cache(cache) == 0);
}

}  // namespace plimsoll::wasm::cluster_test
