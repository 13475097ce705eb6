#include "plimsoll/core/cache/options.h"

namespace plimsoll::inline v0::cache {
namespace {

Error invalid(const char* what, const char* expected) {
  return Error{.code = ErrorCode::invalid_option, .what = what, .expected = expected};
}

}  // namespace

Status validate(const CacheOptions& options) {
  if (options.bytes_max < cache_bytes_min) {
    Error error = invalid("max_cache_kb is too small", "1 KiB at least");
    error.value = options.bytes_max;
    error.limit = cache_bytes_min;
    return error;
  }
  if (options.entry_ttl < Duration::zero()) {
    return invalid("entry_ttl_ms is negative", "milliseconds, or 0 for no expiry");
  }
  if (options.mode == CacheMode::ttl && options.entry_ttl == Duration::zero()) {
    return invalid("entry_ttl_ms is 0 in mode ttl, where nothing else bounds staleness",
                   "a time, or mode tracking");
  }
  if (options.coherence_lease < coherence_lease_min) {
    return invalid("coherence_lease is too short", "10 ms or more");
  }
  if (options.shards_max < 1 || options.shards_max > cache_shards_max) {
    return invalid("shards_max is out of range", "1 to 16");
  }
  std::string_view culprit;
  return validate(options.filter, culprit);
}

}  // namespace plimsoll::inline v0::cache
