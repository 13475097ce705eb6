#include "plimsoll/core/base/units.h"

#include <algorithm>
#include <charconv>

namespace plimsoll::inline v0 {
namespace {

struct Unit {
  std::string_view name;  // lower case
  std::uint64_t bytes;
};

constexpr std::uint64_t kib = 1024;
constexpr Unit units[] = {
    {"", 1},
    {"b", 1},
    {"kb", 1000},
    {"kib", kib},
    {"mb", 1000'000},
    {"mib", kib* kib},
    {"gb", 1000'000'000},
    {"gib", kib* kib* kib},
    {"tb", 1000'000'000'000},
    {"tib", kib* kib* kib* kib},
};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_folded(std::string_view text, std::string_view lower_name) {
  return std::equal(text.begin(), text.end(), lower_name.begin(), lower_name.end(),
                    [](char a, char b) { return lower(a) == b; });
}

Error bad(const char* what, std::size_t offset) {
  return Error{.code = ErrorCode::invalid_option,
               .what = what,
               .expected = "an amount such as \"64 MiB\", \"512 KB\" or 65536",
               .offset = offset};
}

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [digits_end, problem] = std::from_chars(text.data(), end, number);
  if (problem == std::errc::result_out_of_range) return bad("amount does not fit 64 bits", 0);
  if (problem != std::errc{}) return bad("amount does not begin with digits", 0);

  const auto digits = static_cast<std::size_t>(digits_end - text.data());
  std::size_t at = digits;
  while (at < text.size() && text[at] == ' ') ++at;
  for (const Unit& unit : units) {
    if (!equals_folded(text.substr(at), unit.name)) continue;
    if (number > UINT64_MAX / unit.bytes) return bad("amount does not fit 64 bits", 0);
    return number * unit.bytes;
  }
  return bad("unknown unit", at);
}

}  // namespace plimsoll::inline v0
