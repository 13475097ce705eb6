#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/result.h"

// What the signatures of JSON Web Tokens are verified with. A key knows its one algorithm, and a
// token has no say in it.

struct evp_pkey_st;

namespace plimsoll::bridge {

enum class JwtAlgorithm : std::uint8_t { hs256, eddsa };

/// As a header's `alg` spells it.
std::string_view name(JwtAlgorithm algorithm);

/// What is hashed with HS256 must have as many bytes as the hash (RFC 7518, section 3.2).
inline constexpr std::size_t jwt_secret_bytes_min = 32;

/// May be copied: copies share the key.
class JwtKey {
 public:
  /// HS256. invalid_option: it is too short.
  static native::Result<JwtKey> from_secret(std::string secret);

  /// EdDSA: an Ed25519 key as `openssl pkey -pubout` writes it. invalid_option: it is something
  /// else, such as the private key, which has no business here.
  static native::Result<JwtKey> from_public_key(std::string_view pem);

  std::string kid;       ///< its name in headers; empty: it has none
  std::string audience;  ///< one that a token is for; empty: it must be for nobody in particular
  std::string issuer;    ///< who a token is from; empty: whoever has the key

  JwtAlgorithm algorithm() const { return algorithm_; }

  /// Whether `signature` is this key's of `message`. Takes as long wherever they differ.
  bool signed_this(std::string_view message, std::string_view signature) const;

  /// No key at all, for Result's sake: has signed nothing.
  JwtKey() = default;

 private:
  JwtAlgorithm algorithm_ = JwtAlgorithm::hs256;
  std::string secret_;                       // hs256
  std::shared_ptr<evp_pkey_st> public_key_;  // eddsa
};

}  // namespace plimsoll::bridge
