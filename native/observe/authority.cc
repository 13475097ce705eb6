#include "plimsoll/native/observe/authority.h"

#include <algorithm>
#include <cstddef>

#include <boost/beast/http/field.hpp>

namespace plimsoll::inline v0::native {
namespace {

namespace http = boost::beast::http;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hexadecimal(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return is_digit(c) || (lower >= 'a' && lower <= 'f');
}

bool is_of_host_name(char c) {
  constexpr std::string_view marks = "-._~!$&'()*+,;=%";
  const char lower = static_cast<char>(c | 0x20);
  return is_digit(c) || (lower >= 'a' && lower <= 'z') || marks.find(c) != marks.npos;
}

}  // namespace

bool is_authority(std::string_view text) {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == text.npos) return false;
    const std::string_view address = text.substr(1, end - 1);
    const auto may_be_in_it = [](char c) { return is_hexadecimal(c) || c == ':' || c == '.'; };
    if (address.empty() || !std::ranges::all_of(address, may_be_in_it)) return false;
    end += 1;
  } else {
    end = std::min(text.find(':'), text.size());
    if (!std::ranges::all_of(text.substr(0, end), is_of_host_name)) return false;
  }
  if (end == text.size()) return true;
  return text[end] == ':' && std::ranges::all_of(text.substr(end + 1), is_digit);
}

std::string to_lower(std::string_view word) {
  std::string lower(word);
  std::ranges::transform(lower, lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  return lower;
}

std::optional<std::string> authority_of(const http::request<http::empty_body>& request) {
  if (request.count(http::field::host) != 1) return std::nullopt;
  const auto field = request[http::field::host];
  const std::string_view authority(field.data(), field.size());
  if (!is_authority(authority)) return std::nullopt;
  return to_lower(authority);
}

std::string host_of(std::string_view authority) {
  const std::size_t end = authority.starts_with('[') ? authority.find(']') : authority.npos;
  return std::string(authority.substr(0, authority.find(':', end == authority.npos ? 0 : end)));
}

bool is_own_host(std::string_view host, const std::vector<std::string>& allowed) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]" ||
         std::ranges::find(allowed, host) != allowed.end();
}

}  // namespace plimsoll::inline v0::native
