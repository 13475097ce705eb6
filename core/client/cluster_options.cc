#include "plimsoll/core/client/cluster_options.h"

namespace plimsoll::inline v0 {
namespace {

Error invalid_with_cluster(const char* what, const char* expected) {
  return Error{.code = ErrorCode::invalid_option, .what = what, .expected = expected};
}

}  // namespace

Status check_redirects_max(const ClusterOptions& cluster) {
  if (cluster.redirects_max > 0 && cluster.redirects_max <= redirects_limit) return {};
  return invalid_with_cluster("redirects_max is out of range", "1 to 31");
}

Status validate(const ClusterOptions& cluster, const SessionOptions& options) {
  if (options.sentinel != nullptr) {
    return invalid_with_cluster("sentinels are asked for a primary, and a cluster has several",
                                "no sentinels");
  }
  if (options.database != 0) {
    return invalid_with_cluster("database is not 0, and the address is that of a cluster",
                                "0 as database");
  }
  if (options.tracking.method == TrackingOptions::Method::broadcast) {
    return invalid_with_cluster(
        "the client_side_cache has broadcast_prefixes, and the server is a node of a cluster",
        "a client_side_cache without broadcast_prefixes");
  }
  if (const Status in_range = check_redirects_max(cluster); !in_range) return in_range;
  if (cluster.replicas.read_from == ReadFrom::primary) return {};
  return check_reads(cluster.replicas);
}

}  // namespace plimsoll::inline v0
