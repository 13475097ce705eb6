#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Tokens that are valid as long as their hashes are in a file. A reader of the file cannot connect
// with a hash. A plain hash without salt and stretching suffices, because tokens are random
// (make_token()).

namespace plimsoll::bridge {

using Sha256 = std::array<unsigned char, 32>;

Sha256 sha256(std::string_view bytes);

/// Each token that a client sends is compared with all of them.
inline constexpr std::size_t static_tokens_max = 10'000;

/// More problems are only counted: every line of a file may have one.
inline constexpr std::size_t token_problems_max = 100;

struct StaticToken {
  Sha256 hash;  ///< of the token's text
  std::string profile;
  std::size_t line = 0;  ///< of the file
};

struct TokenProblem {
  std::size_t line = 0;  ///< 0: the whole file
  std::string text;      ///< never quotes the line
};

/// What a file of tokens says.
struct StaticTokens {
  std::vector<StaticToken> tokens;
  std::vector<TokenProblem> problems;  ///< at most token_problems_max
  std::size_t problems_count = 0;      ///< of those, too, that are not in `problems`
};

/// Reads lines of "sha256:HEX PROFILE"; # begins a comment.
StaticTokens parse_static_tokens(std::string_view text);

/// "sha256:HEX PROFILE", as parse_static_tokens() reads it.
std::string static_token_line(const StaticToken& token);

struct FreshToken {
  std::string token;  ///< 32 random bytes in base64url
  StaticToken entry;
};

/// A new random token for `profile`.
FreshToken make_token(std::string profile);

}  // namespace plimsoll::bridge
