#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/native/bridge/tokens/static_token.h"
#include "plimsoll/result.h"

// A key that verifies signatures of JSON Web Tokens. Each key has one algorithm, and a token cannot
// choose another. Otherwise an attacker could sign with a public key as the secret of HS256.

struct evp_pkey_st;

namespace plimsoll::bridge {

enum class JwtAlgorithm : std::uint8_t { hs256, rs256, es256, eddsa };

/// The algorithm's name in a header's `alg`.
std::string_view name(JwtAlgorithm algorithm);

/// The algorithm of that name; nothing if the bridge has none.
std::optional<JwtAlgorithm> parse_jwt_algorithm(std::string_view text);

/// A key of HS256 must be at least as long as the hash (RFC 7518, section 3.2).
inline constexpr std::size_t jwt_secret_bytes_min = 32;

/// RFC 7518, section 3.3, has the lower bound. A signature of a key at the upper bound
/// takes at least sixteen times as long to verify as one of a key at the lower bound.
inline constexpr int rsa_bits_min = 2048;
inline constexpr int rsa_bits_max = 8192;
/// OpenSSL's own bound for a modulus above 3072 bits.
inline constexpr int rsa_exponent_bits_max = 64;

/// A value; copies share the OpenSSL key.
class JwtKey {
 public:
  /// A key of HS256. invalid_option: the secret is too short.
  static native::Result<JwtKey> from_secret(std::string secret);

  /// A key of another algorithm than HS256, as `openssl pkey -pubout` writes it
  /// (SubjectPublicKeyInfo, PEM). invalid_option: `pem` is something else, such as a key of another
  /// kind or size, or a private key, which should not be on the bridge's machine.
  static native::Result<JwtKey> from_public_key(JwtAlgorithm algorithm, std::string_view pem);

  /// The same from the numbers of a JWK, as bytes: a key of RS256 (RFC 7518, section 6.3.1), of
  /// ES256 (section 6.2.1), of EdDSA with Ed25519 (RFC 8037, section 2).
  static native::Result<JwtKey> from_rsa(std::string_view modulus, std::string_view exponent);
  static native::Result<JwtKey> from_p256(std::string_view x, std::string_view y);
  static native::Result<JwtKey> from_ed25519(std::string_view x);

  std::string kid;        ///< the key's name in headers; empty: none
  std::string audience;   ///< what `aud` must contain; empty: tokens must have no `aud`
  std::string issuer;     ///< what `iss` must be; empty: anything
  std::size_t table = 0;  ///< which of [[jwt_keys]] has it; the keys of one table have one issuer

  JwtAlgorithm algorithm() const { return algorithm_; }

  /// Whether `signature` is this key's signature of `message`.
  bool signed_this(std::string_view message, std::string_view signature) const;

  /// Two keys with the same fingerprint trust the same issuer with the same tokens. Covers
  /// everything but the kid and the table, the secret as well, so it is never shown.
  Sha256 fingerprint() const;

  /// An empty key, as Result needs a default: signed_this() is always false.
  JwtKey() = default;

 private:
  using PublicKey = std::shared_ptr<evp_pkey_st>;

  static native::Result<JwtKey> from_key(JwtAlgorithm algorithm, PublicKey public_key);

  JwtAlgorithm algorithm_ = JwtAlgorithm::hs256;
  std::string secret_;    // hs256
  PublicKey public_key_;  // the others
};

}  // namespace plimsoll::bridge
