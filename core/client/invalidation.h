#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "plimsoll/core/resp/value.h"

namespace plimsoll::inline v0 {

/// What a push says about keys that were read.
enum class Invalidation : std::uint8_t {
  none,  ///< it is no invalidation
  some_keys,
  all_keys  ///< a database was flushed, or the keys' names cannot be told
};

/// Calls `visit(std::string_view)` for each key that the push says has changed. The views are valid
/// during the call only. Even if this returns all_keys, it may have visited some.
template <class Visit>
Invalidation for_each_invalidated(const Value& push, Visit&& visit) {
  const auto elements = push.as_elements();
  if (!elements || elements->size() != 2) return Invalidation::none;
  auto element = elements->begin();
  const auto kind = (*element).as_bytes();
  if (!kind || *kind != "invalidate") return Invalidation::none;
  const auto keys = (*++element).as_elements();
  if (!keys) return Invalidation::all_keys;  // a null
  std::array<char, 512> joined;              // for a key that crosses buffers
  for (const Value key : *keys) {
    const auto bytes = key.as_bytes();
    if (!bytes || (!bytes->contiguous() && bytes->size() > joined.size())) {
      return Invalidation::all_keys;
    }
    if (bytes->contiguous()) {
      visit(bytes->view());
    } else {
      bytes->copy_to(joined.data());
      visit(std::string_view(joined.data(), bytes->size()));
    }
  }
  return Invalidation::some_keys;
}

}  // namespace plimsoll::inline v0
