#pragma once

#include <optional>
#include <string>
#include <string_view>

// base64url without padding (RFC 4648, section 5; RFC 7515, appendix C). Strict: each sequence of
// bytes has exactly one text, so a token cannot be spelled in two ways.

namespace plimsoll::bridge {

std::string base64url_encode(std::string_view bytes);

/// Returns nothing for a text that base64url_encode() would not write: with padding, white space,
/// letters of the other alphabet, a lone last letter, or bits behind the last byte.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace plimsoll::bridge
