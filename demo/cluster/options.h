// The command line of the cluster's demo.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace plimsoll::demo {

struct ClusterDemoOptions {
  std::filesystem::path status = "/var/lib/dpkg/status";
  std::size_t slots_count = 128;  // that are moved at a time
  std::size_t callers_count = 24;
  std::size_t reads_per_second_max = 10'000;
  std::string memory_limit;   // empty: the client's default
  int state_descriptor = -1;  // where the page's lines go; -1: there is no page
  std::string page;           // its address
};

/// What main() is to do: go on with options, or end with a status because everything has been said.
struct ClusterDemoInvocation {
  std::optional<ClusterDemoOptions> options;
  int exit_status = 0;
};
ClusterDemoInvocation parse_cluster_options(int argument_count, const char* const* arguments);

}  // namespace plimsoll::demo
