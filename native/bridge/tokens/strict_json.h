#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

// JSON that every parser reads in the same way.

namespace plimsoll::bridge {

/// Parses an object (RFC 8259) in UTF-8. Returns nothing for anything else, and if one object, at
/// any depth, has a name twice: parsers differ in which of the two values they take, so the issuer
/// and the bridge could read different claims.
std::optional<nlohmann::json> parse_json_object(std::string_view text);

}  // namespace plimsoll::bridge
