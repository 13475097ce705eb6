#pragma once

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

/// A pair of Ed25519 keys, drawn at random.
class Ed25519Pair {
 public:
  Ed25519Pair();
  std::string public_pem() const;
  std::string private_pem() const;
  std::string sign(std::string_view header, std::string_view payload) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

/// The key of `secret`.
bridge::JwtKey hs256_key(std::string_view secret = test_secret);

}  // namespace plimsoll::testing
