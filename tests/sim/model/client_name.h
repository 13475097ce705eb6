#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace plimsoll::sim::model {

/// Names of clients and of client libraries are of printable ASCII without blanks, or empty. The
/// server looks no further than a zero byte.
inline bool is_valid_client_name(std::string_view name) {
  name = name.substr(0, name.find('\0'));
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

inline std::string invalid_client_name_text(std::string_view what) {
  return std::string(what) + " cannot contain spaces, newlines or special characters.";
}

}  // namespace plimsoll::sim::model
