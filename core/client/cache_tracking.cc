#include "plimsoll/core/client/cache_tracking.h"

namespace plimsoll::inline v0 {

Result<TrackingOptions> tracking_for(const CoherenceOptions& options) {
  if (options.opt_in && !options.broadcast_prefixes.empty()) {
    return Error{.code = ErrorCode::invalid_option,
                 .what = "opt_in and broadcast_prefixes are given",
                 .expected = "one of them"};
  }
  if (options.mode == cache::CacheMode::ttl) return TrackingOptions{};
  TrackingOptions tracking{.method = TrackingOptions::Method::all_reads,
                           .required = options.mode == cache::CacheMode::tracking,
                           .prefixes = options.broadcast_prefixes};
  if (options.opt_in) tracking.method = TrackingOptions::Method::opt_in;
  if (!tracking.prefixes.empty()) tracking.method = TrackingOptions::Method::broadcast;
  SessionOptions session;
  session.tracking = tracking;
  if (const Status valid = validate(session); !valid) return valid.error();
  return tracking;
}

}  // namespace plimsoll::inline v0
