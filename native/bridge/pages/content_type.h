#pragma once

#include <string_view>

namespace plimsoll::bridge {

/// What Content-Type says of a file of this name, by what is behind its last dot:
/// application/octet-stream where that is not known.
std::string_view content_type_of(std::string_view file_name);

}  // namespace plimsoll::bridge
