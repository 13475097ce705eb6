#include "plimsoll/native/bridge/tokens/tokens.h"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/bridge/tokens/jwt.h"

namespace plimsoll::bridge {
namespace {

constexpr std::size_t id_digits = 16;

// The salt prevents readers of the log from computing the id of a token, or from testing a guessed
// token against an id.
const std::string& salt_of_process() {
  static const std::string salt = [] {
    std::array<unsigned char, 32> random{};
    PLIMSOLL_CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
    return std::string(reinterpret_cast<const char*>(random.data()), random.size());
  }();
  return salt;
}

// `kind` gives different hashes to values that happen to be equal: a token's hash, and a `jti` or
// `sub` of some key.
Sha256 salted(std::string_view kind, std::string_view value) {
  std::string all = salt_of_process();
  all.append(kind).append(1, '\0').append(value);
  return sha256(all);
}

std::string_view bytes_in(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::string id_of(std::string_view kind, std::string_view value) {
  const Sha256 hash = salted(kind, value);
  std::string id;
  for (std::size_t digit = 0; digit < id_digits; ++digit) {
    const unsigned byte = hash[digit / 2];
    id += "0123456789abcdef"[digit % 2 == 0 ? byte >> 4U : byte & 15U];
  }
  return id;
}

std::string id_of(const Sha256& hash) { return id_of("hash", bytes_in(hash)); }

// The last resort is the text without its signature: with ES256 anybody can make a second signature
// of a signed text, with which the holder of one token would count as two.
std::string id_of(const JwtClaims& claims, const JwtKey& key, std::string_view token) {
  const std::string table = std::to_string(key.table);
  if (!claims.id.empty()) return id_of("jti " + table, claims.id);
  if (!claims.subject.empty()) return id_of("sub " + table, claims.subject);
  return id_of("text " + table, token.substr(0, token.rfind('.')));
}

std::uint64_t id_of(const JwtKey& key) {
  const Sha256 fingerprint = key.fingerprint();
  const Sha256 hash = salted("key", bytes_in(fingerprint));
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < sizeof(id); ++i) id = id << 8U | hash[i];
  return id;
}

}  // namespace

Tokens::Tokens(std::span<const Profile> profiles, std::vector<StaticToken> static_tokens,
               std::vector<JwtKey> jwt_keys)
    : profiles_(profiles), jwt_keys_(std::move(jwt_keys)) {
  for (const JwtKey& key : jwt_keys_) key_ids_.push_back(id_of(key));
  entries_.reserve(static_tokens.size());
  for (const StaticToken& token : static_tokens) {
    entries_.push_back({token.hash, find_profile(token.profile), id_of(token.hash)});
  }
}

std::size_t Tokens::find_profile(std::string_view name) const {
  std::size_t at = 0;
  while (at < profiles_.size() && profiles_[at].name != name) ++at;
  return at;
}

// Compares with all entries even after a match, so that the time reveals nothing about any entry.
const Tokens::Entry* Tokens::find_static(const Sha256& hash) const {
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    if (CRYPTO_memcmp(entry.hash.data(), hash.data(), hash.size()) == 0) found = &entry;
  }
  return found;
}

Verified<Authorization> Tokens::authorize(std::size_t profile, std::string id) const {
  if (profile == profiles_.size()) return TokenRefusal::unknown_profile;
  return Authorization{
      .profile = &profiles_[profile], .id = std::move(id), .expires_at = std::nullopt, .key = 0};
}

Verified<Authorization> Tokens::verify(std::string_view token,
                                       std::chrono::system_clock::time_point now) const {
  if (token.size() > token_bytes_max) return TokenRefusal::too_large;
  if (const Entry* const entry = find_static(sha256(token))) {
    return authorize(entry->profile, entry->id);
  }
  if (jwt_keys_.empty() || token.find('.') == token.npos) return TokenRefusal::unknown_token;
  const auto claims = verify_jwt(token, jwt_keys_, now);
  if (!claims) return claims.refusal();
  const std::size_t signer = claims->key_index;
  const auto authorized =
      authorize(find_profile(claims->profile), id_of(*claims, jwt_keys_[signer], token));
  if (!authorized) return authorized;
  Authorization until = *authorized;
  until.expires_at = claims->expires_at;
  until.key = key_ids_[signer];
  return until;
}

bool Tokens::holds(const Authorization& authorization) const {
  if (authorization.expires_at) {
    return std::ranges::find(key_ids_, authorization.key) != key_ids_.end();
  }
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    return entry.id == authorization.id && entry.profile != profiles_.size() &&
           profiles_[entry.profile].name == authorization.profile->name;
  });
}

}  // namespace plimsoll::bridge
