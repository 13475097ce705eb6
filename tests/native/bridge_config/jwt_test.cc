#include "plimsoll/native/bridge/tokens/jwt.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/bridge/tokens/base64url.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

// Signatures, keys and headers: who a token is from. jwt_claims_test.cc has what it says.

namespace plimsoll::testing::jwt_test {
namespace {

using bridge::JwtKey;
using bridge::TokenRefusal;
using bridge::verify_jwt;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr std::string_view good_header = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view good_payload = R"({"exp":1000000060,"profile":"web"})";

constexpr system_clock::time_point at(std::int64_t time) {
  return system_clock::time_point(seconds(time));
}

TokenRefusal refusal(std::string_view token, const std::vector<JwtKey>& keys) {
  const auto claims = verify_jwt(token, keys, at(test_now));
  REQUIRE_FALSE(claims);
  return claims.refusal();
}

JwtKey named(JwtKey key, std::string kid) {
  key.kid = std::move(kid);
  return key;
}

// RFC 7515, appendix A.1: an HS256 token that is good until 1300819380.
constexpr std::string_view rfc7515_token =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view rfc7515_key =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

// RFC 8037, appendix A.2 (the key, as SubjectPublicKeyInfo) and A.4 (a signed text, which is no
// JSON).
constexpr std::string_view rfc8037_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view rfc8037_token =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

TEST_CASE("the token of RFC 7515, A.1 is good until it expires") {
  const std::vector<JwtKey> keys{
      JwtKey::from_secret(*bridge::base64url_decode(rfc7515_key)).value()};
  const auto claims = verify_jwt(rfc7515_token, keys, at(1300819380 + 29));
  REQUIRE(claims);
  CHECK(claims->profile.empty());
  CHECK(claims->expires_at == at(1300819380 + 30));
  const auto late = verify_jwt(rfc7515_token, keys, at(1300819380 + 30));
  REQUIRE_FALSE(late);
  CHECK(late.refusal() == TokenRefusal::expired);
}

TEST_CASE("the signature of RFC 8037, A.4 is good, and what it signs is no JWT") {
  const std::vector<JwtKey> keys{JwtKey::from_public_key(rfc8037_key).value()};
  CHECK(refusal(rfc8037_token, keys) == TokenRefusal::malformed);
  std::string changed(rfc8037_token);
  changed[30] ^= 1;
  CHECK(refusal(changed, keys) == TokenRefusal::forged);
}

TEST_CASE("a token that the other half of an Ed25519 key has signed is good") {
  const Ed25519Pair pair;
  const std::vector<JwtKey> keys{JwtKey::from_public_key(pair.public_pem()).value()};
  const auto claims = verify_jwt(pair.sign(R"({"alg":"EdDSA"})", good_payload), keys, at(test_now));
  REQUIRE(claims);
  CHECK(claims->profile == "web");
}

TEST_CASE("a changed bit anywhere in a token spoils it") {
  const std::string good = sign_hs256(good_header, good_payload);
  const std::vector<JwtKey> keys{hs256_key()};
  REQUIRE(verify_jwt(good, keys, at(test_now)));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = good;
      changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
      REQUIRE_FALSE(verify_jwt(changed, keys, at(test_now)));
    }
  }
}

TEST_CASE("a token has to be of its key's algorithm") {
  const Ed25519Pair pair;
  const std::string pem = pair.public_pem();
  const std::vector<JwtKey> public_key{JwtKey::from_public_key(pem).value()};
  // Who has the public key alone, as everybody may, cannot sign with it.
  CHECK(refusal(sign_hs256(good_header, good_payload, pem), public_key) ==
        TokenRefusal::wrong_algorithm);
  CHECK(refusal(sign_hs256(R"({"alg":"EdDSA"})", good_payload, pem), public_key) ==
        TokenRefusal::forged);
  CHECK(refusal(pair.sign(R"({"alg":"EdDSA"})", good_payload), {hs256_key()}) ==
        TokenRefusal::wrong_algorithm);
}

