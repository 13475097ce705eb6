#include "plimsoll/core/cluster/routing.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "plimsoll/core/commands/key_words.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/core/commands/row_numbers.h"

namespace plimsoll::inline v0 {
namespace {

using commands::FirstWords;
using commands::KeyRange;
using commands::KeyRanges;
using commands::Row;
using Words = std::span<const std::string_view>;

// Gathers the slots of keys into one route.
class RouteBuilder {
 public:
  void add_key(std::string_view key) {
    if (is_deferred(key)) return set_unclear();
    const Slot slot = slot_of_key(key);
    if (route_.kind == Route::Kind::no_key) {
      route_.kind = Route::Kind::one_slot;
      route_.slot = slot;
    } else if (route_.kind == Route::Kind::one_slot && route_.slot != slot) {
      route_.kind = Route::Kind::several_slots;
    }
  }
  void add_command(const Row* row) {
    route_.row = commands_count_++ == 0 && row != nullptr ? number_of(*row) : std::uint16_t{0};
    if (row != nullptr && concerned_by(*row) == Concerns::every_node) {
      route_.is_for_every_node = true;
    }
  }
  void set_unclear() { route_.kind = Route::Kind::unclear; }

  Route route() const { return route_; }

 private:
  Route route_;
  std::size_t commands_count_ = 0;
};

bool names_shard_channels(std::uint16_t row_number) {
  return row_number == commands::row_numbers::spublish ||
         row_number == commands::row_numbers::ssubscribe ||
         row_number == commands::row_numbers::sunsubscribe;
}

KeyRanges range_of(std::size_t first, std::size_t count) {
  KeyRanges one;
  one.ranges[0] = {.first = first, .count = count};
  one.count = count == 0 ? 0 : 1;
  return one;
}

// MIGRATE has "" in the place of its key if it has KEYS and the keys behind that.
void leave_out_no_key(KeyRanges& found, Words words) {
  const KeyRange& first = found.ranges[0];
  if (found.count < 2 || first.first >= words.size() || !words[first.first].empty()) return;
  std::copy(found.ranges.begin() + 1, found.ranges.end(), found.ranges.begin());
  --found.count;
}

// `words`: the first of the command's `parts` words. `row`: null if the table does not have it.
Result<KeyRanges> find_keys(const Row* row, Words words, std::size_t parts) {
  if (row == nullptr) return range_of(1, parts > 1 ? 1 : 0);
  const std::uint16_t number = number_of(*row);
  if (names_shard_channels(number)) {
    const bool is_message = number == commands::row_numbers::spublish;
    return range_of(1, is_message ? std::min<std::size_t>(parts - 1, 1) : parts - 1);
  }
  Result<KeyRanges> found = key_ranges(*row, words, parts);
  if (found && number == commands::row_numbers::migrate) leave_out_no_key(*found, words);
  return found;
}

// Reads commands that are encoded already, in any number, from pieces. A piece may end anywhere but
// inside of a word. Where the keys of one command cannot be found, those behind it are read on: any
// of them may concern every node.
class EncodedCommands {
 public:
  explicit EncodedCommands(RouteBuilder& route) : route_(route) {}

  void take(std::string_view piece) {
    while (!piece.empty() && state_ != State::broken) {
      if (state_ == State::in_word) {
        take_word(piece);
      } else {
        take_letter(piece.front());
        piece.remove_prefix(1);
      }
    }
  }

  /// Takes a word that is not encoded.
  void take_plain(std::string_view word) {
    if (state_ != State::at_word) return break_off();
    add_word(word);
    state_ = state_behind_word();
  }

  void end() {
    if (state_ != State::at_command || parts_ == 0) route_.set_unclear();
  }

 private:
  enum class State : std::uint8_t {
    at_command,
    in_count,
    behind_count,
    at_word,
    in_size,
    behind_size,
    in_word,
    behind_word,
    at_end_of_word,
    broken  // what has come is no command: nothing more is read
  };

  void take_letter(char c) {
    switch (state_) {
      case State::at_command: return begin_number(c == '*', State::in_count);
      case State::in_count: return take_of_number(c, State::behind_count);
      case State::behind_count: return c == '\n' ? begin_command() : break_off();
      case State::at_word: return begin_number(c == '$', State::in_size);
      case State::in_size: return take_of_number(c, State::behind_size);
      case State::behind_size: return c == '\n' ? begin_word() : break_off();
      case State::in_word: return;  // see take_word()
      case State::behind_word: return expect(c == '\r', State::at_end_of_word);
      case State::at_end_of_word: return expect(c == '\n', state_behind_word());
      case State::broken: return;
    }
  }

