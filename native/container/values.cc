#include "plimsoll/native/container/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace plimsoll::inline v0::native::container {
namespace {

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

template <class T>
std::optional<T> parse_whole(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Returns "0.00" of a line with the word "avg10=0.00", if `key` is "avg10=".
std::optional<std::string_view> find_assigned(std::string_view line, std::string_view key) {
  while (!line.empty()) {
    const std::string_view word = take_word(line);
    if (word.starts_with(key)) return word.substr(key.size());
  }
  return std::nullopt;
}

// Parses a percentage as the kernel writes it, such as "12.34". Not every C++ library has
// from_chars() for doubles.
std::optional<double> parse_percent(std::string_view text) {
  const std::size_t point = text.find('.');
  const auto whole = parse_whole<std::uint32_t>(text.substr(0, point));
  if (!whole || point == std::string_view::npos) return whole;
  const std::string_view digits = text.substr(point + 1);
  const auto part = parse_whole<std::uint32_t>(digits);
  if (!part) return std::nullopt;
  // One rounding: what is divided is a whole number.
  const double scale = std::pow(10.0, static_cast<double>(digits.size()));
  return (*whole * scale + *part) / scale;
}

}  // namespace

std::string_view take_line(std::string_view& text) { return take_until(text, '\n'); }

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return take_until(text, ' ');
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return parse_whole<std::uint64_t>(text);
}

std::optional<Bound> parse_bound(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text == "max") return Bound{};
  const auto bytes = parse_whole<std::uint64_t>(text);
  if (!bytes) return std::nullopt;
  return *bytes >= unlimited_bytes_min ? Bound{} : Bound{bytes};
}

std::optional<std::uint64_t> find_number(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    std::string_view name = take_word(line);
    if (name.ends_with(':')) name.remove_suffix(1);
    if (name != key) continue;
    const auto number = parse_whole<std::uint64_t>(take_word(line));
    if (!number || line.empty()) return number;
    if (line != "kB" || *number > unlimited_bytes_min / 1024) return std::nullopt;
    return *number * 1024;
  }
  return std::nullopt;
}

std::optional<Stall> parse_stall(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = take_line(text);
    if (take_word(line) != "some") continue;
    const auto average = find_assigned(line, "avg10=");
    const auto total = find_assigned(line, "total=");
    const auto percent = average ? parse_percent(*average) : std::nullopt;
    const auto microseconds = total ? parse_whole<std::uint64_t>(*total) : std::nullopt;
    if (!percent || !microseconds || *percent > 100) return std::nullopt;
    return Stall{.percent = *percent, .microseconds = *microseconds};
  }
  return std::nullopt;
}

}  // namespace plimsoll::inline v0::native::container
