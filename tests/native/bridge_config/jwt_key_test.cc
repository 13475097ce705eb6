#include "plimsoll/native/bridge/tokens/jwt_key.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

// What is a key, and what is refused as one.

namespace plimsoll::testing::jwt_key_test {
namespace {

using bridge::JwtAlgorithm;
using bridge::JwtKey;

constexpr std::string_view exponent("\1\0\1", 3);

std::string problem_of(const native::Result<JwtKey>& key) {
  REQUIRE_FALSE(key);
  return std::string(key.error().text());
}

std::string problem_of_pem(JwtAlgorithm algorithm, std::string_view pem) {
  return problem_of(JwtKey::from_public_key(algorithm, pem));
}

// An odd number of so many bits. It need not be a product of two primes.
std::string modulus(int bits) {
  std::string bytes(static_cast<std::size_t>((bits + 7) / 8), '\x5b');
  bytes[0] = static_cast<char>(bits % 8 == 0 ? 0x80 : 1 << (bits % 8 - 1));
  return bytes;
}

TEST_CASE("an algorithm is found by its exact name") {
  CHECK(bridge::parse_jwt_algorithm("HS256") == JwtAlgorithm::hs256);
  CHECK(bridge::parse_jwt_algorithm("RS256") == JwtAlgorithm::rs256);
  CHECK(bridge::parse_jwt_algorithm("ES256") == JwtAlgorithm::es256);
  CHECK(bridge::parse_jwt_algorithm("EdDSA") == JwtAlgorithm::eddsa);
  for (const auto* other : {"", "none", "rs256", "RS384", "PS256", "ES512", "EDDSA", "Ed25519"}) {
    CHECK_FALSE(bridge::parse_jwt_algorithm(other));
  }
}

TEST_CASE("a secret of 31 bytes is too short, one of 32 is not") {
  CHECK(problem_of(JwtKey::from_secret(std::string(31, 'x'))) ==
        "secret has 31 bytes; HS256 needs 32 or more");
  CHECK(JwtKey::from_secret(std::string(32, 'x')));
}

TEST_CASE("an RSA key has 2048 to 8192 bits") {
  CHECK(JwtKey::from_rsa(modulus(2048), exponent));
  CHECK(JwtKey::from_rsa(modulus(8192), exponent));
  CHECK(JwtKey::from_rsa('\0' + modulus(8192), exponent));
  CHECK(problem_of(JwtKey::from_rsa(modulus(2047), exponent)) ==
        "an RSA key of 2047 bits; expected 2048 to 8192");
  CHECK(problem_of(JwtKey::from_rsa(modulus(8193), exponent)) ==
        "an RSA key of 8193 bits; expected 2048 to 8192");
  CHECK(problem_of(JwtKey::from_rsa(modulus(16384), exponent)) ==
        "n or e has more than 1025 bytes");
  CHECK(problem_of_pem(JwtAlgorithm::rs256, KeyPair::rsa(1024).public_pem()) ==
        "an RSA key of 1024 bits; expected 2048 to 8192");
}

TEST_CASE("an RSA key's exponent is odd, not 1, and has at most 64 bits") {
  CHECK(JwtKey::from_rsa(modulus(2048), "\3"));
  CHECK(JwtKey::from_rsa(modulus(2048), std::string(8, '\xff')));
  for (const std::string& bad : {std::string("\1"), std::string("\2"), std::string("\1\0", 2),
                                 "\1" + std::string(8, '\xff'), std::string(1000, '\xff')}) {
    CHECK(problem_of(JwtKey::from_rsa(modulus(2048), bad)) ==
          "an RSA key whose exponent is even, 1, or has more than 64 bits");
  }
  std::string even = modulus(2048);
  even.back() = '\x5a';
  CHECK(problem_of(JwtKey::from_rsa(even, exponent)) == "an RSA key whose modulus is even");
}

TEST_CASE("numbers of RSA that are zero, or nothing, are no key") {
  const std::string zeros(256, '\0');
  for (const std::string& nothing : {std::string(), std::string(1, '\0'), zeros}) {
    CHECK_FALSE(JwtKey::from_rsa(nothing, exponent));
    CHECK_FALSE(JwtKey::from_rsa(modulus(2048), nothing));
    CHECK_FALSE(JwtKey::from_rsa(nothing, nothing));
  }
}

TEST_CASE("a point of P-256 has two numbers of 32 bytes, and lies on the curve") {
  const std::string number(32, '\1');
  CHECK(problem_of(JwtKey::from_p256(number, number)) == "not a public key of P-256");
  CHECK(problem_of(JwtKey::from_p256(std::string(32, '\0'), std::string(32, '\0'))) ==
        "not a public key of P-256");
  CHECK(problem_of(JwtKey::from_p256(std::string(32, '\xff'), number)) ==
        "not a public key of P-256");
  for (const std::string& other : {number.substr(1), number + '\1', std::string()}) {
    CHECK(problem_of(JwtKey::from_p256(other, number)) == "x and y do not have 32 bytes each");
    CHECK(problem_of(JwtKey::from_p256(number, other)) == "x and y do not have 32 bytes each");
  }
}

TEST_CASE("the point at infinity is no key of ES256") {
  CHECK(problem_of_pem(JwtAlgorithm::es256,
                       "-----BEGIN PUBLIC KEY-----\n"
                       "MBkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDAgAA\n"
                       "-----END PUBLIC KEY-----\n") == "not a point of P-256");
}

TEST_CASE("a point of Ed25519 has 32 bytes") {
  CHECK(problem_of(JwtKey::from_ed25519(std::string(31, '\1'))) == "x does not have 32 bytes");
  CHECK(problem_of(JwtKey::from_ed25519(std::string(33, '\1'))) == "x does not have 32 bytes");
}

TEST_CASE("what is no public key is said to be none, with what was expected") {
  const auto text = GENERATE(
      "", "ssh-ed25519 AAAA", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
      "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
      // DER that is cut, and an Ed25519 key of 31 bytes.
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS\n-----END PUBLIC KEY-----\n",
      "-----BEGIN PUBLIC KEY-----\n"
      "MCkwBQYDK2VwAyAA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==\n"
      "-----END PUBLIC KEY-----\n",
      // A point that is not on P-256.
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n"
      "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==\n"
      "-----END PUBLIC KEY-----\n");
  CAPTURE(text);
  CHECK(problem_of_pem(JwtAlgorithm::eddsa, text) ==
        "not a public key; expected Ed25519 in PEM (BEGIN PUBLIC KEY)");
  CHECK(problem_of_pem(JwtAlgorithm::es256, text) ==
        "not a public key; expected P-256 in PEM (BEGIN PUBLIC KEY)");
  CHECK(problem_of_pem(JwtAlgorithm::rs256, text) ==
        "not a public key; expected RSA of 2048 to 8192 bits in PEM (BEGIN PUBLIC KEY)");
}

TEST_CASE("a private key is refused as what it is, though a public one stands beside it") {
  for (const KeyPair& pair : {KeyPair::ed25519(), KeyPair::ec(), KeyPair::rsa()}) {
    CHECK(problem_of_pem(JwtAlgorithm::eddsa, pair.private_pem()) ==
          "a private key, which does not belong on the bridge's machine; expected Ed25519 in PEM "
          "(BEGIN PUBLIC KEY)");
    const std::string both = pair.public_pem() + pair.private_pem();
    CHECK(problem_of_pem(JwtAlgorithm::rs256, both).starts_with("a private key"));
  }
}

TEST_CASE("a public key is of its algorithm's kind and curve") {
  const std::string rsa = KeyPair::rsa().public_pem();
  const std::string ec = KeyPair::ec().public_pem();
  const std::string ed25519 = KeyPair::ed25519().public_pem();
  CHECK(JwtKey::from_public_key(JwtAlgorithm::rs256, rsa)->algorithm() == JwtAlgorithm::rs256);
  CHECK(JwtKey::from_public_key(JwtAlgorithm::es256, ec)->algorithm() == JwtAlgorithm::es256);
  CHECK(JwtKey::from_public_key(JwtAlgorithm::eddsa, ed25519)->algorithm() == JwtAlgorithm::eddsa);
  CHECK(problem_of_pem(JwtAlgorithm::rs256, ec) ==
        "a public key of another kind; expected RSA of 2048 to 8192 bits");
  CHECK(problem_of_pem(JwtAlgorithm::es256, ed25519) ==
        "a public key of another kind; expected P-256");
  CHECK(problem_of_pem(JwtAlgorithm::eddsa, rsa) ==
        "a public key of another kind; expected Ed25519");
  for (const auto* curve : {"P-384", "P-521", "secp256k1", "brainpoolP256r1"}) {
    CAPTURE(curve);
    CHECK(problem_of_pem(JwtAlgorithm::es256, KeyPair::ec(curve).public_pem()) ==
          "a public key of another curve; expected P-256");
  }
  // X25519: for key agreement, not for signatures.
  CHECK(problem_of_pem(JwtAlgorithm::eddsa,
                       "-----BEGIN PUBLIC KEY-----\n"
                       "MCowBQYDK2VuAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
                       "-----END PUBLIC KEY-----\n") ==
        "a public key of another kind; expected Ed25519");
}

TEST_CASE("a fingerprint is of the key, its audience and its issuer, not of its name") {
  const KeyPair pair = KeyPair::ec();
  const JwtKey key = JwtKey::from_public_key(JwtAlgorithm::es256, pair.public_pem()).value();
  JwtKey same = JwtKey::from_public_key(JwtAlgorithm::es256, pair.public_pem()).value();
  same.kid = "a";
  same.table = 3;
  CHECK(same.fingerprint() == key.fingerprint());
  JwtKey for_audience = key;
  for_audience.audience = "a";
  JwtKey of_issuer = key;
  of_issuer.issuer = "a";
  CHECK(for_audience.fingerprint() != key.fingerprint());
  CHECK(of_issuer.fingerprint() != key.fingerprint());
  CHECK(of_issuer.fingerprint() != for_audience.fingerprint());
  CHECK(JwtKey::from_public_key(JwtAlgorithm::es256, KeyPair::ec().public_pem())->fingerprint() !=
        key.fingerprint());
  CHECK(hs256_key().fingerprint() == hs256_key().fingerprint());
  CHECK(hs256_key().fingerprint() != hs256_key(std::string(test_secret) + "!").fingerprint());
}

}  // namespace
}  // namespace plimsoll::testing::jwt_key_test
