#include "plimsoll/core/client/replica_options.h"

#include <algorithm>

#include "plimsoll/core/cluster/replication_report.h"

namespace plimsoll::inline v0 {
namespace {

Error invalid(const char* what, const char* expected) {
  return Error{.code = ErrorCode::invalid_option, .what = what, .expected = expected};
}

}  // namespace

Status check_reads(const ReplicaOptions& replicas) {
  const bool wants_zone = goes_by_zones(replicas.read_from);
  if (wants_zone && replicas.zone.empty()) {
    return invalid("read_from goes by zones, and client_az is empty",
                   "the zone in which the client runs, as the servers' availability-zone has it");
  }
  if (!wants_zone && !replicas.zone.empty()) {
    return invalid("client_az is given, and read_from does not go by zones",
                   "az_affinity or az_affinity_replicas_and_primary as read_from");
  }
  const auto is_printable = [](char c) { return c >= ' ' && c < '\x7f'; };
  if (replicas.zone.size() > ZoneName::bytes_max ||
      !std::all_of(replicas.zone.begin(), replicas.zone.end(), is_printable)) {
    return invalid("client_az is too long, or has a special character",
                   "printable ASCII, 63 bytes at most");
  }
  if (replicas.lag_max < replica_lag_max_min) {
    return invalid("replica_lag_max is too short", "100 ms or more");
  }
  return {};
}

Status validate(const ReplicaOptions& replicas, const SessionOptions& options) {
  if (const Status reads = check_reads(replicas); !reads) return reads;
  if (options.tracking.method == TrackingOptions::Method::broadcast) {
    return invalid("the client_side_cache has broadcast_prefixes, and read_from names replicas",
                   "a client_side_cache without broadcast_prefixes; or primary as read_from");
  }
  if (std::uint64_t{options.blocking_connections_max} + options.subscriptions_max + replicas_max +
          sentinels_max >=
      connections_max) {
    return invalid("blocking_connections_max and subscriptions_max are too large together",
                   "39 or less, because replicas and sentinels take 24 connections");
  }
  return {};
}

}  // namespace plimsoll::inline v0
