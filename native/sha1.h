#pragma once

#include <string>
#include <string_view>

namespace plimsoll::native {

/// The SHA-1 of `text` in hexadecimal digits, by which servers know a script.
std::string sha1_hex(std::string_view text);

}  // namespace plimsoll::native
