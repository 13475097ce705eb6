#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/block.h"

// Where the host writes the words of a request, or the texts of options, before the call that takes
// them. Paid for by the requests pool. A small buffer is kept for the next request, so that in
// steady state nothing is allocated; a large one goes back with its request.

namespace plimsoll::wasm {

/// What is kept between requests, at most.
inline constexpr std::size_t staging_kept_bytes = 16 * 1024;

class Staging {
 public:
  explicit Staging(AccountHandle requests) : requests_(std::move(requests)) {}

  /// Room for `size` bytes, or null where the requests pool has none. Forgets what was there.
  char* stage(std::size_t size);

  /// All that is staged, in the host's words: views into it live until clear() or stage().
  std::string_view bytes() const { return {static_cast<const char*>(bytes_.data()), size_}; }

  /// What is staged, read as a table of `count` sizes with the bytes of all behind it.
  /// invalid_argument where these are more than is staged; rejected_by_limit where the requests
  /// pool has no room for the views.
  Result<std::span<const std::string_view>> words(std::uint32_t count);

  /// Nothing is staged any more.
  void clear();

 private:
  bool reserve(Block& block, std::size_t size);

  AccountHandle requests_;
  Block bytes_;
  Block views_;
  std::size_t size_ = 0;
};

}  // namespace plimsoll::wasm
