#include "plimsoll/native/bridge/tokens/jwt.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/fuzz/expect.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

// A token of any text, and one whose header and payload are any bytes, split at a newline, and
// which is well signed. The first is never good unless it is the second, letter by letter; with one
// letter changed, the second is not good either.

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

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plimsoll::fuzz;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  expect_no_forgery(input);
  verify_signed(input, size == 0 ? 0 : data[size - 1] + size);
  return 0;
}
