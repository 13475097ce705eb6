#include "plimsoll/native/bridge/tokens/jwk_set.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/bridge/tokens/base64url.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

// JWK Sets: which keys they have, and what is wrong with them.

namespace plimsoll::testing::jwk_set_test {
namespace {

using bridge::JwkSet;
using bridge::JwtAlgorithm;
using bridge::parse_jwk_set;

// Keys are drawn once for all cases.
const std::string& good_jwk() {
  static const std::string text = KeyPair::ed25519().jwk();
  return text;
}

std::string problem_of(std::string_view text) {
  const auto set = parse_jwk_set(text);
  REQUIRE_FALSE(set);
  return std::string(set.error().text());
}

// Why this key is left out of a set that has a good one as well.
std::string left_out(const std::string& jwk) {
  const auto set = parse_jwk_set(jwk_set({good_jwk(), jwk}));
  REQUIRE(set);
  CHECK(set->keys.size() == 1);
  REQUIRE(set->left_out.size() == 1);
  return set->left_out[0];
}

TEST_CASE("a set has keys of three kinds, with their names") {
  const KeyPair rsa = KeyPair::rsa();
  const KeyPair ec = KeyPair::ec();
  const KeyPair ed25519 = KeyPair::ed25519();
  const auto set = parse_jwk_set(jwk_set(
      {rsa.jwk(R"("kid":"r","use":"sig","alg":"RS256",)"),
       ec.jwk(R"("kid":"e","key_ops":["sign","verify"],"x5t":"unknown",)"), ed25519.jwk()}));
  REQUIRE(set);
  CHECK(set->left_out.empty());
  REQUIRE(set->keys.size() == 3);
  CHECK(set->keys[0].algorithm() == JwtAlgorithm::rs256);
  CHECK(set->keys[0].kid == "r");
  CHECK(set->keys[1].algorithm() == JwtAlgorithm::es256);
  CHECK(set->keys[1].kid == "e");
  CHECK(set->keys[2].algorithm() == JwtAlgorithm::eddsa);
  CHECK(set->keys[2].kid.empty());
  const auto has_key = [](const KeyPair& pair, const bridge::JwtKey& key) {
    const std::string token = pair.sign("{}", "{}");
    const std::size_t end = token.rfind('.');
    return key.signed_this(token.substr(0, end), *bridge::base64url_decode(token.substr(end + 1)));
  };
  CHECK(has_key(rsa, set->keys[0]));
  CHECK(has_key(ec, set->keys[1]));
  CHECK(has_key(ed25519, set->keys[2]));
}

TEST_CASE("a key that the bridge cannot use is left out, and named with the reason") {
  const struct {
    std::string jwk;
    std::string_view why;
  } rows[] = {
      {R"({})", "key 2 is left out: it has no kty"},
      {R"({"kty":7})", "key 2 is left out: it has no kty"},
      {R"({"kty":"AKP","kid":"new"})",
       "key 2 (kid new) is left out: its kty is not RSA, EC or OKP"},
      {R"({"kty":"rsa"})", "key 2 is left out: its kty is not RSA, EC or OKP"},
      {R"({"kty":"EC","crv":"P-384"})", "key 2 is left out: its crv is not P-256"},
      {R"({"kty":"EC","x":"AQAB"})", "key 2 is left out: its crv is not P-256"},
      {R"({"kty":"OKP","crv":"Ed448"})", "key 2 is left out: its crv is not Ed25519"},
      {R"({"kty":"OKP","crv":"X25519"})", "key 2 is left out: its crv is not Ed25519"},
      {KeyPair::ec().jwk(R"("use":"enc","kid":"a-b.c_1",)"),
       "key 2 (kid a-b.c_1) is left out: its use is not sig"},
      {KeyPair::ec().jwk(R"("use":1,)"), "key 2 is left out: its use is not sig"},
      {KeyPair::ec().jwk(R"("key_ops":["sign"],)"),
       "key 2 is left out: its key_ops do not contain verify"},
      {KeyPair::ec().jwk(R"("key_ops":"verify",)"),
       "key 2 is left out: its key_ops do not contain verify"},
      {KeyPair::ec().jwk(R"("alg":"ES384",)"),
       "key 2 is left out: its alg is not RS256, ES256 or EdDSA"},
      {KeyPair::rsa().jwk(R"("alg":"RSA-OAEP",)"),
       "key 2 is left out: its alg is not RS256, ES256 or EdDSA"},
      {KeyPair::ec().jwk(R"("alg":null,)"),
       "key 2 is left out: its alg is not RS256, ES256 or EdDSA"},
      {KeyPair::ec().jwk(R"("alg":"RS256",)"), "key 2 is left out: its alg is not for its kty"},
      // A public key is no secret of HS256, whoever says so.
      {KeyPair::rsa().jwk(R"("alg":"HS256",)"), "key 2 is left out: its alg is not for its kty"},
      {KeyPair::ec().jwk(R"("kid":"",)"),
       "key 2 is left out: its kid is not a text of 1 to 256 bytes"},
      {KeyPair::ec().jwk(R"("kid":7,)"),
       "key 2 is left out: its kid is not a text of 1 to 256 bytes"},
      // Such a name could be anything, so it is not shown.
      {KeyPair::ec().jwk(R"("use":"enc","kid":"a b\u001b",)"),
       "key 2 is left out: its use is not sig"},
      {R"({"kty":"RSA","e":"AQAB"})", "key 2 is left out: n is missing, or not base64url"},
      {R"({"kty":"RSA","n":"AQAB"})", "key 2 is left out: e is missing, or not base64url"},
      {R"({"kty":"RSA","n":"AQAB==","e":"AQAB"})",
       "key 2 is left out: n is missing, or not base64url"},
      {R"({"kty":"RSA","n":"AQAB","e":"AQAB"})",
       "key 2 is left out: an RSA key of 17 bits; expected 2048 to 8192"},
      {R"({"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"})",
       "key 2 is left out: x and y do not have 32 bytes each"},
      {R"({"kty":"EC","crv":"P-256","x":"AQAB"})",
       "key 2 is left out: y is missing, or not base64url"},
      {R"({"kty":"OKP","crv":"Ed25519"})", "key 2 is left out: x is missing, or not base64url"},
      {R"({"kty":"OKP","crv":"Ed25519","x":"AQAB"})",
       "key 2 is left out: x does not have 32 bytes"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.jwk);
    CHECK(left_out(row.jwk) == row.why);
  }
}

TEST_CASE("a private or symmetric key spoils the set, wherever it is and whatever its kind") {
  constexpr std::string_view text =
      "key 2 is private or symmetric, which does not belong in a set of public keys; expected its "
      "public half, or for HS256 a secret_file";
  const auto member = GENERATE("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv");
  const std::string extra = '"' + std::string(member) + R"(":"c2VjcmV0",)";
  CHECK(problem_of(jwk_set({good_jwk(), KeyPair::ec().jwk(extra)})) == text);
  CHECK(problem_of(jwk_set({good_jwk(), "{" + extra + R"("kty":"new","use":"enc"})"})) == text);
  CHECK(problem_of(jwk_set({good_jwk(), R"({"kty":"oct"})", good_jwk()})) == text);
}

TEST_CASE("two keys of one kid are refused if both could be used") {
  const std::string one = KeyPair::ec().jwk(R"("kid":"a",)");
  CHECK(problem_of(jwk_set({one, KeyPair::ed25519().jwk(R"("kid":"a",)")})) ==
        "key 2 (kid a) has the kid of a key before it");
  CHECK(parse_jwk_set(jwk_set({one, KeyPair::ec().jwk(R"("kid":"a","use":"enc",)")})));
  CHECK(parse_jwk_set(jwk_set({KeyPair::ec().jwk(), KeyPair::ec().jwk()}))->keys.size() == 2);
}

TEST_CASE("a kid has at most 256 bytes") {
  const auto of_size = [](std::size_t size) {
    return KeyPair::ec().jwk(R"("kid":")" + std::string(size, 'k') + "\",");
  };
  CHECK(parse_jwk_set(jwk_set({of_size(256)}))->keys[0].kid == std::string(256, 'k'));
  CHECK(left_out(of_size(257)) == "key 2 is left out: its kid is not a text of 1 to 256 bytes");
}

