#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/native/bridge/tokens/jwt_key.h"
#include "plimsoll/native/bridge/tokens/token_refusal.h"

// JSON Web Tokens (RFC 7519) in the compact form of a signed one (RFC 7515), no more of it than the
// bridge's tokens need: HS256, or EdDSA with Ed25519 (RFC 8037). What a token says is looked at
// after its signature was found good; before that only its header is read, for `alg` and `kid`.

namespace plimsoll::bridge {

/// Longer tokens are not looked at, of whichever kind.
inline constexpr std::size_t token_bytes_max = 4096;

/// How far the clocks of who issued a token and of this machine may differ (RFC 7519, 4.1.4).
inline constexpr std::chrono::seconds clock_leeway{30};

/// What a good token says.
struct JwtClaims {
  std::size_t key_index = 0;  ///< of the key that it was signed with
  std::string profile;        ///< empty: it names none
  std::string subject;        ///< `sub`; may be empty
  std::string id;             ///< `jti`; may be empty
  /// `exp` and the leeway: until then verify_jwt() takes the token.
  std::chrono::system_clock::time_point expires_at;
};

/// Verifies `token` with the one of `keys` that its `kid` names. A `kid` that no key has is looked
/// for among the keys without one; a token without `kid` is tried with all keys. `alg` has to be
/// the key's own, `typ` JWT or absent; a token with `crit` (4.1.11 of RFC 7515), or a name twice in
/// an object of its JSON, is malformed.
///
/// `exp` is required; `nbf` and `iat` must not lie ahead. `aud` must have the key's audience, and
/// be absent if the key has none; `iss` must be the key's issuer if it has one.
Verified<JwtClaims> verify_jwt(std::string_view token, std::span<const JwtKey> keys,
                               std::chrono::system_clock::time_point now);

}  // namespace plimsoll::bridge
