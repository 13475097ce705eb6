#pragma once

#include <optional>
#include <string>
#include <string_view>

// base64url without padding (RFC 4648, section 5; RFC 7515, appendix C), strictly: one text for
// each sequence of bytes, so that nobody has two spellings of one token.

namespace plimsoll::bridge {

std::string base64url_encode(std::string_view bytes);

/// Nothing for a text that base64url_encode() does not write: padding, white space, the letters of
/// the other alphabet, a lone last letter, or bits behind the last byte.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace plimsoll::bridge
