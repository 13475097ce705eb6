#pragma once

#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/cache/options.h"
#include "plimsoll/core/session/options.h"

// Decides from a user's options what tracking a cache asks of the server. Native and WebAssembly
// offer the same options, and both decide here.

namespace plimsoll::inline v0 {

/// How the server keeps a cache coherent. The texts are views, and TrackingOptions keeps them.
struct CoherenceOptions {
  cache::CacheMode mode = cache::CacheMode::automatic;
  /// Whether the server tracks only the keys of reads that are cached, not of all reads.
  bool opt_in = false;
  /// If not empty, the server reports the changes of all keys that begin with one of these.
  std::span<const std::string_view> broadcast_prefixes{};
};

/// Returns the tracking that the connections of a cache's clients ask the server for. Fails with
/// invalid_option if opt_in and prefixes are given, and for prefixes that validate() refuses.
Result<TrackingOptions> tracking_for(const CoherenceOptions& options);

}  // namespace plimsoll::inline v0
