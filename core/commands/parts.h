#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/resp/encoder.h"

// The words of a command, its name first, whichever way it was made: by a builder, of words, or
// encoded before. For whoever looks at commands rather than sends them.

namespace plimsoll::commands {

/// More words than this are looked at only one by one.
inline constexpr std::size_t first_words_max = 66;

/// Cuts the first bulk string off `encoded`. False where there is none that is whole.
bool take_bulk(std::string_view& encoded, std::string_view& word);

/// The bulk strings of a head; of an encoded request, those of its first command.
struct EncodedWords {
  explicit EncodedWords(const CommandView& command);

  std::string_view encoded;
  std::size_t parts;  ///< of the whole command, as its count says
};

/// The first words of a command as a row of views: of its caller's text, but for numbers of lists,
/// whose text is kept here. About 1.5 KiB, none of which is made before it is needed.
class FirstWords {
 public:
  enum class Lists { left_out, taken };

  FirstWords() {}
  FirstWords(const FirstWords&) = delete;
  FirstWords& operator=(const FirstWords&) = delete;
  ~FirstWords() = default;

  /// At most first_words_max of them, unless they lie in a row already. Lists, which can only be
  /// walked to their end, end the row where they are left out; and where the texts of their numbers
  /// find no room.
  void take(const CommandView& command, Lists lists = Lists::left_out);

  std::span<const std::string_view> words() const { return words_; }

  /// The words of the command, those that were not taken included.
  std::size_t parts() const { return parts_; }
  bool are_all() const { return words_.size() == parts_; }

  /// The words, first_words_max at most, in a row of its own, which may be changed.
  std::span<std::string_view> own_words();

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
    std::array<std::string_view, first_words_max> own_;
  };
  union {
    std::array<char, texts_bytes> texts_;
  };
};

/// Calls `visit(std::string_view)` for each word of `command` in order; the views live for the
/// call.
template <class Visit>
void for_each_word(const CommandView& command, Visit&& visit) {
  EncodedWords head(command);
  for (std::string_view word; take_bulk(head.encoded, word);) visit(word);
  encoding::for_each_argument(command, visit);
  if (!command.lists.empty()) {
    encoding::for_each_listed(command, [&visit](std::string_view word) { visit(word); });
  }
}

/// The key of a builder's command that names one key, right behind its name: what most commands
/// are, found without a look at their words. Null: look.
const std::string_view* only_key(const CommandView& command, const Row& row);

/// key_ranges() of a command of which the first words are `words`, of `parts` in all: where these
/// do not show where the keys are, invalid_argument.
Result<KeyRanges> key_ranges(const Row& row, std::span<const std::string_view> words,
                             std::size_t parts);

}  // namespace plimsoll::commands
