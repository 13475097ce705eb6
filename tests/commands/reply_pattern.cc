#include "plimsoll/tests/commands/reply_pattern.h"

#include <algorithm>
#include <vector>

#include "plimsoll/reply.h"

namespace plimsoll::testing {
namespace {

std::string joined(std::vector<std::string> parts, Order order, char open, char close) {
  if (order == Order::sorted) std::sort(parts.begin(), parts.end());
  std::string text(1, open);
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : ", ") + parts[i];
  return text + close;
}

}  // namespace

std::string shown(const Value& value, Order order) {
  std::vector<std::string> parts;
  switch (value.type()) {
    case Type::map:
      for (const Entry& entry : *value.as_entries()) {
        parts.push_back(shown(entry.key) + ": " + shown(entry.value));
      }
      return joined(std::move(parts), Order::sorted, '{', '}');
    case Type::set:
      for (const Value& element : *value.as_elements()) parts.push_back(shown(element));
      return joined(std::move(parts), Order::sorted, '{', '}');
    case Type::array:
      for (const Value& element : *value.as_elements()) parts.push_back(shown(element));
      return joined(std::move(parts), order, '[', ']');
    default: return native::to_string(value);
  }
}

bool matches(std::string_view text, std::string_view pattern) {
  constexpr std::string_view anything = "…";
  std::size_t gap = pattern.find(anything);
  if (gap == std::string_view::npos) return text == pattern;
  if (!text.starts_with(pattern.substr(0, gap))) return false;
  text.remove_prefix(gap);
  pattern.remove_prefix(gap + anything.size());
  while ((gap = pattern.find(anything)) != std::string_view::npos) {
    const std::string_view part = pattern.substr(0, gap);
    const std::size_t at = text.find(part);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + part.size());
    pattern.remove_prefix(gap + anything.size());
  }
  return text.ends_with(pattern);
}

}  // namespace plimsoll::testing
