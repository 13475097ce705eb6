#pragma once

#include <array>
#include <string>
#include <string_view>

namespace plimsoll::inline v0::native {

using Sha1Digest = std::array<unsigned char, 20>;

/// SHA-1, for protocols that require it. Not for secrets.
Sha1Digest sha1(std::string_view text);

/// Returns the SHA-1 of `text` in hexadecimal digits: the name by which servers know a script.
std::string sha1_hex(std::string_view text);

}  // namespace plimsoll::inline v0::native
