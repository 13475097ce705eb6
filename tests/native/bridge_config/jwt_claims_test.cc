#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/bridge/tokens/jwt.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

// What a well-signed token says.

namespace plimsoll::testing::jwt_claims_test {
namespace {

using bridge::JwtClaims;
using bridge::JwtKey;
using bridge::TokenRefusal;
using bridge::Verified;
using std::chrono::seconds;
using std::chrono::system_clock;

Verified<JwtClaims> verified(std::string_view payload, const JwtKey& key = hs256_key()) {
  const system_clock::time_point now{seconds(test_now)};
  return bridge::verify_jwt(sign_claims(payload), std::span(&key, 1), now);
}

TokenRefusal refusal(std::string_view payload, const JwtKey& key = hs256_key()) {
  const auto claims = verified(payload, key);
  REQUIRE_FALSE(claims);
  return claims.refusal();
}

std::string with_exp(std::string_view claims) {
  return R"({"exp":1000000060,)" + std::string(claims) + "}";
}

TEST_CASE("a token says profile, sub, jti and how long it lasts") {
  const auto claims = verified(with_exp(R"("profile":"web","sub":"jane","jti":"17","more":[{}])"));
  REQUIRE(claims);
  CHECK(claims->profile == "web");
  CHECK(claims->subject == "jane");
  CHECK(claims->id == "17");
  CHECK(claims->expires_at.time_since_epoch() == seconds(1000000090));
}

TEST_CASE("a token is taken from 30 s before nbf and iat until 30 s after exp") {
  CHECK(verified(R"({"exp":999999971})"));
  CHECK(refusal(R"({"exp":999999970})") == TokenRefusal::expired);
  CHECK(verified(R"({"exp":999999971.5})"));
  CHECK(verified(with_exp(R"("nbf":1000000030,"iat":1000000030)")));
  CHECK(refusal(with_exp(R"("nbf":1000000031)")) == TokenRefusal::not_yet_valid);
  CHECK(refusal(with_exp(R"("iat":1000000031)")) == TokenRefusal::not_yet_valid);
  CHECK(refusal(R"({"exp":0,"nbf":2000000000})") == TokenRefusal::expired);
}

TEST_CASE("a token of the far future lasts as long as clocks count") {
  const auto claims = verified(R"({"exp":253402300799})");
  REQUIRE(claims);
  CHECK(claims->expires_at > system_clock::time_point::max() - seconds(2));
}

TEST_CASE("a payload that is not as it has to be is malformed, however well it is signed") {
  const auto payload =
      GENERATE("", "{}", "[]", "null", R"({"exp":1000000060)", R"({"exp":"1000000060"})",
               R"({"exp":null})", R"({"exp":true})", R"({"exp":-1})", R"({"exp":253402300800})",
               R"({"exp":1e999})", R"({"exp":18446744073709551616})", R"({"EXP":1000000060})",
               R"({"exp":1,"exp":1000000060})", R"({"exp":1000000060,"nbf":"0"})",
               R"({"exp":1000000060,"iat":[]})", R"({"exp":1000000060,"profile":["web"]})",
               R"({"exp":1000000060,"profile":null})", R"({"exp":1000000060,"sub":1})",
               R"({"exp":1000000060,"jti":1})", R"({"exp":1000000060,"iss":1})",
               R"({"exp":1000000060,"aud":1})", R"({"exp":1000000060,"aud":["a",1]})",
               R"({"exp":1000000060,"profile":"a","\u0070rofile":"b"})");
  CAPTURE(payload);
  CHECK(refusal(payload) == TokenRefusal::malformed);
}

TEST_CASE("a key with an audience takes tokens that are for it alone or for others too") {
  JwtKey key = hs256_key();
  key.audience = "bridge";
  CHECK(verified(with_exp(R"("aud":"bridge")"), key));
  CHECK(verified(with_exp(R"("aud":["other","bridge"])"), key));
  const auto other = GENERATE(R"("aud":"other")", R"("aud":["other"])", R"("aud":[])",
                              R"("aud":"Bridge")", R"("aud":"bridge ")", R"("sub":"bridge")");
  CAPTURE(other);
  CHECK(refusal(with_exp(other), key) == TokenRefusal::wrong_audience);
}

TEST_CASE("a key without an audience takes no token that is for somebody") {
  CHECK(verified(with_exp(R"("sub":"jane")")));
  const auto audience = GENERATE(R"("aud":"bridge")", R"("aud":"")", R"("aud":[""])");
  CAPTURE(audience);
  CHECK(refusal(with_exp(audience)) == TokenRefusal::wrong_audience);
}

TEST_CASE("a key with an issuer takes its tokens alone") {
  JwtKey key = hs256_key();
  CHECK(verified(with_exp(R"("iss":"anybody")"), key));
  key.issuer = "https://issuer.example";
  CHECK(verified(with_exp(R"("iss":"https://issuer.example")"), key));
  const auto other = GENERATE(R"("iss":"https://issuer.example/")", R"("sub":"x")", R"("iss":"")");
  CAPTURE(other);
  CHECK(refusal(with_exp(other), key) == TokenRefusal::wrong_issuer);
}

TEST_CASE("deep nesting in a token costs no stack") {
  CHECK(verified(with_exp(R"("x":)" + std::string(1200, '[') + std::string(1200, ']'))));
  CHECK(refusal(with_exp(R"("x":)" + std::string(2500, '['))) == TokenRefusal::malformed);
}

}  // namespace
}  // namespace plimsoll::testing::jwt_claims_test
