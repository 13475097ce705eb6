#pragma once

#include <string_view>

namespace plimsoll::bridge {

/// The Content-Type for a file's name, by its extension. application/octet-stream if it is unknown.
std::string_view content_type_of(std::string_view file_name);

}  // namespace plimsoll::bridge
