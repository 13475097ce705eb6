#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/commands/number_text.h"

// The words of a command, or of a part of a command: views of the caller's words, and the texts of
// numbers, which are stored here. It is a value: a copy refers to its own texts of numbers.
// Allocates nothing. Keeps the first error in the arguments as the refusal.

namespace plimsoll::inline v0::commands {

template <std::size_t WordsMax, std::size_t NumbersMax>
class WordRow {
 public:
  static constexpr std::size_t words_max = WordsMax;
  static constexpr std::size_t numbers_max = NumbersMax;

  WordRow() {}
  WordRow(const WordRow& other) { *this = other; }
  WordRow& operator=(const WordRow& other);
  ~WordRow() = default;

  std::span<const std::string_view> words() const { return std::span(words_).first(count_); }

  /// The first error in the caller's arguments, if any.
  const std::optional<Error>& refusal() const { return refusal_; }

  // For builders.
  void word(std::string_view text);
  void integer(std::int64_t number);
  void real(double number);
  void exclusive(double number);  ///< a bound that the range leaves out: "(1.5"
  void seconds(Duration wait);
  void refuse(const char* what, const char* expected);
  void refuse(const Error& error);
  void at_least(std::int64_t minimum, std::int64_t number, const char* what, const char* expected) {
    if (number < minimum) refuse(what, expected);
  }

 private:
  NumberRoom next_number();

  union {  // so that the constructor does not initialise all words
    std::array<std::string_view, WordsMax> words_;
  };
  std::array<std::array<char, number_bytes_max>, NumbersMax> numbers_;
  std::size_t count_ = 0;
  std::size_t numbers_count_ = 0;
  std::optional<Error> refusal_;
};

/// An argument that has several forms. Named functions of its type make them.
using Choice = WordRow<6, 3>;

/// All words of a command (composed.h).
using ComposedWords = WordRow<20, 8>;

extern template class WordRow<6, 3>;
extern template class WordRow<20, 8>;

}  // namespace plimsoll::inline v0::commands