TEST_CASE("an algorithm that no key is of is refused, none foremost") {
  const auto algorithm =
      GENERATE("none", "None", "", "HS256 ", "hs256", "HS384", "RS256", "Ed25519");
  const std::string header = std::string(R"({"alg":")") + algorithm + R"("})";
  const bool empty = std::string_view(algorithm).empty();
  const auto expected = empty ? TokenRefusal::malformed : TokenRefusal::wrong_algorithm;
  CHECK(refusal(sign_hs256(header, good_payload), {hs256_key()}) == expected);
  CHECK(refusal(signing_input(header, good_payload) + ".", {hs256_key()}) == expected);
}

TEST_CASE("a signature that is cut, longer, another key's or none is forged") {
  const std::string good = sign_hs256(good_header, good_payload);
  const std::string unsigned_part = signing_input(good_header, good_payload);
  const std::vector<JwtKey> keys{hs256_key()};
  CHECK(refusal(unsigned_part + ".", keys) == TokenRefusal::forged);
  CHECK(refusal(good.substr(0, good.size() - 3), keys) == TokenRefusal::forged);
  CHECK(refusal(good.substr(0, unsigned_part.size() + 1) + "AAAA", keys) == TokenRefusal::forged);
  CHECK(
      refusal(sign_hs256(good_header, good_payload, "another secret of thirty-two bytes and more"),
              keys) == TokenRefusal::forged);
  const Ed25519Pair one;
  const Ed25519Pair other;
  CHECK(refusal(one.sign(R"({"alg":"EdDSA"})", good_payload),
                {JwtKey::from_public_key(other.public_pem()).value()}) == TokenRefusal::forged);
}

TEST_CASE("a kid says which key, and keys without one are for all others") {
  constexpr std::string_view other_secret = "another secret of thirty-two bytes and more";
  const std::string token = sign_hs256(R"({"alg":"HS256","kid":"a"})", good_payload);
  const std::string other = sign_hs256(R"({"alg":"HS256","kid":"a"})", good_payload, other_secret);
  const std::string without = sign_hs256(good_header, good_payload);

  const std::vector<JwtKey> both{named(hs256_key(other_secret), "b"), named(hs256_key(), "a")};
  CHECK(verify_jwt(token, both, at(test_now))->key_index == 1);
  CHECK(refusal(other, both) == TokenRefusal::forged);
  CHECK(verify_jwt(without, both, at(test_now))->key_index == 1);

  CHECK(refusal(token, {named(hs256_key(), "b")}) == TokenRefusal::unknown_key);
  CHECK(refusal(token, {}) == TokenRefusal::unknown_key);
  CHECK(verify_jwt(token, std::vector{hs256_key()}, at(test_now)));
  // Not the key without a kid, though it would fit.
  CHECK(refusal(token, {hs256_key(), named(hs256_key(other_secret), "a")}) == TokenRefusal::forged);
}

TEST_CASE("a header that is not as it has to be is malformed, however well it is signed") {
  const auto header =
      GENERATE("", "[]", "{", R"("HS256")", R"({})", R"({"alg":256})", R"({"alg":null})",
               R"({"alg":"HS256","typ":"JWS"})", R"({"alg":"HS256","typ":""})",
               R"({"alg":"HS256","typ":1})", R"({"alg":"HS256","kid":1})",
               R"({"alg":"HS256","crit":["exp"]})", R"({"alg":"HS256","crit":[]})",
               R"({"alg":"HS256","alg":"HS256"})", R"({"alg":"none","alg":"HS256"})",
               R"({"alg":"HS256","x":{"y":1,"y":2}})", R"({"alg":"HS256"} {})",
               "{\"alg\":\"HS256\",\"kid\":\"\xff\"}", "\xef\xbb\xbf{\"alg\":\"HS256\"}");
  CAPTURE(header);
  CHECK(refusal(sign_hs256(header, good_payload), {hs256_key()}) == TokenRefusal::malformed);
}

TEST_CASE("what is not three parts of strict base64url is malformed") {
  const std::string good = sign_hs256(good_header, good_payload);
  const std::size_t dot = good.find('.');
  const std::vector<JwtKey> keys{hs256_key()};
  const std::string bad[] = {
      "",
      ".",
      "..",
      good.substr(0, dot),
      good + "=",
      good + ".",
      good + "\n",
      " " + good,
      std::string(good).insert(dot, "="),
      std::string(good).insert(dot, " "),
      std::string(good).replace(dot, 1, ".."),
      good.substr(0, good.rfind('.')),
  };
  for (const std::string& token : bad) {
    CAPTURE(token);
    CHECK(refusal(token, keys) == TokenRefusal::malformed);
  }
}

TEST_CASE("a token that is spelled otherwise, to the same bytes, is malformed") {
  // A signature of 32 bytes leaves two bits of its last letter.
  std::string token = sign_hs256(good_header, good_payload);
  token.back() = static_cast<char>(token.back() + 1);
  CHECK(refusal(token, {hs256_key()}) == TokenRefusal::malformed);
}

TEST_CASE("a token of 4096 bytes is looked at, one of 4097 is not") {
  const auto sized = [](std::size_t size) {
    for (std::size_t filling = 2'800;; ++filling) {
      std::string payload = R"({"exp":1000000060,"x":")" + std::string(filling, 'x') + "\"}";
      std::string token = sign_claims(payload);
      if (token.size() >= size) return token;
    }
  };
  std::string token = sized(bridge::token_bytes_max);
  const std::vector<JwtKey> keys{hs256_key()};
  REQUIRE(token.size() == bridge::token_bytes_max);
  CHECK(verify_jwt(token, keys, at(test_now)));
  token = sized(bridge::token_bytes_max + 1);
  REQUIRE(token.size() == bridge::token_bytes_max + 1);
  CHECK(refusal(token, keys) == TokenRefusal::too_large);
  CHECK(refusal(std::string(1 << 20, '.'), keys) == TokenRefusal::too_large);
}

TEST_CASE("a short secret, and what is no public Ed25519 key, is refused as a key") {
  const auto short_one = JwtKey::from_secret(std::string(31, 'x'));
  REQUIRE_FALSE(short_one);
  CHECK(short_one.error().text() == "secret has 31 bytes; HS256 needs 32 or more");
  CHECK(JwtKey::from_secret(std::string(32, 'x')));
  const auto nothing = JwtKey::from_public_key("ssh-ed25519 AAAA");
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().text() == "not a public key; expected Ed25519 in PEM (BEGIN PUBLIC KEY)");
  CHECK_FALSE(JwtKey::from_public_key(Ed25519Pair().private_pem()));
  // X25519: for key agreement, not for signatures.
  const auto other = JwtKey::from_public_key(
      "-----BEGIN PUBLIC KEY-----\n"
      "MCowBQYDK2VuAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
      "-----END PUBLIC KEY-----\n");
  REQUIRE_FALSE(other);
  CHECK(other.error().text() == "a public key of another kind; expected Ed25519");
}

}  // namespace
}  // namespace plimsoll::testing::jwt_test
