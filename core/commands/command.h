#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/resp/encoder.h"

// The type that builders of simple commands return. It holds views of the arguments and converts to
// a CommandView. Submitting copies the arguments, so use the command in the expression that makes
// it, while the arguments live.

namespace plimsoll::inline v0::commands {

using Words = std::span<const std::string_view>;

/// A string literal as a template argument.
template <std::size_t N>
struct Literal {
  std::array<char, N> text{};
  consteval Literal(const char (&literal)[N]) { std::copy_n(literal, N, text.begin()); }
  static constexpr std::size_t size = N - 1;
};

namespace detail {

template <std::size_t Size>
struct Encoded {
  std::array<char, Size> text{};
  constexpr operator std::string_view() const { return {text.data(), Size}; }
};

constexpr char* write(char* out, char sign, std::size_t number) {
  *out++ = sign;
  const std::size_t digits = encoding::digits_of(number);
  for (char* at = out + digits; at != out; number /= 10) {
    *--at = static_cast<char>('0' + number % 10);
  }
  out += digits;
  *out++ = '\r';
  *out++ = '\n';
  return out;
}

template <Literal Word>
consteval auto encode_word() {
  Encoded<encoding::bulk_size(Word.size)> out;
  char* at = write(out.text.data(), '$', Word.size);
  at = std::copy_n(Word.text.begin(), Word.size, at);
  *at++ = '\r';
  *at++ = '\n';
  return out;
}

template <Literal Word, std::size_t Args>
consteval auto encode_head() {
  constexpr auto word = encode_word<Word>();
  Encoded<1 + encoding::digits_of(1 + Args) + 2 + word.text.size()> out;
  std::copy_n(word.text.begin(), word.text.size(), write(out.text.data(), '*', 1 + Args));
  return out;
}

template <Literal Word>
inline constexpr auto encoded_word = encode_word<Word>();

template <Literal Word, std::size_t Args>
inline constexpr auto encoded_head = encode_head<Word, Args>();

}  // namespace detail

namespace detail {

template <class Command>
CommandView view_of(const Command& command, CommandView::Head head_kind) {
  CommandView view;
  view.head = command.head;
  view.effect = command.effect;
  view.row = command.row;
  view.head_kind = head_kind;
  view.head_parts = command.head_parts;
  view.args = command.args;
  return view;
}

}  // namespace detail

/// A command with exactly N arguments. Its head has the count of all parts.
template <std::size_t N>
struct Command {
  std::string_view head;
  std::uint8_t head_parts = 1;
  CommandView::Effect effect = CommandView::Effect::unknown;
  std::uint16_t row = 0;  ///< see CommandView
  std::array<std::string_view, N> args{};

  operator CommandView() const { return detail::view_of(*this, CommandView::Head::counted); }
};

/// A command with N arguments, and lists behind them. A type of its own, because to fill the room
/// for lists costs each request.
template <std::size_t N>
struct OpenCommand {
  std::string_view head;  ///< without a count
  std::uint8_t head_parts = 1;
  CommandView::Effect effect = CommandView::Effect::unknown;
  std::uint16_t row = 0;  ///< see CommandView
  std::array<std::string_view, N> args{};
  std::span<const std::string_view> more_args{};
  std::span<const ArgumentPair> pairs{};

  operator CommandView() const {
    CommandView command = detail::view_of(*this, CommandView::Head::uncounted);
    command.more_args = more_args;
    command.pairs = pairs;
    return command;
  }
};

/// A command whose list must not be empty.
template <std::size_t N>
struct ListCommand : OpenCommand<N> {
  /// Fails with invalid_argument if the list is empty. The caller must not send the command then.
  Status status() const {
    if (!this->more_args.empty() || !this->pairs.empty()) return {};
    return Error{.code = ErrorCode::invalid_argument,
                 .what = "the command's list of arguments is empty",
                 .expected = "one or more"};
  }
};

/// The effect of a command that changes nothing on the server.
inline constexpr auto reads = CommandView::Effect::read;

/// The command `Name` with exactly these arguments. The compiler encodes its head, with the count.
template <Literal Name, CommandView::Effect Effect = CommandView::Effect::unknown, class... Args>
constexpr Command<sizeof...(Args)> fixed(const Args&... args) {
  return {.head = detail::encoded_head<Name, sizeof...(Args)>, .effect = Effect, .args = {args...}};
}

/// The command `Name` with these arguments, to which with() adds lists.
template <Literal Name, CommandView::Effect Effect = CommandView::Effect::unknown, class... Args>
constexpr OpenCommand<sizeof...(Args)> open(const Args&... args) {
  return {.head = detail::encoded_word<Name>, .effect = Effect, .args = {args...}};
}

template <std::size_t N>
constexpr OpenCommand<N> with(OpenCommand<N> command, std::span<const std::string_view> more_args) {
  command.more_args = more_args;
  return command;
}

template <std::size_t N>
constexpr OpenCommand<N> with(OpenCommand<N> command, std::span<const ArgumentPair> pairs) {
  command.pairs = pairs;
  return command;
}

/// Any command: its name first, then its arguments.
inline OpenCommand<0> any(Words name_and_args) {
  return {.head = {}, .head_parts = 0, .more_args = name_and_args};
}

}  // namespace plimsoll::inline v0::commands
