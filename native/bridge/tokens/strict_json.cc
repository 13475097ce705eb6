#include "plimsoll/native/bridge/tokens/strict_json.h"

#include <set>
#include <string>
#include <vector>

namespace plimsoll::bridge {

std::optional<nlohmann::json> parse_json_object(std::string_view text) {
  using Event = nlohmann::json::parse_event_t;
  std::vector<std::set<std::string>> open_objects;  // the names in each
  bool twice = false;
  const auto watch = [&](int, Event event, const nlohmann::json& parsed) {
    if (event == Event::object_start) open_objects.emplace_back();
    if (event == Event::object_end) open_objects.pop_back();
    if (event == Event::key) {
      twice |= !open_objects.back().insert(parsed.get_ref<const std::string&>()).second;
    }
    return true;
  };
  // The parser skips a byte order mark, which is not part of JSON.
  if (text.starts_with("\xef\xbb\xbf")) return std::nullopt;
  nlohmann::json json = nlohmann::json::parse(text, watch, /*allow_exceptions=*/false);
  if (twice || !json.is_object()) return std::nullopt;
  return json;
}

}  // namespace plimsoll::bridge
