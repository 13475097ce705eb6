#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/native/bridge/tokens/grant.h"
#include "plimsoll/native/bridge/tokens/jwt_key.h"
#include "plimsoll/native/bridge/tokens/static_token.h"
#include "plimsoll/native/bridge/tokens/token_refusal.h"

// Who may connect: what a token stands for. Immutable, so that any thread may ask.

namespace plimsoll::bridge {

class Tokens {
 public:
  /// `profiles` must outlive this and each Grant. No two of them may have the same name.
  Tokens(std::span<const Profile> profiles, std::vector<StaticToken> static_tokens,
         std::vector<JwtKey> jwt_keys);

  /// What `token` stands for at `now`. A static token is looked for first, among all of them in
  /// constant time; what is none, and has a dot, is taken for a JWT.
  ///
  /// Grant::id is the same for the same token for as long as the process runs: of a JWT, for the
  /// same key by its place and `jti`, or `sub` where it has no `jti`, or the token where it has
  /// neither.
  Verified<Grant> verify(std::string_view token, std::chrono::system_clock::time_point now) const;

  /// Whether `grant`, which other Tokens gave, would be given here, too: of a static token. A JWT
  /// holds until it expires, whatever became of its key.
  bool holds(const Grant& grant) const;

 private:
  // Where a static token's profile stands in profiles_; that of one that is not there is past it.
  struct Entry {
    Sha256 hash;
    std::size_t profile;
    std::string id;
  };

  std::size_t find_profile(std::string_view name) const;
  const Entry* find_static(const Sha256& hash) const;
  Verified<Grant> grant(std::size_t profile, std::string id) const;

  const std::span<const Profile> profiles_;
  std::vector<Entry> entries_;
  const std::vector<JwtKey> jwt_keys_;
};

}  // namespace plimsoll::bridge
