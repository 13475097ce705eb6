#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/native/bridge/tokens/authorization.h"
#include "plimsoll/native/bridge/tokens/jwt_key.h"
#include "plimsoll/native/bridge/tokens/static_token.h"
#include "plimsoll/native/bridge/tokens/token_refusal.h"

// Knows which tokens are valid, and what the holder of each may do. Thread-safe: it never changes.

namespace plimsoll::bridge {

class Tokens {
 public:
  /// `profiles` must outlive this object and each Authorization. Their names must differ.
  Tokens(std::span<const Profile> profiles, std::vector<StaticToken> static_tokens,
         std::vector<JwtKey> jwt_keys);

  /// What the holder of `token` may do at `now`. Looks among the static tokens first, in constant
  /// time. A token that is none of them and has a dot is verified as a JWT.
  ///
  /// Authorization::id stays the same for one token as long as the process runs. The id of a JWT
  /// depends on the table of its key, and on `jti`; without `jti` on `sub`, and without both on the
  /// token's text. So an issuer's new key does not make another token of the same `jti`.
  Verified<Authorization> verify(std::string_view token,
                                 std::chrono::system_clock::time_point now) const;

  /// Whether `authorization`, which another Tokens object may have given, is still valid. A static
  /// token must still be in the file. Of a JWT the key must still be there, with the same audience
  /// and issuer, whatever its `kid` is now.
  bool holds(const Authorization& authorization) const;

 private:
  // `profile` is an index into profiles_; past the end if there is no such profile.
  struct Entry {
    Sha256 hash;
    std::size_t profile;
    std::string id;
  };

  std::size_t find_profile(std::string_view name) const;
  const Entry* find_static(const Sha256& hash) const;
  Verified<Authorization> authorize(std::size_t profile, std::string id) const;

  const std::span<const Profile> profiles_;
  std::vector<Entry> entries_;
  std::vector<JwtKey> jwt_keys_;
  std::vector<std::uint64_t> key_ids_;  // of jwt_keys_, as Authorization::key has them
};

}  // namespace plimsoll::bridge
