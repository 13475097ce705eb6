#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/resp/encoder.h"

// What builders return: a command that holds views of its arguments and converts to a CommandView.
// Use it in the expression that made it; arguments are copied when the command is submitted.

namespace plimsoll::commands {

/// A literal that can be a template argument.
template <std::size_t N>
struct Literal {
  std::array<char, N> text{};
  consteval Literal(const char (&literal)[N]) { std::copy_n(literal, N, text.begin()); }
  static constexpr std::size_t size = N - 1;
};

namespace detail {

template <Literal Word>
consteval auto encode_word() {
  std::array<char, encoding::bulk_size(Word.size)> out{};
  char* at = out.data();
  std::array<char, 20> digits{};
  std::size_t count = 0;
  for (std::size_t size = Word.size; count == 0 || size > 0; size /= 10) {
    digits[count++] = static_cast<char>('0' + size % 10);
  }
  *at++ = '$';
  while (count > 0) *at++ = digits[--count];
  *at++ = '\r';
  *at++ = '\n';
  at = std::copy_n(Word.text.begin(), Word.size, at);
  *at++ = '\r';
  *at++ = '\n';
  return out;
}

template <Literal Word>
inline constexpr auto encoded_word = encode_word<Word>();

}  // namespace detail

/// "$3\r\nGET\r\n" for Word "GET", made by the compiler.
template <Literal Word>
constexpr std::string_view encoded_word() {
  return {detail::encoded_word<Word>.data(), detail::encoded_word<Word>.size()};
}

template <std::size_t N>
struct Command {
  std::string_view name;
  std::array<std::string_view, N> args{};
  std::span<const std::string_view> more_args{};
  std::span<const ArgumentPair> pairs{};

  operator CommandView() const {
    return {.name = name,
            .name_parts = name.empty() ? 0u : 1u,
            .args = args,
            .more_args = more_args,
            .pairs = pairs,
            .encoded = {}};
  }
};

}  // namespace plimsoll::commands
