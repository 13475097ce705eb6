#pragma once

#include <array>
#include <string>
#include <string_view>

namespace plimsoll::native {

using Sha1Digest = std::array<unsigned char, 20>;

/// Not for secrets: for what a protocol wants it for.
Sha1Digest sha1(std::string_view text);

/// The SHA-1 of `text` in hexadecimal digits, by which servers know a script.
std::string sha1_hex(std::string_view text);

}  // namespace plimsoll::native
