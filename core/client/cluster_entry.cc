#include "plimsoll/core/client/cluster_entry.h"

#include "plimsoll/core/client/if_other_servers.h"

namespace plimsoll::inline v0 {
namespace {

Error is_cluster_and(const char* what, const char* expected) {
  return Error{.code = ErrorCode::invalid_option, .what = what, .expected = expected};
}

}  // namespace

Status may_enter_cluster(const ClusterOptions& cluster, const SessionOptions& options,
                         bool records) {
  switch (cluster.reach) {
    case ClusterOptions::Reach::all_nodes: break;
    case ClusterOptions::Reach::bridge:
      return is_cluster_and(
          "the bridge leads to a node of a cluster, and no bridge leads to the other nodes yet",
          "a bridge to a single server; or standalone as topology, for the keys of that node");
    case ClusterOptions::Reach::unix_socket:
      return is_cluster_and(
          "a node of a cluster listens at this unix socket, and the others are reached by TCP",
          "the node's host and port; or standalone as topology, for the keys of that node");
  }
  if (records) {
    return is_cluster_and("the client is recorded, and the server is a node of a cluster",
                          "a client without start_recording() until it is connected");
  }
  if (options.database != 0) {
    return is_cluster_and("database is not 0, and the server is a node of a cluster",
                          "0 as database");
  }
  if (!may_have_other_servers()) {
    return is_cluster_and("this is the core of pages, which leads to one server",
                          "a bridge to the cluster; or standalone as topology");
  }
  return validate(cluster, options);
}

}  // namespace plimsoll::inline v0
