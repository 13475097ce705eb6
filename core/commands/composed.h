#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/commands/bound.h"
#include "plimsoll/core/commands/words.h"
#include "plimsoll/core/resp/encoder.h"

// The type that builders of commands with options, numbers or several lists return. It refers to
// the caller's words and lists, and holds the texts of numbers itself, without allocating. It may
// be copied. Submit it while the words and lists live.

namespace plimsoll::inline v0::commands {

inline constexpr std::size_t composed_lists_max = 6;

class Composed {
 public:
  /// `head` is `head_parts` encoded bulk strings; `row` is CommandView::row.
  Composed(std::string_view head, std::uint8_t head_parts, std::uint16_t row,
           CommandView::Effect effect = CommandView::Effect::unknown)
      : head_(head), row_number_(row), effect_(effect), head_parts_(head_parts) {}
  Composed(const Composed& other);
  Composed& operator=(const Composed&) = delete;
  ~Composed() = default;

  /// Fails with invalid_argument if the arguments make no valid command. The caller must not send
  /// it then.
  Status status() const;

  operator CommandView() const;

  // For builders: each call appends to the command.
  void word(std::string_view text);
  void integer(std::int64_t number);
  void real(double number);
  void bound(const Bound& bound);
  void choice(const Choice& choice);
  void texts(std::span<const std::string_view> words);
  void pairs(std::span<const ArgumentPair> pairs);
  /// Appends the first of each pair, then the second of each.
  void columns(std::span<const ArgumentPair> pairs);
  void integers(std::span<const std::int64_t> numbers);
  void reals(std::span<const double> numbers);
  void list(const ArgumentList& list);

  /// Appends the time that the server may block for, and sets CommandView::block_time. Zero: for
  /// ever.
  void wait_seconds(Duration wait);
  void wait_milliseconds(std::chrono::milliseconds wait);

  void refuse(const char* what, const char* expected) { row_.refuse(what, expected); }
  void at_least(std::int64_t minimum, std::int64_t number, const char* what, const char* expected) {
    row_.at_least(minimum, number, what, expected);
  }
  /// Refuses the command if it has fewer words than this, including its name.
  void needs(std::size_t words);
  void check_real(double number) {
    if (number != number) refuse("nan is given as a number", "a number, or an infinity");
  }

 private:
  using Row = ComposedWords;

  void add_list(const ArgumentList& list);
  void count_words(std::size_t added);

  std::string_view head_;
  Duration block_time_{};
  std::uint16_t row_number_;
  CommandView::Effect effect_;
  std::uint8_t head_parts_;
  std::uint8_t first_run_ = 0;  // number of words before the first list
  std::uint8_t lists_count_ = 0;
  bool ends_with_own_words_ = false;
  Row row_;
  // Each run of words of row_ behind the first list is a list of its own among these.
  union {
    std::array<ArgumentList, composed_lists_max> lists_;
  };
};

}  // namespace plimsoll::inline v0::commands
