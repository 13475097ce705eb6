#include "plimsoll/native/bridge/tokens/jwt.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/bridge/tokens/base64url.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

// Headers, and which key they lead to: who a token is from. jwt_claims_test.cc has what it says,
// jws_signature_test.cc the signatures, and jwt_key_test.cc the keys.

namespace plimsoll::testing::jwt_test {
namespace {

using bridge::JwtAlgorithm;
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

// A key of each algorithm whose tokens others can verify, and its public half.
struct Signer {
  KeyPair pair;
  JwtAlgorithm algorithm;
  JwtKey key = JwtKey::from_public_key(algorithm, pair.public_pem()).value();

  std::string header(std::string_view more = "") const {
    return R"({"alg":")" + std::string(name(algorithm)) + "\"" + std::string(more) + "}";
  }
};

std::vector<Signer> all_signers() {
  std::vector<Signer> all;
  all.push_back({KeyPair::rsa(), JwtAlgorithm::rs256});
  all.push_back({KeyPair::ec(), JwtAlgorithm::es256});
  all.push_back({KeyPair::ed25519(), JwtAlgorithm::eddsa});
  return all;
}

TEST_CASE("a token that the other half of a public key has signed is good") {
  for (const Signer& signer : all_signers()) {
    CAPTURE(name(signer.algorithm));
    const std::vector<JwtKey> keys{signer.key};
    const auto claims =
        verify_jwt(signer.pair.sign(signer.header(), good_payload), keys, at(test_now));
    REQUIRE(claims);
    CHECK(claims->profile == "web");
  }
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
  const std::vector<Signer> signers = all_signers();
  for (const Signer& signer : signers) {
    CAPTURE(name(signer.algorithm));
    const std::vector<JwtKey> keys{signer.key};
    const std::string pem = signer.pair.public_pem();
    // Who has the public key alone, as everybody may, cannot sign with it.
    CHECK(refusal(sign_hs256(good_header, good_payload, pem), keys) ==
          TokenRefusal::wrong_algorithm);
    CHECK(refusal(sign_hs256(signer.header(), good_payload, pem), keys) == TokenRefusal::forged);
    CHECK(refusal(signer.pair.sign(good_header, good_payload), keys) ==
          TokenRefusal::wrong_algorithm);
    CHECK(refusal(signer.pair.sign(good_header, good_payload), {hs256_key()}) ==
          TokenRefusal::forged);
    for (const Signer& other : signers) {
      if (other.algorithm == signer.algorithm) continue;
      CHECK(refusal(other.pair.sign(other.header(), good_payload), keys) ==
            TokenRefusal::wrong_algorithm);
      CHECK(refusal(other.pair.sign(signer.header(), good_payload), keys) == TokenRefusal::forged);
      CHECK(refusal(signer.pair.sign(other.header(), good_payload), keys) ==
            TokenRefusal::wrong_algorithm);
    }
  }
}

TEST_CASE("an HS256 key may be the text of a public key, and is then no public key") {
  const KeyPair pair = KeyPair::rsa();
  const std::vector<JwtKey> keys{hs256_key(pair.public_pem())};
  CHECK(verify_jwt(sign_hs256(good_header, good_payload, pair.public_pem()), keys, at(test_now)));
  CHECK(refusal(pair.sign(R"({"alg":"RS256"})", good_payload), keys) ==
        TokenRefusal::wrong_algorithm);
}

TEST_CASE("an algorithm that no key is of is refused, none foremost") {
  const auto algorithm = GENERATE("none", "None", "", "HS256 ", "hs256", "HS384", "RS256", "RS512",
                                  "PS256", "ES384", "Ed25519");
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
  const std::vector<Signer> ones = all_signers();
  const std::vector<Signer> others = all_signers();
  for (std::size_t i = 0; i < ones.size(); ++i) {
    CHECK(refusal(ones[i].pair.sign(ones[i].header(), good_payload), {others[i].key}) ==
          TokenRefusal::forged);
  }
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

TEST_CASE("among keys of several algorithms a token finds its own, by its kid or without one") {
  std::vector<Signer> signers = all_signers();
  std::vector<JwtKey> keys{hs256_key()};
  for (Signer& signer : signers) keys.push_back(named(signer.key, "the one kid"));
  for (std::size_t i = 0; i < signers.size(); ++i) {
    const Signer& signer = signers[i];
    CAPTURE(name(signer.algorithm));
    const std::string by_kid =
        signer.pair.sign(signer.header(R"(,"kid":"the one kid")"), good_payload);
    CHECK(verify_jwt(by_kid, keys, at(test_now))->key_index == i + 1);
    const std::string without = signer.pair.sign(signer.header(), good_payload);
    CHECK(verify_jwt(without, keys, at(test_now))->key_index == i + 1);
  }
}

TEST_CASE("a token without kid may fit 32 keys of its algorithm, and is refused if it fits 33") {
  constexpr std::string_view other_secret = "another secret of thirty-two bytes and more";
  const KeyPair pair = KeyPair::ed25519();
  // Keys of another algorithm do not count.
  std::vector<JwtKey> keys(10,
                           JwtKey::from_public_key(JwtAlgorithm::eddsa, pair.public_pem()).value());
  for (std::size_t i = 0; i + 1 < bridge::signatures_tried_max; ++i) {
    keys.push_back(named(hs256_key(other_secret), "other " + std::to_string(i)));
  }
  keys.push_back(named(hs256_key(), "own"));
  const std::string without = sign_hs256(good_header, good_payload);
  CHECK(verify_jwt(without, keys, at(test_now))->key_index == keys.size() - 1);
  keys.push_back(named(hs256_key(), "one more"));
  CHECK(refusal(without, keys) == TokenRefusal::too_many_keys);
  CHECK(verify_jwt(sign_hs256(R"({"alg":"HS256","kid":"own"})", good_payload), keys, at(test_now)));
}

TEST_CASE("typ may be a JWT's or an access token's, in letters of either case") {
  const auto type = GENERATE("JWT", "jwt", "Jwt", "at+jwt", "AT+JWT", "application/jwt",
                             "application/at+jwt", "APPLICATION/AT+JWT");
  CAPTURE(type);
  const std::string header = R"({"alg":"HS256","typ":")" + std::string(type) + "\"}";
  CHECK(verify_jwt(sign_hs256(header, good_payload), std::vector{hs256_key()}, at(test_now)));
}

TEST_CASE("another typ is malformed") {
  const auto type = GENERATE("", "JWS", "JOSE", "at-jwt", "jwt ", " jwt", "logout+jwt", "id+jwt",
                             "dpop+jwt", "application/", "application/jose", "text/jwt",
                             "application/application/jwt", "jwt\\u0000");
  CAPTURE(type);
  const std::string header = R"({"alg":"HS256","typ":")" + std::string(type) + "\"}";
  CHECK(refusal(sign_hs256(header, good_payload), {hs256_key()}) == TokenRefusal::malformed);
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

}  // namespace
}  // namespace plimsoll::testing::jwt_test
