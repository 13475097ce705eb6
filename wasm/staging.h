#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/block.h"

// Where the host writes words before the call that takes them: in a place that is always there, or
// for more in a block that the requests pool pays for and that goes back with the call.

namespace plimsoll::wasm {

/// The views of so many words need no memory.
inline constexpr std::size_t staged_views_kept = 16;

class Staging {
 public:
  /// `place` lives as long as this.
  Staging(std::span<char> place, AccountHandle requests)
      : place_(place), requests_(std::move(requests)) {}

  /// Room for `size` bytes, or null where the requests pool has none. Forgets what was there.
  char* stage(std::size_t size);

  /// What is staged, read as a table of `count` sizes with the bytes of all behind it. Views live
  /// until clear() or stage(). invalid_argument where these are more than is staged;
  /// rejected_by_limit where the requests pool has no room for the views.
  Result<std::span<const std::string_view>> words(std::uint32_t count);

  /// The first `size` bytes of what is staged, without a table. invalid_argument as above.
  Result<std::string_view> word(std::uint32_t size) const;

  /// The words with `parts_count` more numbers in front of the table, which `parts` refers to.
  struct Parts {
    std::span<const std::uint32_t> parts;
    std::span<const std::string_view> words;
  };
  Result<Parts> words_in_parts(std::uint32_t parts_count, std::uint32_t count);

  /// Nothing is staged any more.
  void clear();

 private:
  Result<std::span<const std::string_view>> words_behind(std::uint64_t skipped,
                                                         std::uint32_t count);
  std::span<const char> staged() const;
  std::string_view* views_for(std::uint32_t count);

  const std::span<char> place_;
  AccountHandle requests_;
  Block bytes_;  // in place of place_
  Block more_views_;
  alignas(std::string_view) std::byte views_[staged_views_kept * sizeof(std::string_view)];
};

}  // namespace plimsoll::wasm
