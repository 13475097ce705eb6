#include "plimsoll/core/client/cluster_options.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::cluster_options_test {
namespace {

// "", or the first word of the reason why not.
std::string refusal(const ClusterOptions& cluster, const SessionOptions& options = {}) {
  const Status valid = validate(cluster, options);
  if (valid) return "";
  CHECK(valid.error().code == ErrorCode::invalid_option);
  CHECK(valid.error().expected != nullptr);
  const std::string_view what = valid.error().what;
  return std::string(what.substr(0, what.find(' ')));
}

TEST_CASE("a request is sent on once at least, and 31 times at most") {
  CHECK(refusal({}) == "");
  CHECK(refusal({.redirects_max = 1}) == "");
  CHECK(refusal({.redirects_max = redirects_limit}) == "");
  CHECK(refusal({.redirects_max = 0}) == "redirects_max");
  CHECK(refusal({.redirects_max = redirects_limit + 1}) == "redirects_max");
  CHECK(refusal({.redirects_max = UINT8_MAX}) == "redirects_max");
}

TEST_CASE("a cluster has database 0 only") {
  SessionOptions options;
  options.database = 1;
  CHECK(refusal({}, options) == "database");
}

TEST_CASE("a cluster is not asked for by sentinels") {
  const SentinelOptions sentinel{.primary_name = "fleet"};
  SessionOptions options;
  options.sentinel = &sentinel;
  CHECK(refusal({}, options) == "sentinels");
}

}  // namespace
}  // namespace plimsoll::cluster_options_test
