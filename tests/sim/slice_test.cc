#include "plimsoll/tests/sim/slice.h"

#include <algorithm>
#include <array>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/support/depth.h"

// The same few worlds each time: enough that everything happens that can, few enough for every
// ./dev test. ./dev soak runs more of them, and ./dev sim as many as one likes.

namespace plimsoll::sim::slice_test {
namespace {

struct Seeds {
  std::uint64_t normal;
  std::uint64_t small;
  std::uint64_t group;
  std::uint64_t cluster;
};

Seeds seeds() {
  return testing::depth() == testing::Depth::full
             ? Seeds{.normal = 400, .small = 5000, .group = 2000, .cluster = 1000}
             : Seeds{.normal = 160, .small = 2000, .group = 150, .cluster = 60};
}

// No client in a world can meet these: they are about how it is used, and what transports make up.
constexpr std::array unreachable = {
    ErrorCode::invalid_argument,
    ErrorCode::invalid_option,
    ErrorCode::refused_command,
    ErrorCode::wrong_type,
    ErrorCode::forked,
    ErrorCode::tls_failed,
    ErrorCode::certificate_invalid,
    ErrorCode::credentials_failed,
    ErrorCode::cluster_redirect,  // the servers of a cluster agree before a request gives up
};

TEST_CASE("clients keep their promises in a slice of worlds, in which everything goes wrong") {
  Coverage coverage = run_slice(seeds().normal, Scenario::Size::normal);
  coverage.add(run_slice(seeds().small, Scenario::Size::small));
  coverage.add(run_slice(seeds().group, Scenario::Size::group));
  coverage.add(run_slice(seeds().cluster, Scenario::Size::cluster));

  for (std::size_t i = 0; i < faults_count; ++i) {
    INFO("fault " << name(static_cast<Fault>(i)));
    CHECK(coverage.faults[i] > 0);
  }
  for (std::size_t i = 0; i < deeds_count; ++i) {
    INFO("deed " << name(static_cast<Deed>(i)));
    CHECK(coverage.deeds[i] > 0);
  }
  for (std::size_t i = 0; i < error_codes_count; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    if (std::find(unreachable.begin(), unreachable.end(), code) != unreachable.end()) continue;
    INFO("error code " << name(code));
    CHECK(coverage.has(code));
  }
  CHECK(coverage.resent > 0);
  CHECK(coverage.health_checks > 0);
  CHECK(coverage.connections_dead > 0);
  CHECK(coverage.pushed > 0);
}

TEST_CASE("worlds in which something was wrong once are in order") {
  // News of a changed key behind the first half of a reply; memory for the first waiter for
  // connections that was asked for only at ticks of the clock, when the main connection had it; a
  // read that would have renewed a lease, and was given up once that was due; a stranger who was
  // unblocked by a number that the server had given anew since it was started again; names that a
  // lost connection was being told of, which the next one was told of twice.
  constexpr std::array<std::uint64_t, 5> seeds = {2486, 1024927, 2082307, 4059502, 4089542};
  for (const std::uint64_t seed : seeds) {
    INFO("seed " << seed);
    CHECK_FALSE(run(Scenario::of_seed(seed, Scenario::Size::small)).violation);
  }
  // A read that a replica refused had no place at the primary, because it was counted at both; what
  // a former primary had proved of a replica counted with the next primary; a client decided by one
  // sentinel while it asked that one for the others; a sentinel that was forgotten and named again
  // could not take back the switch that it had announced.
  for (const std::uint64_t seed : {192ULL, 1825ULL, 10503ULL, 21204ULL}) {
    INFO("seed " << seed << " of a group");
    CHECK_FALSE(run(Scenario::of_seed(seed, Scenario::Size::group)).violation);
  }
}

TEST_CASE("a seed is the same world each time") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Scenario scenario = Scenario::of_seed(seed, Scenario::Size::normal);
    INFO("seed " << seed);
    const Outcome first = run(scenario);
    const Outcome second = run(scenario);
    CHECK(first.hash == second.hash);
    CHECK(first.steps == second.steps);
  }
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario scenario = Scenario::of_seed(seed, Scenario::Size::group);
    INFO("seed " << seed << " of a group");
    CHECK(run(scenario).hash == run(scenario).hash);
  }
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Scenario scenario = Scenario::of_seed(seed, Scenario::Size::cluster);
    INFO("seed " << seed << " of a cluster");
    CHECK(run(scenario).hash == run(scenario).hash);
  }
}

}  // namespace
}  // namespace plimsoll::sim::slice_test
