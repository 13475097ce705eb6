#include "plimsoll/core/commands/words.h"

#include <cmath>
#include <memory>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::commands {

template <std::size_t WordsMax, std::size_t NumbersMax>
WordRow<WordsMax, NumbersMax>& WordRow<WordsMax, NumbersMax>::operator=(const WordRow& other) {
  std::uninitialized_copy_n(other.words_.begin(), other.count_, words_.begin());
  numbers_ = other.numbers_;
  count_ = other.count_;
  numbers_count_ = other.numbers_count_;
  refusal_ = other.refusal_;
  const char* const theirs = other.numbers_[0].data();
  for (std::size_t i = 0; i < count_; ++i) {
    const std::string_view word = words_[i];
    if (word.data() >= theirs && word.data() < theirs + sizeof(numbers_)) {
      words_[i] = {numbers_[0].data() + (word.data() - theirs), word.size()};
    }
  }
  return *this;
}

template <std::size_t WordsMax, std::size_t NumbersMax>
void WordRow<WordsMax, NumbersMax>::word(std::string_view text) {
  PLIMSOLL_CHECK(count_ < WordsMax);
  std::construct_at(&words_[count_++], text);
}

template <std::size_t WordsMax, std::size_t NumbersMax>
NumberRoom WordRow<WordsMax, NumbersMax>::next_number() {
  PLIMSOLL_CHECK(numbers_count_ < NumbersMax);
  return numbers_[numbers_count_++];
}

template <std::size_t WordsMax, std::size_t NumbersMax>
void WordRow<WordsMax, NumbersMax>::integer(std::int64_t number) {
  word(write_integer(number, next_number()));
}

template <std::size_t WordsMax, std::size_t NumbersMax>
void WordRow<WordsMax, NumbersMax>::real(double number) {
  if (std::isnan(number)) refuse("nan is given as a number", "a number, or an infinity");
  word(write_real(number, next_number()));
}

template <std::size_t WordsMax, std::size_t NumbersMax>
void WordRow<WordsMax, NumbersMax>::exclusive(double number) {
  if (std::isnan(number)) refuse("nan is given as a number", "a number, or an infinity");
  const NumberRoom room = next_number();
  NumberText text;
  const std::string_view digits = text.real(number);
  room[0] = '(';
  copy_bytes(digits, room.data() + 1);
  word({room.data(), digits.size() + 1});
}

template <std::size_t WordsMax, std::size_t NumbersMax>
void WordRow<WordsMax, NumbersMax>::seconds(Duration wait) {
  word(write_seconds(wait, next_number()));
}

template <std::size_t WordsMax, std::size_t NumbersMax>
void WordRow<WordsMax, NumbersMax>::refuse(const char* what, const char* expected) {
  refuse(Error{.code = ErrorCode::invalid_argument, .what = what, .expected = expected});
}

template <std::size_t WordsMax, std::size_t NumbersMax>
void WordRow<WordsMax, NumbersMax>::refuse(const Error& error) {
  if (!refusal_) refusal_ = error;
}

template class WordRow<6, 3>;
template class WordRow<20, 8>;

}  // namespace plimsoll::inline v0::commands
