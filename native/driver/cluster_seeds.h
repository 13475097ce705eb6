#pragma once

#include <string_view>
#include <vector>

#include "plimsoll/core/client/cluster_options.h"

namespace plimsoll::inline v0::native {

/// What the core has views of, if there is a cluster, or the client is to find out. `options`
/// refers to `hosts`, and these to the texts of a Target.
struct ClusterSeeds {
  std::vector<std::string_view> hosts{};
  ClusterOptions options{};
};

}  // namespace plimsoll::inline v0::native
