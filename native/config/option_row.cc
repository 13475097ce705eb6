#include "plimsoll/native/config/option_row.h"

namespace plimsoll::inline v0::native::config {
namespace {

// Formats a basic string of TOML.
std::string in_quotes(std::string_view word) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text = "\"";
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') text += '\\';
    if (byte >= 0x20 && byte != 0x7F) {
      text += c;
    } else {
      text += std::string("\\u00") + digits[byte >> 4] + digits[byte & 15];
    }
  }
  return text + '"';
}

bool is_bare(Kind kind, std::string_view word) {
  switch (kind) {
    case Kind::flag:
    case Kind::count:
    case Kind::ratio: return true;
    case Kind::attempts: return word != "unlimited";
    case Kind::amount:
    case Kind::limit:
    case Kind::time:
    case Kind::choice:
    case Kind::text:
    case Kind::path:
    case Kind::address:
    case Kind::listen:
    case Kind::texts: return false;
  }
  return false;
}

// Replaces everything in a URL that could be a user and a password.
std::string without_credentials(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t end = url.rfind('@');
  if (end == url.npos) return url;
  return (scheme == url.npos ? "" : url.substr(0, scheme + 3)) + "(set)" + url.substr(end);
}

}  // namespace

std::string environment_name(const OptionRow& row) {
  std::string name = "PLIMSOLL_";
  for (const char c : row.key) {
    if (c == '.') {
      name += "__";
    } else {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return name;
}

std::string_view section_of(const OptionRow& row) {
  const std::size_t dot = row.key.rfind('.');
  return dot == row.key.npos ? std::string_view() : row.key.substr(0, dot);
}

std::string_view name_of(const OptionRow& row) {
  const std::size_t dot = row.key.rfind('.');
  return dot == row.key.npos ? row.key : row.key.substr(dot + 1);
}

bool is_changed(const Configuration& configuration, const OptionRow& row) {
  static const Configuration& defaults = *new Configuration;
  return row.access.get(configuration) != row.access.get(defaults);
}

std::string shown(const Configuration& configuration, const OptionRow& row) {
  const Words words = row.access.get(configuration);
  const Kind kind = row.access.kind;
  if (kind == Kind::texts) {
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "" : ", ") + in_quotes(word);
    return "[" + all + "]";
  }
  if (words.empty()) return {};
  if (row.secret) return "(set)";
  if (is_bare(kind, words.front())) return words.front();
  return in_quotes(kind == Kind::address ? without_credentials(words.front()) : words.front());
}

}  // namespace plimsoll::inline v0::native::config
