#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

// Headers whose values are lists (RFC 9110, sections 5.3 and 5.6.1).

namespace plimsoll::bridge {

/// Takes the first element off a header's list, and returns it without the blanks around it.
inline std::string_view take_element(std::string_view& list, char separator) {
  const std::size_t end = list.find(separator);
  std::string_view one = list.substr(0, end);
  list = end == list.npos ? std::string_view() : list.substr(end + 1);
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!one.empty() && is_blank(one.front())) one.remove_prefix(1);
  while (!one.empty() && is_blank(one.back())) one.remove_suffix(1);
  return one;
}

/// Joins the lines of a header: several lines are one list.
template <class Fields, class Name>
std::string list_of(const Fields& fields, const Name& name) {
  std::string list;
  const auto [begin, end] = fields.equal_range(name);
  for (auto line = begin; line != end; ++line) {
    if (line != begin) list += ',';
    list.append(line->value().data(), line->value().size());
  }
  return list;
}

/// Whether `text` is a token (RFC 9110, section 5.6.2).
inline bool is_header_token(std::string_view text) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const char lower = static_cast<char>(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || marks.find(c) != marks.npos;
  });
}

/// Whether each element of `list` is empty, as RFC 9110 permits, or satisfies `is_good`.
template <class IsGood>
bool has_only(std::string_view list, IsGood&& is_good) {
  while (!list.empty()) {
    const std::string_view one = take_element(list, ',');
    if (!one.empty() && !is_good(one)) return false;
  }
  return true;
}

/// Whether `list` has this element, in upper or lower case.
inline bool has_element(std::string_view list, std::string_view lower_case) {
  const auto is_same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  };
  while (!list.empty()) {
    if (std::ranges::equal(take_element(list, ','), lower_case, is_same)) return true;
  }
  return false;
}

}  // namespace plimsoll::bridge
