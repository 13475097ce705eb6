#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/native/bridge/tokens/jwt_key.h"
#include "plimsoll/result.h"

// JWK Sets (RFC 7517, section 5): the public keys of an issuer, as it publishes them.

namespace plimsoll::bridge {

/// The most bytes that the file of a set may have.
inline constexpr std::size_t jwk_set_bytes_max = 256 * 1024;

/// The most keys that a set may have, used or not.
inline constexpr std::size_t jwk_set_keys_max = 64;

/// A key with a longer `kid` is left out: no token within token_bytes_max should need it.
inline constexpr std::size_t kid_bytes_max = 256;

struct JwkSet {
  std::vector<JwtKey> keys;
  /// A sentence for each key that the bridge does not use.
  std::vector<std::string> left_out;
};

/// Reads a set. As RFC 7517, section 5, asks, keys that the bridge cannot use are left out: of
/// another kind (`kty`, `crv`) or algorithm than RS256, ES256 and EdDSA with Ed25519, of another
/// `use` than "sig", with `key_ops` without "verify", without a member that they need, or with a
/// value out of its range. Members that the bridge does not know are ignored.
///
/// invalid_option: no set; a set without a key that can be used; two keys that can be used with the
/// same `kid`; a private or symmetric key, even among others, because such a key should not be in a
/// file of public keys. Neither the errors nor the sentences quote a key.
native::Result<JwkSet> parse_jwk_set(std::string_view text);

}  // namespace plimsoll::bridge
