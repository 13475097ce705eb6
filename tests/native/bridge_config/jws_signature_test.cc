#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/bridge/tokens/base64url.h"
#include "plimsoll/native/bridge/tokens/jwt.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

// Signatures: those of the standards, and what looks like one.

namespace plimsoll::testing::jws_signature_test {
namespace {

using bridge::JwtAlgorithm;
using bridge::JwtKey;
using bridge::TokenRefusal;
using bridge::verify_jwt;
using std::chrono::seconds;
using std::chrono::system_clock;

// RFC 7515, appendix A.2 and A.3: tokens that are good until 1300819380. A.1 is in jwt_test.cc.
constexpr seconds rfc7515_end{1300819380};
constexpr std::string_view rfc7515_payload =
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
constexpr std::string_view rs256_header = "eyJhbGciOiJSUzI1NiJ9";
constexpr std::string_view rs256_signature =
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L"
    "07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUi"
    "pUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
constexpr std::string_view rs256_modulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4"
    "QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdb"
    "BYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-D"
    "WNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
constexpr std::string_view es256_header = "eyJhbGciOiJFUzI1NiJ9";
constexpr std::string_view es256_signature =
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

// RFC 8037, appendix A.2 (the key) and A.4 (a signed text, which is no JSON).
constexpr std::string_view ed25519_point = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
constexpr std::string_view eddsa_token =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

std::string bytes(std::string_view text) { return bridge::base64url_decode(text).value(); }

JwtKey rs256_key() { return JwtKey::from_rsa(bytes(rs256_modulus), bytes("AQAB")).value(); }

JwtKey es256_key() {
  return JwtKey::from_p256(bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                           bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"))
      .value();
}

std::string join(std::string_view a, std::string_view b, std::string_view c) {
  return std::string(a) + std::string(b) + std::string(c);
}

void check_rfc7515(const std::string& token, const JwtKey& key) {
  const std::vector<JwtKey> keys{key};
  const auto claims = verify_jwt(token, keys, system_clock::time_point(rfc7515_end));
  REQUIRE(claims);
  CHECK(claims->expires_at == system_clock::time_point(rfc7515_end + bridge::clock_leeway));
}

TEST_CASE("the token of RFC 7515, A.2 is good until it expires") {
  check_rfc7515(join(rs256_header, rfc7515_payload, rs256_signature), rs256_key());
}

TEST_CASE("the token of RFC 7515, A.3 is good until it expires") {
  check_rfc7515(join(es256_header, rfc7515_payload, es256_signature), es256_key());
}

TEST_CASE("the signature of RFC 8037, A.4 is good, and what it signs is no JWT") {
  const std::vector<JwtKey> keys{JwtKey::from_ed25519(bytes(ed25519_point)).value()};
  const auto refusal = [&](std::string_view token) {
    return verify_jwt(token, keys, system_clock::time_point(seconds(test_now))).refusal();
  };
  CHECK(refusal(eddsa_token) == TokenRefusal::malformed);
  std::string changed(eddsa_token);
  changed[30] ^= 1;
  CHECK(refusal(changed) == TokenRefusal::forged);
}

// What is signed in the tokens of RFC 7515, and its signatures.
struct Signed {
  JwtKey key;
  std::string message;
  std::string signature;

  bool is_good() const { return key.signed_this(message, signature); }
};

Signed signed_rs256() {
  return {rs256_key(), join(rs256_header, rfc7515_payload, ""), bytes(rs256_signature.substr(1))};
}

Signed signed_es256() {
  return {es256_key(), join(es256_header, rfc7515_payload, ""), bytes(es256_signature.substr(1))};
}

TEST_CASE("a bit changed anywhere in a signature spoils it") {
  for (Signed each : {signed_rs256(), signed_es256()}) {
    REQUIRE(each.is_good());
    for (char& byte : each.signature) {
      byte ^= 0x10;
      REQUIRE_FALSE(each.is_good());
      byte ^= 0x10;
    }
    each.message += ' ';
    CHECK_FALSE(each.is_good());
  }
}

TEST_CASE("a signature of another size is none, whatever is cut or added") {
  for (const Signed& each : {signed_rs256(), signed_es256()}) {
    const std::string& good = each.signature;
    for (const std::string& other :
         {std::string(), good.substr(1), good.substr(0, good.size() - 1), '\0' + good, good + '\0',
          good + good, std::string(good.size(), '\0'), std::string(good.size(), '\xff')}) {
      CAPTURE(other.size());
      CHECK_FALSE(each.key.signed_this(each.message, other));
    }
  }
}

TEST_CASE("a signature of ES256 in DER, as OpenSSL has it, is none in a token") {
  const Signed each = signed_es256();
  // R is below 2^255, and S is not, so that it has a zero in front.
  const std::string der = std::string("\x30\x45\x02\x20", 4) + each.signature.substr(0, 32) +
                          std::string("\x02\x21\x00", 3) + each.signature.substr(32);
  CHECK_FALSE(each.key.signed_this(each.message, der));
}

TEST_CASE("R and S of ES256 have to be numbers from 1 to below the order of the curve") {
  const Signed each = signed_es256();
  const std::string zero(32, '\0');
  const std::string order = bytes("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
  const std::string one = std::string(31, '\0') + '\1';
  for (const std::string& bad : {zero, order, std::string(32, '\xff')}) {
    CHECK_FALSE(each.key.signed_this(each.message, bad + each.signature.substr(32)));
    CHECK_FALSE(each.key.signed_this(each.message, each.signature.substr(0, 32) + bad));
    CHECK_FALSE(each.key.signed_this(each.message, bad + one));
    CHECK_FALSE(each.key.signed_this(each.message, bad + bad));
  }
}

TEST_CASE("a signature of RS256 as a number above the modulus is none") {
  const Signed each = signed_rs256();
  CHECK_FALSE(each.key.signed_this(each.message, bytes(rs256_modulus)));
}

}  // namespace
}  // namespace plimsoll::testing::jws_signature_test
