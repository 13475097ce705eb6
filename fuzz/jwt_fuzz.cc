#include "plimsoll/native/bridge/tokens/jwt.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/fuzz/expect.h"
#include "plimsoll/native/bridge/tokens/jwk_set.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

// A token of any text, and one whose header and payload are any bytes, split at a newline, and
// which is well signed. The first is never good unless it is the second, letter by letter; with one
// letter changed, the second is not good either. Any bytes as a signature under the keys of RFC
// 7515 and RFC 8037, whose private halves are not used here, and as a set of keys and a key in PEM.

namespace plimsoll::fuzz {
namespace {

using bridge::JwtKey;
using bridge::TokenRefusal;
using bridge::Verified;
using std::chrono::system_clock;

const std::vector<JwtKey>& keys() {
  static const std::vector<JwtKey> all = [] {
    JwtKey named = testing::hs256_key();
    named.kid = "k";
    named.audience = "a";
    named.issuer = "i";
    return std::vector<JwtKey>{testing::hs256_key(), named};
  }();
  return all;
}

constexpr system_clock::time_point now{std::chrono::seconds(testing::test_now)};

Verified<bridge::JwtClaims> verify(std::string_view token) {
  return bridge::verify_jwt(token, keys(), now);
}

// Nobody but who has the secret makes a good token.
void expect_no_forgery(std::string_view token) {
  const auto claims = verify(token);
  if (!claims) return;
  const std::size_t end = token.rfind('.');
  expect_equal("the signature of a good token", token,
               testing::add_signature(std::string(token.substr(0, end))));
}

void verify_signed(std::string_view input, std::size_t spoiled) {
  const std::size_t line = std::min(input.find('\n'), input.size());
  const std::string_view header = input.substr(0, line);
  const std::string_view payload = input.substr(std::min(line + 1, input.size()));
  std::string token = testing::sign_hs256(header, payload);
  const auto claims = verify(token);
  if (claims) {
    expect("a good token is one that has not expired", claims->expires_at > now);
    expect("and was signed with a key that there is", claims->key_index < keys().size());
  } else {
    expect("a well-signed token is not forged", claims.refusal() != TokenRefusal::forged);
  }
  char& letter = token[spoiled % token.size()];
  letter = letter == 'A' ? 'B' : 'A';
  expect("a token with another letter is refused", !verify(token));
}

// The public keys of RFC 7515, A.2 and A.3, and of RFC 8037, A.2.
const std::vector<JwtKey>& others_keys() {
  static const std::vector<JwtKey> all = [] {
    auto set = bridge::parse_jwk_set(
        R"({"keys":[{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l)"
        R"(8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32)"
        R"(690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2C)"
        R"(apHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8)"
        R"(q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},{"kty":"EC","crv":"P-256",)"
        R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
        R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},{"kty":"OKP","crv":"Ed25519",)"
        R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
    return set.value().keys;
  }();
  return all;
}

void expect_no_signature(std::string_view input) {
  for (const JwtKey& key : others_keys()) {
    // Cut or filled to the size of a signature, so that more than the size is looked at.
    for (const std::size_t size : {input.size(), std::size_t{64}, std::size_t{256}}) {
      std::string signature(input.substr(0, size));
      signature.resize(size);
      expect("any bytes are no signature", !key.signed_this("fuzz", signature));
    }
  }
}

void read_as_keys(std::string_view input) {
  if (const auto set = bridge::parse_jwk_set(input)) {
    expect("a set has keys", !set->keys.empty());
    expect("and not more than it may",
           set->keys.size() + set->left_out.size() <= bridge::jwk_set_keys_max);
    std::set<std::string> kids;
    for (const JwtKey& key : set->keys) {
      expect("a set has only public keys", key.algorithm() != bridge::JwtAlgorithm::hs256);
      expect("a kid once", key.kid.empty() || kids.insert(key.kid).second);
      static_cast<void>(key.signed_this("fuzz", input));
    }
    for (const std::string& line : set->left_out) {
      expect("a line of plain letters",
             std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    }
  }
  for (const auto algorithm :
       {bridge::JwtAlgorithm::rs256, bridge::JwtAlgorithm::es256, bridge::JwtAlgorithm::eddsa}) {
    if (const auto key = JwtKey::from_public_key(algorithm, input)) {
      static_cast<void>(key->signed_this("fuzz", input));
    }
  }
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  expect_no_forgery(input);
  verify_signed(input, size == 0 ? 0 : data[size - 1] + size);
  expect_no_signature(input);
  read_as_keys(input);
  return 0;
}
