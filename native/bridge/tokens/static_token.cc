#include "plimsoll/native/bridge/tokens/static_token.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/bridge/tokens/base64url.h"
#include "plimsoll/native/config/text/plain_name.h"

namespace plimsoll::bridge {
namespace {

constexpr std::size_t fresh_token_bytes = 32;
constexpr std::string_view hash_prefix = "sha256:";
constexpr std::string_view blanks = " \t\r";

// Takes the first word off `line`. Returns an empty word at the end of the line.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<Sha256> parse_hash(std::string_view text) {
  Sha256 hash{};
  if (!text.starts_with(hash_prefix)) return std::nullopt;
  text.remove_prefix(hash_prefix.size());
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const auto high = hex_digit(text[2 * i]);
    const auto low = hex_digit(text[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    hash[i] = static_cast<unsigned char>(*high * 16 + *low);
  }
  return hash;
}

// Reads a line that is not blank into `entry`, or returns what is wrong with it.
std::string read_entry(std::string_view line, std::optional<StaticToken>& entry) {
  const auto hash = parse_hash(take_word(line));
  const std::string_view profile = take_word(line);
  if (!hash) {
    return "does not begin with a hash; expected sha256: and 64 hex digits, a space and a profile";
  }
  if (profile.empty()) return "has no profile after the hash";
  if (!native::config::is_plain_name(profile))
    return "has a profile's name with other characters than letters, digits, - _ and .";
  if (!take_word(line).empty()) return "has unexpected text after the profile";
  entry = StaticToken{*hash, std::string(profile)};
  return {};
}

void add_problem(StaticTokens& all, std::size_t line, std::string text) {
  ++all.problems_count;
  // The file's own problem comes last, and is kept in any case: it is in front of the others.
  if (all.problems.size() >= token_problems_max && line > 0) return;
  if (all.problems.size() >= token_problems_max) all.problems.pop_back();
  all.problems.push_back({.line = line, .text = std::move(text)});
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  Sha256 hash{};
  PLIMSOLL_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return hash;
}

StaticTokens parse_static_tokens(std::string_view text) {
  StaticTokens all;
  std::map<Sha256, std::size_t> line_of;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(blanks) == line.npos) continue;
    std::optional<StaticToken> entry;
    std::string problem = read_entry(line, entry);
    if (entry) {
      entry->line = number;
      const auto [before, is_new] = line_of.try_emplace(entry->hash, number);
      if (is_new) all.tokens.push_back(std::move(*entry));
      if (!is_new) problem = "has the same hash as line " + std::to_string(before->second);
    }
    if (!problem.empty()) add_problem(all, number, std::move(problem));
  }
  if (all.tokens.size() > static_tokens_max) {
    add_problem(all, 0,
                "has " + std::to_string(all.tokens.size()) + " tokens; expected at most " +
                    std::to_string(static_tokens_max));
  }
  return all;
}

std::string static_token_line(const StaticToken& token) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string line(hash_prefix);
  for (const unsigned char byte : token.hash) {
    line += digits[byte >> 4U];
    line += digits[byte & 15U];
  }
  return line + " " + token.profile;
}

FreshToken make_token(std::string profile) {
  std::array<unsigned char, fresh_token_bytes> random{};
  PLIMSOLL_CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  std::string token =
      base64url_encode({reinterpret_cast<const char*>(random.data()), random.size()});
  const Sha256 hash = sha256(token);
  return {.token = std::move(token), .entry = {.hash = hash, .profile = std::move(profile)}};
}

}  // namespace plimsoll::bridge
