#include "plimsoll/core/commands/encoded_commands.h"

#include <algorithm>

namespace plimsoll::inline v0::commands {
namespace {

constexpr std::size_t number_max = UINT32_MAX;

bool has_plain_lists(const CommandView& request) {
  return std::any_of(request.lists.begin(), request.lists.end(),
                     [](const ArgumentList& list) { return !list.is_encoded; });
}

}  // namespace

void EncodedCommands::read(const CommandView& request, Listener& listener) {
  if (request.head_kind != CommandView::Head::counted || has_plain_lists(request)) {
    return listener.handle_broken();
  }
  EncodedCommands commands(listener);
  commands.take(request.head);
  for (const std::string_view word : request.args) commands.take_plain(word);
  encoding::for_each_encoded(request, [&](std::string_view piece) { commands.take(piece); });
  commands.end();
}

void EncodedCommands::take(std::string_view piece) {
  while (!piece.empty() && state_ != State::broken) {
    if (state_ == State::in_word) {
      take_word(piece);
    } else {
      take_letter(piece.front());
      piece.remove_prefix(1);
    }
  }
}

// A word that is not encoded.
void EncodedCommands::take_plain(std::string_view word) {
  if (state_ != State::at_word) return break_off();
  add_word(word);
  state_ = state_behind_word();
}

void EncodedCommands::end() {
  if (state_ != State::broken && (state_ != State::at_command || parts_ == 0)) break_off();
}

void EncodedCommands::take_letter(char c) {
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

void EncodedCommands::expect(bool is_right, State next) {
  if (!is_right) return break_off();
  state_ = next;
}

void EncodedCommands::break_off() {
  if (state_ == State::broken) return;
  state_ = State::broken;
  listener_.handle_broken();
}

void EncodedCommands::begin_number(bool is_right, State next) {
  expect(is_right, next);
  number_ = 0;
}

void EncodedCommands::take_of_number(char c, State behind) {
  if (c == '\r') {
    state_ = behind;
  } else if (c < '0' || c > '9' || number_ > number_max) {
    break_off();
  } else {
    number_ = number_ * 10 + static_cast<std::size_t>(c - '0');
  }
}

void EncodedCommands::begin_command() {
  if (number_ == 0) return break_off();
  parts_ = number_;
  at_ = 0;
  wanted_.count = 0;
  state_ = State::at_word;
}

// An empty word may have no piece of its own.
void EncodedCommands::begin_word() {
  state_ = State::in_word;
  if (number_ != 0) return;
  add_word({});
  state_ = State::behind_word;
}

void EncodedCommands::take_word(std::string_view& piece) {
  if (piece.size() < number_) return break_off();
  add_word(piece.substr(0, number_));
  piece.remove_prefix(number_);
  state_ = State::behind_word;
}

void EncodedCommands::add_word(std::string_view word) {
  const std::size_t place = at_++;
  if (place < first_.size()) {
    first_[place] = word;
    if (at_ == std::min(parts_, first_.size())) hand_on_first();
  } else if (is_wanted(place)) {
    listener_.take_word(word);
  }
}

void EncodedCommands::hand_on_first() {
  const Words words = std::span(first_).first(at_);
  wanted_ = listener_.begin_command(words, parts_);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_wanted(i)) listener_.take_word(words[i]);
  }
}

bool EncodedCommands::is_wanted(std::size_t place) const {
  const auto ranges = std::span(wanted_.ranges).first(wanted_.count);
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const KeyRange& range) { return range.has(place); });
}

}  // namespace plimsoll::inline v0::commands
