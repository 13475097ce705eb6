#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/native/bridge/tokens/jwt_key.h"
#include "plimsoll/native/bridge/tokens/token_refusal.h"

// Signed JSON Web Tokens (RFC 7519) in compact form (RFC 7515), only what the bridge needs: HS256,
// RS256 and ES256 (RFC 7518), or EdDSA with Ed25519 (RFC 8037). The payload is parsed only after
// the signature was verified; before that only the header is read, for `alg` and `kid`.

namespace plimsoll::bridge {

/// Longer tokens are refused unread, JWT or not.
inline constexpr std::size_t token_bytes_max = 4096;

/// A token that fits more keys is refused before any signature is verified, because clients that
/// nobody knows yet could make the bridge verify them all.
inline constexpr std::size_t signatures_tried_max = 32;

/// How far the issuer's clock and this machine's may differ (RFC 7519, 4.1.4).
inline constexpr std::chrono::seconds clock_leeway{30};

/// What a valid token says.
struct JwtClaims {
  std::size_t key_index = 0;  ///< which key signed the token
  std::string profile;        ///< empty: the token names none
  std::string subject;        ///< `sub`; may be empty
  std::string id;             ///< `jti`; may be empty
  /// `exp` plus the leeway: verify_jwt() accepts the token until then.
  std::chrono::system_clock::time_point expires_at;
};

/// Verifies `token` with the keys of its `alg` that have its `kid`. If no key at all has that
/// `kid`, the keys without one are tried; a token without `kid` is tried with all keys of its
/// `alg`. `typ` must be absent or a JWT's: JWT or at+jwt. A token with `crit` (RFC 7515, 4.1.11),
/// or with a name twice in one object of its JSON, is malformed.
///
/// `exp` is required; `nbf` and `iat` must not lie in the future. `aud` must contain the key's
/// audience, and must be absent if the key has none. `iss` must be the key's issuer if it has one.
Verified<JwtClaims> verify_jwt(std::string_view token, std::span<const JwtKey> keys,
                               std::chrono::system_clock::time_point now);

}  // namespace plimsoll::bridge