  void expect(bool is_right, State next) {
    if (!is_right) return break_off();
    state_ = next;
  }

  void break_off() {
    route_.set_unclear();
    state_ = State::broken;
  }

  void begin_number(bool is_right, State next) {
    expect(is_right, next);
    number_ = 0;
  }

  void take_of_number(char c, State behind) {
    if (c == '\r') {
      state_ = behind;
    } else if (c < '0' || c > '9' || number_ > number_max) {
      break_off();
    } else {
      number_ = number_ * 10 + static_cast<std::size_t>(c - '0');
    }
  }

  void begin_command() {
    if (number_ == 0) return break_off();
    parts_ = number_;
    at_ = 0;
    keys_.count = 0;
    state_ = State::at_word;
  }

  // An empty word may have no piece of its own.
  void begin_word() {
    state_ = State::in_word;
    if (number_ != 0) return;
    add_word({});
    state_ = State::behind_word;
  }

  void take_word(std::string_view& piece) {
    if (piece.size() < number_) return break_off();
    add_word(piece.substr(0, number_));
    piece.remove_prefix(number_);
    state_ = State::behind_word;
  }

  State state_behind_word() const { return at_ == parts_ ? State::at_command : State::at_word; }

  void add_word(std::string_view word) {
    const std::size_t place = at_++;
    if (place < first_.size()) {
      first_[place] = word;
      if (at_ == std::min(parts_, first_.size())) find_keys_in_first();
    } else if (is_key(place)) {
      route_.add_key(word);
    }
  }

  void find_keys_in_first() {
    const Words words = std::span(first_).first(at_);
    const Row* const row = commands::find(words);
    route_.add_command(row);
    const Result<KeyRanges> found = find_keys(row, words, parts_);
    if (!found) return route_.set_unclear();
    keys_ = *found;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (is_key(i)) route_.add_key(words[i]);
    }
  }

  bool is_key(std::size_t place) const {
    const auto ranges = std::span(keys_.ranges).first(keys_.count);
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const KeyRange& range) { return range.has(place); });
  }

  static constexpr std::size_t number_max = UINT32_MAX;

  RouteBuilder& route_;
  State state_ = State::at_command;
  std::size_t number_ = 0;
  std::size_t parts_ = 0;
  std::size_t at_ = 0;
  KeyRanges keys_;
  std::array<std::string_view, commands::first_words_max> first_;
};

bool is_transaction(const CommandView& command) {
  return command.answers > 1 && command.answer == CommandView::Answer::replies;
}

bool has_encoded_lists(const CommandView& command) {
  return std::any_of(command.lists.begin(), command.lists.end(),
                     [](const ArgumentList& list) { return list.is_encoded; });
}

bool has_plain_lists(const CommandView& command) {
  return std::any_of(command.lists.begin(), command.lists.end(),
                     [](const ArgumentList& list) { return !list.is_encoded; });
}

void add_encoded(const CommandView& command, RouteBuilder& route) {
  if (command.head_kind != CommandView::Head::counted || has_plain_lists(command)) {
    return route.set_unclear();
  }
  EncodedCommands encoded(route);
  encoded.take(command.head);
  for (const std::string_view word : command.args) encoded.take_plain(word);
  encoding::for_each_encoded(command, [&](std::string_view piece) { encoded.take(piece); });
  encoded.end();
}

}  // namespace

Route detail::route_by_words(const CommandView& command) {
  RouteBuilder route;
  if (is_transaction(command) || has_encoded_lists(command)) {
    add_encoded(command, route);
    return route.route();
  }
  FirstWords first;
  first.take(command, FirstWords::Lists::taken);
  const Row* const row =
      command.row != 0 ? commands::row_of(command) : commands::find(first.words());
  route.add_command(row);
  const Result<KeyRanges> found = first.words().empty()
                                      ? Result<KeyRanges>(Error{})
                                      : find_keys(row, first.words(), first.parts());
  if (found) {
    visit_keys(command, first, *found, [&](std::string_view key) { route.add_key(key); });
  } else {
    route.set_unclear();
  }
  return route.route();
}

}  // namespace plimsoll::inline v0
