#include "plimsoll/native/bridge/tokens/tokens.h"

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/bridge/tokens/jwt.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"

namespace plimsoll::testing::tokens_test {
namespace {

using bridge::Authorization;
using bridge::JwtKey;
using bridge::Profile;
using bridge::static_token_line;
using bridge::TokenRefusal;
using bridge::Tokens;
using bridge::Verified;

constexpr std::chrono::system_clock::time_point now{std::chrono::seconds(test_now)};

Profile called(std::string name) {
  Profile profile;
  profile.name = std::move(name);
  return profile;
}

struct World {
  std::vector<Profile> profiles{called("web"), called("admin")};
  Tokens tokens;

  explicit World(std::vector<JwtKey> keys = {hs256_key()})
      : tokens(profiles,
               {{bridge::sha256("first"), "web"},
                {bridge::sha256("second"), "admin"},
                {bridge::sha256("third"), "nobody"}},
               std::move(keys)) {}

  Verified<Authorization> verify(std::string_view token) const { return tokens.verify(token, now); }

  std::string id(std::string_view claims) const {
    const auto authorization =
        verify(sign_claims(R"({"exp":1000000060,)" + std::string(claims) + "}"));
    REQUIRE(authorization);
    return authorization->id;
  }

  TokenRefusal refusal(std::string_view token) const {
    const auto authorization = verify(token);
    REQUIRE_FALSE(authorization);
    return authorization.refusal();
  }
};

TEST_CASE("a static token leads to its profile, for ever") {
  const World world;
  const auto first = world.verify("first");
  REQUIRE(first);
  CHECK(first->profile == &world.profiles[0]);
  CHECK_FALSE(first->expires_at);
  CHECK(world.verify("second")->profile->name == "admin");
}

TEST_CASE("what is no token is refused") {
  const World world;
  CHECK(world.refusal("") == TokenRefusal::unknown_token);
  CHECK(world.refusal("firs") == TokenRefusal::unknown_token);
  CHECK(world.refusal("first ") == TokenRefusal::unknown_token);
  CHECK(world.refusal("third") == TokenRefusal::unknown_profile);
  CHECK(world.refusal("a.b.c") == TokenRefusal::malformed);
  CHECK(world.refusal(std::string(bridge::token_bytes_max + 1, 'x')) == TokenRefusal::too_large);
  // The hash, which the file has, is no token.
  CHECK(world.refusal(static_token_line({bridge::sha256("first"), "web"})) ==
        TokenRefusal::unknown_token);
}

TEST_CASE("a JWT leads to the profile that it names, until it expires") {
  const World world;
  const auto authorization = world.verify(sign_claims(R"({"exp":1000000060,"profile":"web"})"));
  REQUIRE(authorization);
  CHECK(authorization->profile == &world.profiles[0]);
  CHECK(authorization->expires_at == now + std::chrono::seconds(90));
  CHECK(world.refusal(sign_claims(R"({"exp":1,"profile":"web"})")) == TokenRefusal::expired);
  CHECK(world.refusal(sign_claims(R"({"exp":1000000060,"profile":"Web"})")) ==
        TokenRefusal::unknown_profile);
  CHECK(world.refusal(sign_claims(R"({"exp":1000000060})")) == TokenRefusal::unknown_profile);
}

TEST_CASE("without keys a JWT is an unknown token") {
  const World world(std::vector<JwtKey>{});
  CHECK(world.refusal(sign_claims(R"({"exp":1000000060,"profile":"web"})")) ==
        TokenRefusal::unknown_token);
}

TEST_CASE("an id is 16 hex digits, the same for the same token, and not its hash") {
  const World world;
  const std::string id = world.verify("first")->id;
  CHECK(id.size() == 16);
  CHECK(id.find_first_not_of("0123456789abcdef") == id.npos);
  CHECK(world.verify("first")->id == id);
  CHECK(World().verify("first")->id == id);
  CHECK(world.verify("second")->id != id);
  const std::string line = static_token_line({bridge::sha256("first"), "web"});
  CHECK(line.find(id) == line.npos);
}

TEST_CASE("of JWTs those with one jti have one id, or one sub, or one text") {
  const World world;
  const std::string jti = world.id(R"("profile":"web","jti":"1","sub":"jane")");
  CHECK(world.id(R"("profile":"web","jti":"1","sub":"joe")") == jti);
  CHECK(world.id(R"("profile":"web","jti":"2","sub":"jane")") != jti);
  const std::string sub = world.id(R"("profile":"web","sub":"1")");
  CHECK(sub != jti);
  CHECK(world.id(R"("sub":"1","profile":"web")") == sub);
  const std::string bare = world.id(R"("profile":"web")");
  CHECK(world.id(R"("profile":"web")") == bare);
  CHECK(world.id(R"("profile":"web","iat":0)") != bare);
}

TEST_CASE("another signature of the same token does not make it a second token") {
  const KeyPair pair = KeyPair::ec();
  const World world(
      {JwtKey::from_public_key(bridge::JwtAlgorithm::es256, pair.public_pem()).value()});
  const std::string token =
      pair.sign(R"({"alg":"ES256"})", R"({"exp":1000000060,"profile":"web"})");
  const std::string other = with_other_signature(token);
  REQUIRE(other != token);
  const auto authorization = world.verify(other);
  REQUIRE(authorization);
  CHECK(authorization->id == world.verify(token)->id);
}

TEST_CASE("a jti is its table's, whichever key of the table has signed the token") {
  const auto in_table = [](std::size_t table, std::string_view secret) {
    JwtKey key = hs256_key(secret);
    key.table = table;
    return key;
  };
  constexpr std::string_view second = "the second secret, of thirty-two bytes or more";
  constexpr std::string_view third = "the third secret, of thirty-two bytes or more";
  const World world({in_table(0, test_secret), in_table(0, second), in_table(1, third)});
  const auto id = [&](std::string_view secret) {
    return world
        .verify(sign_hs256(R"({"alg":"HS256"})", R"({"exp":1000000060,"profile":"web","jti":"1"})",
                           secret))
        ->id;
  };
  CHECK(id(second) == id(test_secret));
  CHECK(id(third) != id(test_secret));
}

TEST_CASE("each refusal has a sentence of its own, of plain ASCII") {
  std::set<std::string_view> all;
  for (std::size_t i = 0; i < bridge::token_refusals_count; ++i) {
    const std::string_view sentence = text(static_cast<TokenRefusal>(i));
    CHECK(all.insert(sentence).second);
    for (const char c : sentence) CHECK((c >= ' ' && c <= '~'));
  }
}

TEST_CASE("other tokens know what of these still holds") {
  const World before;
  const std::vector<Profile> profiles{called("web"), called("admin")};
  const Tokens after(profiles,
                     {{bridge::sha256("first"), "web"}, {bridge::sha256("second"), "web"}}, {});
  CHECK(after.holds(*before.verify("first")));
  CHECK_FALSE(after.holds(*before.verify("second")));  // leads elsewhere now
  CHECK_FALSE(Tokens(profiles, {}, {}).holds(*before.verify("first")));
}

TEST_CASE("a JWT holds as long as its key is there, for the same audience and issuer") {
  const World before;
  const Authorization authorization =
      *before.verify(sign_claims(R"({"exp":1000000060,"profile":"web"})"));
  const auto holds_with = [&](std::vector<JwtKey> keys) {
    return World(std::move(keys)).tokens.holds(authorization);
  };
  JwtKey other_name = hs256_key();
  other_name.kid = "a";
  JwtKey other_audience = hs256_key();
  other_audience.audience = "a";
  JwtKey other_issuer = hs256_key();
  other_issuer.issuer = "a";
  const JwtKey other_key = hs256_key("another secret of thirty-two bytes and more");
  CHECK(holds_with({other_key, other_name}));
  CHECK_FALSE(holds_with({other_key}));
  CHECK_FALSE(holds_with({other_audience}));
  CHECK_FALSE(holds_with({other_issuer}));
  CHECK_FALSE(holds_with({}));
}

}  // namespace
}  // namespace plimsoll::testing::tokens_test
