#pragma once

#include <cstddef>
#include <string_view>

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

}  // namespace plimsoll::bridge
