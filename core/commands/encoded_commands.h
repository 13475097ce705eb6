#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/parts.h"
#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0::commands {

/// Whether the request is several commands, such as a transaction: MULTI, the commands and EXEC. A
/// SUBSCRIBE or UNSUBSCRIBE has several answers, too, one for each channel.
inline bool are_several(const CommandView& request) {
  return request.answers > 1 && request.answer != CommandView::Answer::confirmations &&
         request.answer != CommandView::Answer::ends;
}

/// Reads a request that is encoded already, of one command or of several, from pieces, and finds
/// the words that its listener asks for. A piece may end anywhere but inside of a word.
class EncodedCommands {
 public:
  using Words = std::span<const std::string_view>;

  class Listener {
   public:
    /// A command of `parts` words begins with these: all, or the first first_words_max. Returns the
    /// places of those that take_word() is to be called for.
    virtual KeyRanges begin_command(Words first, std::size_t parts) = 0;
    /// Its bytes may not be there yet: see is_deferred().
    virtual void take_word(std::string_view word) = 0;
    /// What has come, or comes next, is no command. Nothing more is read.
    virtual void handle_broken() = 0;

   protected:
    ~Listener() = default;
  };

  /// Reads all of the request. In its lists the words must outlive the walk. A request with words
  /// that are not encoded, except those of its only command, is broken.
  static void read(const CommandView& request, Listener& listener);

 private:
  explicit EncodedCommands(Listener& listener) : listener_(listener) {}

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
    broken
  };

  void take(std::string_view piece);
  void take_plain(std::string_view word);
  void end();

  void take_letter(char c);
  void expect(bool is_right, State next);
  void break_off();
  void begin_number(bool is_right, State next);
  void take_of_number(char c, State behind);
  void begin_command();
  void begin_word();
  void take_word(std::string_view& piece);
  void add_word(std::string_view word);
  void hand_on_first();
  bool is_wanted(std::size_t place) const;
  State state_behind_word() const { return at_ == parts_ ? State::at_command : State::at_word; }

  Listener& listener_;
  State state_ = State::at_command;
  std::size_t number_ = 0;
  std::size_t parts_ = 0;
  std::size_t at_ = 0;
  KeyRanges wanted_;
  std::array<std::string_view, first_words_max> first_;
};

}  // namespace plimsoll::inline v0::commands
