#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

// JSON out of which everybody reads the same.

namespace plimsoll::bridge {

/// An object (RFC 8259) in UTF-8. Nothing for anything else, and where one object, at any depth,
/// has a name twice: parsers differ in which of the two they believe.
std::optional<nlohmann::json> parse_json_object(std::string_view text);

}  // namespace plimsoll::bridge
