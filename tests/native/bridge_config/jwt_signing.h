#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/native/bridge/tokens/jwt_key.h"

// What issues the tokens that tests verify.

namespace plimsoll::testing {

/// 2001-09-09T01:46:40Z: when tests are.
inline constexpr int test_now = 1'000'000'000;

inline constexpr std::string_view test_secret = "a secret that has more than thirty-two bytes";

/// "HEADER.PAYLOAD" of two texts.
std::string signing_input(std::string_view header, std::string_view payload);

/// What signing_input() returned, with a signature of HS256 behind it.
std::string add_signature(std::string token, std::string_view secret = test_secret);

/// A token under HS256.
std::string sign_hs256(std::string_view header, std::string_view payload,
                       std::string_view secret = test_secret);

/// A token under HS256 with the usual header.
std::string sign_claims(std::string_view payload);

/// A private key, drawn at random, and its public half.
class KeyPair {
 public:
  static KeyPair ed25519();
  static KeyPair rsa(unsigned bits = 2048);
  static KeyPair ec(const char* curve = "P-256");

  std::string public_pem() const;
  std::string private_pem() const;

  /// The public half as a JWK, with these members before its own: "\"kid\":\"a\",".
  std::string jwk(std::string_view members = "") const;

  /// A token under RS256, ES256 or EdDSA, after the kind of the key, whatever the header says.
  std::string sign(std::string_view header, std::string_view payload) const;

 private:
  explicit KeyPair(evp_pkey_st* key);
  std::string signature_of(std::string_view message) const;

  std::shared_ptr<evp_pkey_st> key_;
};

/// A set of these JWKs.
std::string jwk_set(std::initializer_list<std::string> keys);

/// The same token of ES256 with S taken from the order of P-256: another signature that is as good,
/// which anybody can make.
std::string with_other_signature(std::string_view token);

/// The key of `secret`.
bridge::JwtKey hs256_key(std::string_view secret = test_secret);

}  // namespace plimsoll::testing
