#include "plimsoll/native/config/field_text.h"

#include <charconv>
#include <system_error>

#include "plimsoll/core/base/units.h"
#include "plimsoll/native/config/text/duration.h"
#include "plimsoll/native/observe/listen_address.h"

namespace plimsoll::inline v0::native::config {
namespace {

constexpr std::string_view unlimited_word = "unlimited";

// Returns the number that is all of `text`, or nothing.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || at != end) return std::nullopt;
  return number;
}

// Formats an amount in the largest unit in which it is a whole number, so that reading it again
// gives the same value.
std::string exact_amount(std::int64_t bytes) {
  constexpr std::string_view names[] = {"", " KiB", " MiB", " GiB"};
  std::size_t step = 0;
  while (step + 1 < std::size(names) && bytes >= 1024 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++step;
  }
  return std::to_string(bytes) + std::string(names[step]);
}

bool fits(Kind kind, std::string_view word) {
  switch (kind) {
    case Kind::amount: return static_cast<bool>(parse_bytes(word));
    case Kind::limit: return word == "auto" || static_cast<bool>(parse_bytes(word));
    case Kind::listen: return parse_listen_address(word).has_value();
    case Kind::flag:
    case Kind::count:
    case Kind::attempts:
    case Kind::ratio:
    case Kind::time:
    case Kind::choice:
    case Kind::text:
    case Kind::path:
    case Kind::address:
    case Kind::texts: return true;
  }
  return true;
}

}  // namespace

bool read(Kind, const Words& words, bool& field) {
  if (words != Words{"true"} && words != Words{"false"}) return false;
  field = words == Words{"true"};
  return true;
}

bool read(Kind, const Words& words, double& field) {
  const auto number = words.size() == 1 ? parse_number<double>(words.front()) : std::nullopt;
  if (!number || !(*number >= 0 && *number <= 1)) return false;
  field = *number;
  return true;
}

bool read(Kind kind, const Words& words, std::optional<double>& field) {
  double number = 0;
  if (!read(kind, words, number)) return false;
  field = number;
  return true;
}

bool read(Kind kind, const Words& words, std::string& field) {
  if (words.size() != 1 || !fits(kind, words.front())) return false;
  field = words.front();
  return true;
}

bool read(Kind, const Words& words, std::vector<std::string>& field) {
  field = words;
  return true;
}

bool read(Kind, const Words& words, std::chrono::nanoseconds& field) {
  const auto time = words.size() == 1 ? parse_duration(words.front()) : std::nullopt;
  if (time) field = *time;
  return time.has_value();
}

bool read(Kind kind, const Words& words, std::chrono::milliseconds& field) {
  std::chrono::nanoseconds time{};
  if (!read(kind, words, time)) return false;
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(time);
  if (whole != time) return false;
  field = whole;
  return true;
}

std::optional<std::int64_t> read_integer(Kind kind, const Words& words, std::int64_t unlimited) {
  if (words.size() != 1) return std::nullopt;
  const std::string& word = words.front();
  if (kind == Kind::attempts && word == unlimited_word) return unlimited;
  if (kind != Kind::amount) return parse_number<std::int64_t>(word);
  const auto bytes = parse_bytes(word);
  if (!bytes || !std::in_range<std::int64_t>(*bytes)) return std::nullopt;
  return static_cast<std::int64_t>(*bytes);
}

Words show(Kind, bool field) { return {field ? "true" : "false"}; }

Words show(Kind, double field) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), field).ptr;
  return {std::string(text.data(), end)};
}

Words show(Kind kind, const std::optional<double>& field) {
  return field ? show(kind, *field) : Words();
}

Words show(Kind, const std::string& field) { return field.empty() ? Words() : Words{field}; }

Words show(Kind, const std::vector<std::string>& field) { return field; }

Words show(Kind, std::chrono::nanoseconds field) { return {to_text(field)}; }

Words show_integer(Kind kind, std::int64_t number, bool is_unlimited) {
  if (kind == Kind::attempts && is_unlimited) return {std::string(unlimited_word)};
  return {kind == Kind::amount ? exact_amount(number) : std::to_string(number)};
}

std::string expected_of(Kind kind, const std::vector<std::string_view>& choices, std::int64_t min,
                        std::int64_t max) {
  const std::string range = std::to_string(min) + " to " + std::to_string(max);
  switch (kind) {
    case Kind::flag: return "true or false";
    case Kind::count: return "an integer, " + range;
    case Kind::attempts: return "an integer, " + range + ", or \"unlimited\"";
    case Kind::ratio: return "a number, 0 to 1";
    case Kind::amount: return "an amount such as \"64 MiB\", \"512 KB\" or 65536";
    case Kind::limit: return "an amount such as \"64 MiB\", \"512 KB\" or 65536, or \"auto\"";
    case Kind::time: return "a time such as \"250 ms\" or \"5 s\" (h, min, s, ms, us, ns)";
    case Kind::text: return "a text, in quotes";
    case Kind::path: return "the path of a file, in quotes";
    case Kind::address: return "an address such as \"valkey://127.0.0.1:6379\"";
    case Kind::listen: return "an address and a port such as \"127.0.0.1:9121\"";
    case Kind::texts: return "a list of texts, in [ ]";
    case Kind::choice: break;
  }
  std::string all;
  for (const std::string_view name : choices) {
    if (!all.empty()) all += name == choices.back() ? " or " : ", ";
    all += '"' + std::string(name) + '"';
  }
  return all;
}

}  // namespace plimsoll::inline v0::native::config
