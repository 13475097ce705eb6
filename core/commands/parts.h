#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "plimsoll/core/resp/encoder.h"

// Reads the words of a command, its name first, whether a builder made the command, or it was given
// as words or already encoded. For code that examines commands instead of sending them, mainly the
// cache.

namespace plimsoll::inline v0::commands {

/// The most words that FirstWords collects. Further words can only be visited one by one.
inline constexpr std::size_t first_words_max = 66;

/// Cuts the first bulk string off `encoded` and sets `word` to it. Returns false if `encoded` does
/// not begin with a whole bulk string.
bool take_bulk(std::string_view& encoded, std::string_view& word);

/// The encoded bulk strings in the head of a command. If the request is encoded as a whole, those
/// of its first command.
struct EncodedWords {
  explicit EncodedWords(const CommandView& command);

  std::string_view encoded;
  std::size_t parts;  ///< the number of words of the command, from its count
};

/// The first words of a command, as an array of views of the caller's text. The text of numbers in
/// lists is stored here. Takes about 1.5 KiB, which is initialised only as it is needed.
class FirstWords {
 public:
  enum class Lists { left_out, taken };

  FirstWords() {}
  FirstWords(const FirstWords&) = delete;
  FirstWords& operator=(const FirstWords&) = delete;
  ~FirstWords() = default;

  /// Collects at most first_words_max words; if all words are in one array already, takes that.
  /// Stops at the first list if lists are left out, and at a list that does not fit as a whole,
  /// because a list can only be walked to its end.
  void take(const CommandView& command, Lists lists = Lists::left_out);

  std::span<const std::string_view> words() const { return words_; }

  /// The number of words of the command, including those that were not collected.
  std::size_t parts() const { return parts_; }
  bool are_all() const { return words_.size() == parts_; }

  /// The words in an array that the caller may change. There must be at most first_words_max words.
  std::span<std::string_view> editable_words();

 private:
  static constexpr std::size_t texts_bytes = 512;

  void add(std::string_view word);
  void add_listed(const ArgumentList& list);

  std::span<const std::string_view> words_;
  std::size_t parts_ = 0;
  std::size_t count_ = 0;
  std::size_t texts_size_ = 0;
  bool is_full_ = false;
  union {
    std::array<std::string_view, first_words_max> inline_;
  };
  union {
    std::array<char, texts_bytes> texts_;
  };
};

/// Calls `visit(std::string_view)` for each word of `command` in order. A view is valid only during
/// the call.
template <class Visit>
void for_each_word(const CommandView& command, Visit&& visit) {
  EncodedWords head(command);
  for (std::string_view word; take_bulk(head.encoded, word);) visit(word);
  encoding::for_each_argument(command, visit);
  if (!command.lists.empty()) {
    encoding::for_each_listed(command, [&visit](std::string_view word) { visit(word); });
  }
}

}  // namespace plimsoll::inline v0::commands
