#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "plimsoll/native/config/choices.h"
#include "plimsoll/native/config/option_row.h"

// Converts fields of any type from words (read()) and to words (show()). read() returns false if
// the words are not such a value.

namespace plimsoll::inline v0::native::config {

bool read(Kind kind, const Words& words, bool& field);
bool read(Kind kind, const Words& words, double& field);
bool read(Kind kind, const Words& words, std::optional<double>& field);
bool read(Kind kind, const Words& words, std::string& field);
bool read(Kind kind, const Words& words, std::vector<std::string>& field);
bool read(Kind kind, const Words& words, std::chrono::nanoseconds& field);
bool read(Kind kind, const Words& words, std::chrono::milliseconds& field);

Words show(Kind kind, bool field);
Words show(Kind kind, double field);
Words show(Kind kind, const std::optional<double>& field);
Words show(Kind kind, const std::string& field);
Words show(Kind kind, const std::vector<std::string>& field);
Words show(Kind kind, std::chrono::nanoseconds field);

std::optional<std::int64_t> read_integer(Kind kind, const Words& words, std::int64_t unlimited);
Words show_integer(Kind kind, std::int64_t number, bool is_unlimited);

template <std::integral T>
constexpr std::int64_t integer_max() {
  constexpr std::uint64_t most = std::numeric_limits<T>::max();
  return static_cast<std::int64_t>(std::min<std::uint64_t>(most, INT64_MAX));
}

template <std::integral T>
bool read(Kind kind, const Words& words, T& field) {
  const auto number = read_integer(kind, words, integer_max<T>());
  if (!number || !std::in_range<T>(*number)) return false;
  field = static_cast<T>(*number);
  return true;
}

template <std::integral T>
Words show(Kind kind, T field) {
  const bool is_unlimited = field == std::numeric_limits<T>::max();
  // TOML has no larger integers. Such values mean "no bound" anyway.
  const T shown = std::cmp_greater(field, INT64_MAX) ? static_cast<T>(INT64_MAX) : field;
  return show_integer(kind, static_cast<std::int64_t>(shown), is_unlimited);
}

template <class E>
  requires std::is_enum_v<E>
bool read(Kind, const Words& words, E& field) {
  for (const auto& choice : choices_of(E())) {
    if (words != Words{std::string(choice.name)}) continue;
    field = choice.value;
    return true;
  }
  return false;
}

template <class E>
  requires std::is_enum_v<E>
Words show(Kind, E field) {
  for (const auto& choice : choices_of(E())) {
    if (choice.value == field) return {std::string(choice.name)};
  }
  return {};
}

template <class T>
std::vector<std::string_view> choice_names() {
  std::vector<std::string_view> names;
  if constexpr (std::is_enum_v<T>) {
    for (const auto& choice : choices_of(T())) names.push_back(choice.name);
  }
  return names;
}

/// Returns what a problem says was expected: "true or false", or "an integer, `min` to `max`".
std::string expected_of(Kind kind, const std::vector<std::string_view>& choices, std::int64_t min,
                        std::int64_t max);

template <class T>
std::string expected_of(Kind kind) {
  if constexpr (std::integral<T>) {
    // check_configuration() refuses negative values with texts of their own.
    return expected_of(kind, {}, 0, integer_max<T>());
  } else {
    return expected_of(kind, choice_names<T>(), 0, 0);
  }
}

// The field at the end of a path of members.
template <auto... Path, class Whole>
constexpr auto& field_at(Whole& configuration) {
  return (configuration.*....*Path);
}

/// The Access to the field at the end of `Path`, a path of members that starts at Configuration.
template <Kind kind, auto... Path>
constexpr Access at() {
  using Field =
      std::remove_reference_t<decltype(field_at<Path...>(std::declval<Configuration&>()))>;
  return {
      .kind = kind,
      .get = [](const Configuration& all) { return show(kind, field_at<Path...>(all)); },
      .set = [](Configuration& all,
                const Words& words) { return read(kind, words, field_at<Path...>(all)); },
      .expected = [] { return expected_of<Field>(kind); },
      .choices = [] { return choice_names<Field>(); },
      .address = [](const Configuration& all) -> const void* { return &field_at<Path...>(all); }};
}

}  // namespace plimsoll::inline v0::native::config
