#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/cluster.h"

// What tests of clients of a cluster have in common.

namespace plimsoll::testing {

/// Options under which nothing ends by its deadline that works, and that try again soon.
inline native::Options cluster_options() {
  native::Options options = patient_options();
  options.reconnect_wait_max = std::chrono::milliseconds(50);
  return options;
}

inline native::Client member_of(const ClusterGroup& group) {
  return connected(group.url(), cluster_options());
}

/// Three primaries without replicas, for the tests of a program that do them no harm. A busy
/// machine does not make them fail.
inline ClusterGroup& shared_cluster() {
  static ClusterGroup group({.node_timeout = std::chrono::milliseconds(60'000)});
  return group;
}

/// The error of connect(), which must fail.
inline native::Error refusal(std::string_view url, native::Options options = cluster_options()) {
  return error_of(native::connect(url, std::move(options), boost::asio::use_future));
}

/// A key in a slot: "{4711}ship".
inline std::string key_in(std::uint16_t slot, std::string_view name = "ship") {
  return tag_of(slot) + std::string(name);
}

/// How often the nodes that run have answered with an error of this name.
inline std::uint64_t errors_of(const ClusterGroup& group, std::string_view name) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < group.nodes_count(); ++i) {
    if (group.is_running(i)) sum += group.errors(i, name);
  }
  return sum;
}

}  // namespace plimsoll::testing
