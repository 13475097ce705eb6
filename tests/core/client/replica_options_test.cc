#include "plimsoll/core/client/replica_options.h"

#include <chrono>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cluster/replication_report.h"

namespace plimsoll::replica_options_test {
namespace {

using namespace std::chrono_literals;

// "", or the first word of the reason why not.
std::string refusal(const ReplicaOptions& replicas, const SessionOptions& options = {}) {
  const Status valid = validate(replicas, options);
  if (valid) return "";
  CHECK(valid.error().code == ErrorCode::invalid_option);
  CHECK(valid.error().expected != nullptr);
  const std::string_view what = valid.error().what;
  return std::string(what.substr(0, what.find(' ')));
}

TEST_CASE("what is given goes with what goes by it") {
  CHECK(refusal({}) == "");
  CHECK(refusal({.read_from = ReadFrom::prefer_replica}) == "");
  CHECK(refusal({.read_from = ReadFrom::lowest_latency}) == "");
  CHECK(refusal({.read_from = ReadFrom::az_affinity, .zone = "a"}) == "");
  CHECK(refusal({.read_from = ReadFrom::az_affinity}) == "read_from");
  CHECK(refusal({.read_from = ReadFrom::az_affinity_replicas_and_primary}) == "read_from");
  CHECK(refusal({.read_from = ReadFrom::prefer_replica, .zone = "a"}) == "client_az");
  CHECK(refusal({.zone = "a"}) == "client_az");
}

TEST_CASE("a zone is as long as a report can have it, and printable") {
  const std::string longest(ZoneName::bytes_max, 'z');
  const std::string too_long = longest + "z";
  CHECK(refusal({.read_from = ReadFrom::az_affinity, .zone = longest}) == "");
  CHECK(refusal({.read_from = ReadFrom::az_affinity, .zone = too_long}) == "client_az");
  CHECK(refusal({.read_from = ReadFrom::az_affinity, .zone = "a\nb"}) == "client_az");
  CHECK(refusal({.read_from = ReadFrom::az_affinity, .zone = "\xc3\xa4"}) == "client_az");
}

TEST_CASE("how old an answer may be has a lower bound") {
  CHECK(refusal({.read_from = ReadFrom::prefer_replica, .lag_max = 100ms}) == "");
  CHECK(refusal({.read_from = ReadFrom::prefer_replica, .lag_max = 99ms}) == "replica_lag_max");
  CHECK(refusal({.read_from = ReadFrom::prefer_replica, .lag_max = -1s}) == "replica_lag_max");
}

TEST_CASE("what replicas answer is not cached by prefixes of keys") {
  SessionOptions options;
  options.tracking.method = TrackingOptions::Method::all_reads;
  CHECK(refusal({.read_from = ReadFrom::prefer_replica}, options) == "");
  options.tracking.method = TrackingOptions::Method::opt_in;
  CHECK(refusal({.read_from = ReadFrom::prefer_replica}, options) == "");
  options.tracking.method = TrackingOptions::Method::broadcast;
  CHECK(refusal({.read_from = ReadFrom::prefer_replica}, options) == "the");
}

TEST_CASE("replicas and sentinels leave room for other connections, up to a number") {
  SessionOptions options;
  options.blocking_connections_max = 20;
  options.subscriptions_max = 19;
  CHECK(refusal({.read_from = ReadFrom::prefer_replica}, options) == "");
  options.subscriptions_max = 20;
  CHECK(refusal({.read_from = ReadFrom::prefer_replica}, options) == "blocking_connections_max");
  options.subscriptions_max = UINT32_MAX;
  options.blocking_connections_max = UINT32_MAX;
  CHECK(refusal({.read_from = ReadFrom::prefer_replica}, options) == "blocking_connections_max");
}

}  // namespace
}  // namespace plimsoll::replica_options_test
