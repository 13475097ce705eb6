#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/core/resp/encoder.h"

// The question that a cacheable reply answers: a command, taken apart into its row, its key and its
// other words. The cache finds entries by it.

namespace plimsoll::commands {

/// The most words behind a command's name: a command with more is no question.
inline constexpr std::size_t question_words_max = 64;
static_assert(question_words_max + 2 <= first_words_max);

/// The most reads of modules that a QuestionReader can know.
inline constexpr std::size_t module_reads_max = 16;

/// Question::row of the first of these reads: higher than the number of any row of the table.
inline constexpr std::uint16_t module_row_first = 1024;

/// Two commands ask the same if `row`, `key` and `rest` are equal. So the name of the command may
/// be in upper or lower case; all other words are compared as they are.
struct Question {
  std::uint16_t row = 0;  ///< CommandView::row, or from module_row_first on; never 0
  std::string_view key;   ///< the first key
  std::span<const std::string_view> rest;       ///< every other word behind the name, in order
  std::span<const std::string_view> more_keys;  ///< the further keys; a part of `rest`
};

/// Reads the question out of a command. Owns the row of words if they do not lie in a row already;
/// the texts are the caller's.
class QuestionReader {
 public:
  /// Whether a reply to `command` may be kept: it is one command, cacheable by the table, with a
  /// first key and no more than question_words_max words. So it is of commands that the table does
  /// not know if they are among `module_reads`: names, in any case, with one key right behind them.
  bool read(const CommandView& command, std::span<const std::string_view> module_reads = {});

  /// After read() was true: lives as long as this and the command, and until the next read().
  const Question& question() const { return question_; }

 private:
  bool read_words(const CommandView& command, const Row& row);
  bool read_module(const CommandView& command, std::span<const std::string_view> module_reads);

  Question question_;
  FirstWords first_;
};

/// Of one key and nothing else, and of several of these in one.
inline bool is_get(const Question& question) { return question.row == row_numbers::get; }
inline bool is_mget(const Question& question) { return question.row == row_numbers::mget; }

/// Key `number` of those that the reply is of.
inline std::string_view key_of(const Question& question, std::size_t number) {
  return number == 0 ? question.key : question.more_keys[number - 1];
}

/// What GET of this key asks.
inline Question get_of(std::string_view key) {
  return {.row = row_numbers::get, .key = key, .rest = {}, .more_keys = {}};
}

}  // namespace plimsoll::commands
