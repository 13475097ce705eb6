#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/block.h"

// The place to which the host writes words before the call that takes them. It is fixed; more words
// go to a block that the requests pool pays for and that the call releases at its end.

namespace plimsoll::wasm {

/// The views of up to this many words need no allocation.
inline constexpr std::size_t staged_views_kept = 16;

/// The refusal of a request of so many bytes.
Error longer_than_any_line(std::uint64_t bytes);

class Staging {
 public:
  /// Whether a call takes deferred words (core/resp/encoder.h). Only the size of such a word is
  /// staged, with plimsoll_word_deferred.
  enum class Deferred : bool { refused, taken };

  /// `place` must outlive this.
  Staging(std::span<char> place, AccountHandle requests)
      : place_(place), requests_(std::move(requests)) {}

  /// Returns room for `size` bytes, or null if the requests pool has none. Discards what was
  /// staged.
  char* stage(std::size_t size);

  /// Reads the staged bytes as a table of `count` sizes followed by the bytes of all words. The
  /// views are valid until clear() or stage(). Fails with invalid_argument if the words need more
  /// bytes than are staged, if one is deferred and should not be, or if the first or the second is;
  /// with rejected_by_limit if the requests pool has no room for the views, or could never hold the
  /// deferred words.
  Result<std::span<const std::string_view>> words(std::uint32_t count,
                                                  Deferred deferred = Deferred::refused);

  /// The sum of the sizes of the deferred words among those that were read last.
  std::size_t deferred_bytes() const { return deferred_bytes_; }

  /// Returns the first `size` staged bytes, without a table. Fails with invalid_argument as above.
  Result<std::string_view> word(std::uint32_t size) const;

  /// The words, and the `parts_count` numbers in front of their table.
  struct Parts {
    std::span<const std::uint32_t> parts;
    std::span<const std::string_view> words;
  };
  Result<Parts> words_in_parts(std::uint32_t parts_count, std::uint32_t count,
                               Deferred deferred = Deferred::refused);

  /// Discards what is staged.
  void clear();

 private:
  Result<std::span<const std::string_view>> words_behind(std::uint64_t skipped, std::uint32_t count,
                                                         Deferred deferred);
  Status note_deferred(std::uint64_t bytes);
  std::span<const char> staged() const;
  std::string_view* views_for(std::uint32_t count);

  const std::span<char> place_;
  AccountHandle requests_;
  Block bytes_;  // replaces place_ if what is staged does not fit there
  Block more_views_;
  std::size_t deferred_bytes_ = 0;
  alignas(std::string_view) std::byte views_[staged_views_kept * sizeof(std::string_view)];
};

}  // namespace plimsoll::wasm
