#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/result.h"

// A key that verifies signatures of JSON Web Tokens. Each key has one algorithm, and a token cannot
// choose another. Otherwise an attacker could sign with a public key as the secret of HS256.

struct evp_pkey_st;

namespace plimsoll::bridge {

enum class JwtAlgorithm : std::uint8_t { hs256, eddsa };

/// The algorithm's name in a header's `alg`.
std::string_view name(JwtAlgorithm algorithm);

/// A key of HS256 must be at least as long as the hash (RFC 7518, section 3.2).
inline constexpr std::size_t jwt_secret_bytes_min = 32;

/// A value; copies share the OpenSSL key.
class JwtKey {
 public:
  /// A key of HS256. invalid_option: the secret is too short.
  static native::Result<JwtKey> from_secret(std::string secret);

  /// A key of EdDSA: an Ed25519 public key as `openssl pkey -pubout` writes it. invalid_option:
  /// `pem` is something else, such as a private key, which should not be on the bridge's machine.
  static native::Result<JwtKey> from_public_key(std::string_view pem);

  std::string kid;       ///< the key's name in headers; empty: none
  std::string audience;  ///< what `aud` must contain; empty: tokens must have no `aud`
  std::string issuer;    ///< what `iss` must be; empty: anything

  JwtAlgorithm algorithm() const { return algorithm_; }

  /// Whether `signature` is this key's signature of `message`. For HS256 the comparison takes the
  /// same time wherever the two differ, so that a client cannot guess a signature byte by byte.
  bool signed_this(std::string_view message, std::string_view signature) const;

  /// An empty key, as Result needs a default: signed_this() is always false.
  JwtKey() = default;

 private:
  JwtAlgorithm algorithm_ = JwtAlgorithm::hs256;
  std::string secret_;                       // hs256
  std::shared_ptr<evp_pkey_st> public_key_;  // eddsa
};

}  // namespace plimsoll::bridge
