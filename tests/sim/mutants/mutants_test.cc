#include "plimsoll/tests/sim/mutants/mutants.h"

#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/sim/mutants/hunt.h"

using namespace plimsoll::mutants;

namespace {

constexpr auto none = Effort::SmallWorlds::none;

int number_of(std::string_view name) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return static_cast<int>(i) + 1;
  }
  FAIL("there is no mutant " << name);
  return 0;
}

}  // namespace

TEST_CASE("the copy of the core in which nothing is broken holds") {
  CHECK(hunt(0, {.small_seeds = 200,
                 .seeds = 5,
                 .group_seeds = 20,
                 .cluster_seeds = 20,
                 .small_worlds = none})
            .property == "");
}

TEST_CASE("a few mutants are caught within a few seeds") {
  constexpr std::string_view quick[] = {
      "swapped_replies", "dropped_tombstone", "ignored_deadline",
      "written_said_no", "retried_in_doubt",  "first_byte_missing",
      "no_pool_limit",   "leaked_chunk",      "never_dead",
  };
  for (const std::string_view name : quick) {
    INFO(name);
    CHECK(hunt(number_of(name), {.small_seeds = 400, .seeds = 10, .small_worlds = none}).property !=
          "");
  }
}

TEST_CASE("a few mutants of what sentinels tell are caught within a few seeds") {
  constexpr std::string_view quick[] = {
      "announcement_ignored", "first_answer_wins",     "old_primary_kept",
      "role_unchecked",       "side_connections_kept", "late_sentinel_awaited",
  };
  for (const std::string_view name : quick) {
    INFO(name);
    CHECK(hunt(number_of(name), {.group_seeds = 40, .small_worlds = none}).property != "");
  }
}

TEST_CASE("a few mutants of a cluster's client are caught within a few seeds") {
  constexpr std::string_view quick[] = {"asking_forgotten", "forwarded_without_deadline",
                                        "views_without_end"};
  for (const std::string_view name : quick) {
    INFO(name);
    CHECK(hunt(number_of(name), {.cluster_seeds = 40, .small_worlds = none}).property != "");
  }
}

TEST_CASE("a few mutants of reading from replicas are caught within a few seeds") {
  constexpr std::string_view quick[] = {
      "replica_offset_ignored",   "replica_history_ignored", "lag_max_ignored",
      "write_unmarked",           "side_write_unmarked",     "refused_not_moved",
      "replica_places_uncounted", "lost_replica_forgotten",
  };
  for (const std::string_view name : quick) {
    INFO(name);
    CHECK(hunt(number_of(name), {.group_seeds = 40, .small_worlds = none}).property != "");
  }
}