TEST_CASE("a set has at most 64 keys") {
  std::string keys = good_jwk();
  for (int i = 1; i < 64; ++i) keys += R"(,{"kty":"new"})";
  CHECK(parse_jwk_set("{\"keys\":[" + keys + "]}")->left_out.size() == 63);
  CHECK(problem_of("{\"keys\":[" + keys + R"(,{"kty":"new"}]})") ==
        "has 65 keys; expected 64 at most");
}

TEST_CASE("a set without a key that can be used is refused") {
  CHECK(problem_of(R"({"keys":[]})") == "has no key that the bridge can use");
  CHECK(problem_of(R"({"keys":[{"kty":"new"},{}]})") ==
        "has no key that the bridge can use; key 1 is left out: its kty is not RSA, EC or OKP");
}

TEST_CASE("what is no set is refused without a word of it") {
  const auto text =
      GENERATE("", "hunter2", "{", R"({"keys":)", R"(["hunter2"])", R"({"a":1,"a":2})",
               "\xef\xbb\xbf{\"keys\":[]}", "{\"keys\":\"\xff\"}",
               R"({"keys":[{"kid":"hunter2","kid":"hunter2"}]})", "-----BEGIN PUBLIC KEY-----");
  CAPTURE(text);
  CHECK(problem_of(text) == "not an object of JSON in UTF-8 that has each name once");
}

TEST_CASE("an object that is no set is refused without a word of it") {
  const auto text = GENERATE("{}", R"({"Keys":[]})", R"({"keys":{}})", R"({"keys":"hunter2"})",
                             R"({"keys":null})");
  CAPTURE(text);
  CHECK(problem_of(text) == R"(not a JWK Set; expected {"keys": [...]})");
  CHECK(problem_of(R"({"keys":["hunter2"]})") == "key 1 is not an object");
}

TEST_CASE("deep nesting in a set costs no stack") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(parse_jwk_set(jwk_set({KeyPair::ec().jwk("\"more\":" + deep + ",")})));
}

}  // namespace
}  // namespace plimsoll::testing::jwk_set_test
