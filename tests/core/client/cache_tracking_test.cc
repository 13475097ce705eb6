#include "plimsoll/core/client/cache_tracking.h"

#include <array>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

// Which tracking the options of a cache come to.

namespace plimsoll::cache_tracking_test {
namespace {

using cache::CacheMode;
using Method = TrackingOptions::Method;

constexpr std::array<std::string_view, 2> prefixes{"user:", "ship:"};

TEST_CASE("a cache asks the server to track all reads, unless its options say otherwise") {
  const Result<TrackingOptions> tracking = tracking_for({});
  REQUIRE(tracking);
  CHECK(tracking->method == Method::all_reads);
  CHECK_FALSE(tracking->required);
}

TEST_CASE("mode `tracking` makes tracking a condition for a connection") {
  const Result<TrackingOptions> tracking = tracking_for({.mode = CacheMode::tracking});
  REQUIRE(tracking);
  CHECK(tracking->required);
}

TEST_CASE("opt_in has the server track what is read behind CLIENT CACHING YES") {
  const Result<TrackingOptions> tracking = tracking_for({.opt_in = true});
  REQUIRE(tracking);
  CHECK(tracking->method == Method::opt_in);
}

TEST_CASE("prefixes are broadcast") {
  const Result<TrackingOptions> tracking = tracking_for({.broadcast_prefixes = prefixes});
  REQUIRE(tracking);
  CHECK(tracking->method == Method::broadcast);
  CHECK(tracking->prefixes.data() == prefixes.data());
}

TEST_CASE("mode `ttl` asks nothing of the server") {
  for (const bool opt_in : {false, true}) {
    const Result<TrackingOptions> tracking =
        tracking_for({.mode = CacheMode::ttl, .opt_in = opt_in});
    REQUIRE(tracking);
    CHECK(tracking->method == Method::off);
  }
}

TEST_CASE("opt_in together with prefixes is refused, as are prefixes that overlap") {
  const Result<TrackingOptions> both =
      tracking_for({.opt_in = true, .broadcast_prefixes = prefixes});
  REQUIRE_FALSE(both);
  CHECK(both.error().code == ErrorCode::invalid_option);
  const std::array<std::string_view, 2> overlapping{"user:", "user:1:"};
  const Result<TrackingOptions> nested = tracking_for({.broadcast_prefixes = overlapping});
  REQUIRE_FALSE(nested);
  CHECK(nested.error().code == ErrorCode::invalid_option);
}

}  // namespace
}  // namespace plimsoll::cache_tracking_test
