#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/core/resp/encoder.h"

// The question that a cacheable reply answers: a command, split into its row, its key and its other
// words. The cache finds entries by their question.

namespace plimsoll::inline v0::commands {

/// The most words behind a command's name: a command with more words is not cacheable.
inline constexpr std::size_t question_words_max = 64;
static_assert(question_words_max + 2 <= first_words_max);

/// The most reads of modules that a QuestionReader can know.
inline constexpr std::size_t module_reads_max = 16;

/// Question::row of the first read of a module: higher than the number of any row of the table.
inline constexpr std::uint16_t module_row_first = 1024;

/// Two commands ask the same question if `row`, `key` and `rest` are equal. So the name of the
/// command may be in upper or lower case; all other words are compared as they are.
struct Question {
  std::uint16_t row = 0;  ///< CommandView::row, or from module_row_first on; never 0
  std::string_view key;   ///< the first key
  std::span<const std::string_view> rest;       ///< every other word behind the name, in order
  std::span<const std::string_view> more_keys;  ///< the further keys; a part of `rest`
};

/// Reads the question of a command. Owns the array of words, unless the command has them in one
/// array already. The texts belong to the caller.
class QuestionReader {
 public:
  /// Reads `command`, and returns whether a reply to it may be cached: it must be one command,
  /// cacheable by the table, with a first key and no more than question_words_max words. A command
  /// that the table does not have may be cached if its name is among `module_reads`, in upper or
  /// lower case; its only key is the word right behind the name.
  bool read(const CommandView& command, std::span<const std::string_view> module_reads = {});

  /// Valid after read() has returned true. Lives until the next read(), the end of this object or
  /// the end of the command.
  const Question& question() const { return question_; }

 private:
  bool read_words(const CommandView& command, const Row& row);
  bool read_module(const CommandView& command, std::span<const std::string_view> module_reads);

  Question question_;
  FirstWords first_;
};

/// Whether the question is that of GET, or of MGET, which asks the questions of several GETs.
inline bool is_get(const Question& question) { return question.row == row_numbers::get; }
inline bool is_mget(const Question& question) { return question.row == row_numbers::mget; }

/// Key `number` of the keys that the reply depends on.
inline std::string_view key_of(const Question& question, std::size_t number) {
  return number == 0 ? question.key : question.more_keys[number - 1];
}

/// The question of a GET of this key.
inline Question get_of(std::string_view key) {
  return {.row = row_numbers::get, .key = key, .rest = {}, .more_keys = {}};
}

}  // namespace plimsoll::inline v0::commands
