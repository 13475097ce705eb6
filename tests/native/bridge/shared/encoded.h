#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/bridge/shared/reply_encoder.h"

namespace plimsoll::testing {

/// What a ReplyEncoder writes of `value`, into rooms of `space_bytes` each. Checks what it says of
/// its size, and that it writes as much as fits and nothing behind it.
inline std::string encoded(const Value& value, bool is_resp3, std::size_t space_bytes = SIZE_MAX) {
  bridge::ReplyEncoder encoder(value, is_resp3);
  const std::size_t size = encoder.size();
  const std::size_t room = std::min(space_bytes, size);
  std::string out;
  std::string space(room + 1, '#');
  while (encoder.left() > 0) {
    PLIMSOLL_CHECK(encoder.left() == size - out.size());
    const std::size_t expected = std::min(room, encoder.left());
    const std::size_t taken = encoder.take(std::span<char>(space.data(), room));
    PLIMSOLL_CHECK(taken == expected && space[room] == '#');
    out.append(space, 0, taken);
  }
  PLIMSOLL_CHECK(out.size() == size && encoder.take(space) == 0);
  return out;
}

}  // namespace plimsoll::testing
