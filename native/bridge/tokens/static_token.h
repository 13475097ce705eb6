#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Tokens that hold until they are taken out of a file. The file has their hashes, so whoever reads
// it cannot use them. They are drawn at random (make_token()), so a plain hash will do.

namespace plimsoll::bridge {

using Sha256 = std::array<unsigned char, 32>;

Sha256 sha256(std::string_view bytes);

/// All of them are compared with each token that comes.
inline constexpr std::size_t static_tokens_max = 10'000;

struct StaticToken {
  Sha256 hash;  ///< of the token's text
  std::string profile;
};

/// What a file of tokens says.
struct StaticTokens {
  std::vector<StaticToken> tokens;
  std::vector<std::string> problems;  ///< "tokens:3: ...", without what is in the line
};

/// Reads lines of "sha256:HEX PROFILE"; # begins a comment. `file` is its name, for the problems.
StaticTokens parse_static_tokens(std::string_view text, std::string_view file);

/// "sha256:HEX PROFILE", as parse_static_tokens() reads it.
std::string static_token_line(const StaticToken& token);

struct FreshToken {
  std::string token;  ///< 32 random bytes in base64url
  StaticToken entry;
};

/// A new token for whom `profile` is meant.
FreshToken make_token(std::string profile);

}  // namespace plimsoll::bridge
