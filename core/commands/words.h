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

// The words of a command or of a part of one: the caller's, which are referred to, and numbers,
// whose text is kept here. A value: copies refer to their own numbers. Nothing is allocated; the
// first thing that is wrong stays as the refusal.

namespace plimsoll::commands {

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

  /// What is wrong with what the caller gave, if anything is.
  const std::optional<Error>& refusal() const { return refusal_; }

  // For builders.
  void word(std::string_view text);
  void integer(std::int64_t number);
  void real(double number);
  void exclusive(double number);  ///< a bound that is not included: "(1.5"
  void seconds(Duration wait);
  void refuse(const char* what, const char* expected);
  void refuse(const Error& error);
  void at_least(std::int64_t minimum, std::int64_t number, const char* what, const char* expected) {
    if (number < minimum) refuse(what, expected);
  }

 private:
  NumberRoom next_number();

  union {  // so that they are not all made empty first
    std::array<std::string_view, WordsMax> words_;
  };
  std::array<std::array<char, number_bytes_max>, NumbersMax> numbers_;
  std::size_t count_ = 0;
  std::size_t numbers_count_ = 0;
  std::optional<Error> refusal_;
};

/// One of several things that an argument can say, made by the named functions of its type.
using Choice = WordRow<6, 3>;

extern template class WordRow<6, 3>;

}  // namespace plimsoll::commands
