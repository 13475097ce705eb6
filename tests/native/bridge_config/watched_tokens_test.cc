#include "plimsoll/native/bridge/tokens/watched_tokens.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/bridge/tokens/jwk_set.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"
#include "plimsoll/tests/support/temporary_directory.h"

// Keys that follow their files.

namespace plimsoll::testing::watched_tokens_test {
namespace {

using bridge::Authorization;
using bridge::JwtAlgorithm;
using bridge::JwtKeyFile;
using bridge::JwtKeySource;
using bridge::Profile;
using bridge::TokenRefusal;
using bridge::WatchedTokens;
using Lines = std::vector<std::string>;

constexpr std::chrono::system_clock::time_point now{std::chrono::seconds(test_now)};
constexpr std::string_view claims = R"({"exp":1000000060,"profile":"web","sub":"jane"})";

std::vector<Profile> one_profile() {
  std::vector<Profile> all(1);
  all[0].name = "web";
  return all;
}

JwtKeySource source_of(JwtKeySource::Kind kind) {
  JwtKeySource source;
  source.kind = kind;
  return source;
}

// A folder with a file of keys, and tokens that follow it.
struct World {
  TemporaryDirectory folder;
  std::string path = folder.path() + "/keys";
  std::vector<Profile> profiles = one_profile();
  int writes = 0;

  // As an issuer should: another file takes the place of the old one. Their sizes differ, because
  // a clock may give both the same time, and a file system the same number.
  void write(std::string text) {
    text += std::string(static_cast<std::size_t>(++writes), '\n');
    const std::string draft = path + ".new";
    std::ofstream(draft, std::ios::binary) << text;
    REQUIRE(std::rename(draft.c_str(), path.c_str()) == 0);
  }

  JwtKeyFile open(JwtKeySource source) const {
    source.path = path;
    return JwtKeyFile::open(std::move(source)).value();
  }
  JwtKeyFile open_set() const { return open(source_of(JwtKeySource::Kind::key_set)); }

  WatchedTokens tokens(JwtKeyFile file) const { return {profiles, {}, {std::move(file)}}; }
};

// An issuer's key of ES256 with a name.
struct Issuer {
  std::string kid;
  KeyPair pair = KeyPair::ec();

  std::string jwk() const { return pair.jwk(R"("kid":")" + kid + "\","); }
  std::string token() const { return pair.sign(R"({"alg":"ES256","kid":")" + kid + "\"}", claims); }
};

TEST_CASE("a set that is replaced has its new keys in force at the next token, and no others") {
  World world;
  const Issuer first{"first"};
  const Issuer second{"second"};
  world.write(jwk_set({first.jwk()}));
  WatchedTokens tokens = world.tokens(world.open_set());
  CHECK(tokens.verify(first.token(), now));
  CHECK(tokens.verify(second.token(), now).refusal() == TokenRefusal::unknown_key);
  CHECK_FALSE(tokens.take_change());
  CHECK(tokens.take_notes().empty());

  world.write(jwk_set({first.jwk(), second.jwk()}));
  CHECK(tokens.verify(second.token(), now));
  CHECK(tokens.verify(first.token(), now));
  CHECK(tokens.take_change());
  CHECK(tokens.take_notes() == Lines{world.path + ": was read again, and has 2 keys"});

  world.write(jwk_set({second.jwk()}));
  CHECK(tokens.verify(first.token(), now).refusal() == TokenRefusal::unknown_key);
  CHECK(tokens.verify(second.token(), now));
  CHECK(tokens.take_notes() == Lines{world.path + ": was read again, and has 1 key"});
}

TEST_CASE("connections outlive a change of the set as long as their key is in it") {
  World world;
  const Issuer first{"first"};
  const Issuer second{"second"};
  world.write(jwk_set({first.jwk()}));
  WatchedTokens tokens = world.tokens(world.open_set());
  const Authorization old = *tokens.verify(first.token(), now);
  world.write(jwk_set({second.jwk(), first.jwk()}));
  tokens.look_at_files();
  CHECK(tokens.take_change());
  CHECK(tokens.holds(old));
  // The same issuer's token of the same subject is the same token for the limits.
  CHECK(tokens.verify(second.token(), now)->id == old.id);
  world.write(jwk_set({second.jwk()}));
  tokens.look_at_files();
  CHECK_FALSE(tokens.holds(old));
  CHECK(tokens.holds(*tokens.verify(second.token(), now)));
}

TEST_CASE("a file that cannot be used leaves the old keys in force, and is told of once") {
  World world;
  const Issuer issuer{"a"};
  world.write(jwk_set({issuer.jwk()}));
  WatchedTokens tokens = world.tokens(world.open_set());
  const std::string end = "; the keys that were read before stay in force";

  world.write("{\"keys\": [");
  CHECK(tokens.verify(issuer.token(), now));
  CHECK(tokens.take_notes() ==
        Lines{world.path + ": not an object of JSON in UTF-8 that has each name once" + end});
  world.write("hunter2");  // the same once more
  CHECK(tokens.verify(issuer.token(), now));
  CHECK(tokens.take_notes().empty());
  world.write(R"({"keys":[{"kty":"oct","k":"hunter2"}]})");
  CHECK(tokens.verify(issuer.token(), now));
  const Lines notes = tokens.take_notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].starts_with(world.path + ": key 1 is private or symmetric"));
  REQUIRE(std::remove(world.path.c_str()) == 0);
  CHECK(tokens.verify(issuer.token(), now));
  CHECK(tokens.take_notes() == Lines{world.path + ": No such file or directory" + end});
  CHECK_FALSE(tokens.take_change());

  const Issuer next{"b"};
  world.write(jwk_set({next.jwk()}));
  CHECK(tokens.verify(next.token(), now));
  CHECK(tokens.take_notes() == Lines{world.path + ": was read again, and has 1 key"});
  CHECK(tokens.take_change());
}

TEST_CASE("keys that are left out are named at the start and after each change") {
  World world;
  const Issuer issuer{"a"};
  const std::string left_out = world.path + ": key 2 is left out: its kty is not RSA, EC or OKP";
  world.write(jwk_set({issuer.jwk(), R"({"kty":"new"})"}));
  WatchedTokens tokens = world.tokens(world.open_set());
  CHECK(tokens.take_notes() == Lines{left_out});
  tokens.look_at_files();
  CHECK(tokens.take_notes().empty());
  world.write(jwk_set({issuer.jwk(), R"({"kty":"new"})"}));
  tokens.look_at_files();
  CHECK(tokens.take_notes() == Lines{world.path + ": was read again, and has 1 key", left_out});
}

TEST_CASE("a public key in PEM follows its file, and keeps what the configuration says of it") {
  World world;
  const KeyPair first = KeyPair::rsa();
  const KeyPair second = KeyPair::rsa();
  const std::string header = R"({"alg":"RS256","kid":"a"})";
  const std::string payload = R"({"exp":1000000060,"profile":"web","aud":"us","iss":"them"})";
  world.write(first.public_pem());
  WatchedTokens tokens = world.tokens(world.open({.kind = JwtKeySource::Kind::public_key,
                                                  .path = "",
                                                  .algorithm = JwtAlgorithm::rs256,
                                                  .kid = "a",
                                                  .audience = "us",
                                                  .issuer = "them"}));
  CHECK(tokens.verify(first.sign(header, payload), now));
  world.write(second.public_pem());
  CHECK(tokens.verify(first.sign(header, payload), now).refusal() == TokenRefusal::forged);
  CHECK(tokens.verify(second.sign(header, payload), now));
  CHECK(tokens.verify(second.sign(header, claims), now).refusal() == TokenRefusal::wrong_audience);
  CHECK(tokens.verify(second.sign(R"({"alg":"RS256","kid":"b"})", payload), now).refusal() ==
        TokenRefusal::unknown_key);
  world.write(KeyPair::ec().public_pem());
  CHECK(tokens.verify(second.sign(header, payload), now));
  CHECK(tokens.take_notes().back().starts_with(world.path + ": a public key of another kind"));
}

TEST_CASE("the file of a secret is read again only when the whole configuration is") {
  World world;
  const JwtKeySource source = source_of(JwtKeySource::Kind::secret);
  world.write(std::string(test_secret));
  WatchedTokens tokens = world.tokens(world.open(source));
  const std::string token = sign_hs256(R"({"alg":"HS256"})", claims);
  const Authorization old = *tokens.verify(token, now);
  world.write("another secret of thirty-two bytes and more");
  CHECK(tokens.verify(token, now));
  tokens.replace({}, {world.open(source)});
  CHECK(tokens.take_change());
  CHECK(tokens.verify(token, now).refusal() == TokenRefusal::forged);
  CHECK_FALSE(tokens.holds(old));
}

TEST_CASE("the file of a set may have 256 KiB") {
  World world;
  std::string text = jwk_set({Issuer{"a"}.jwk()});
  text.append(bridge::jwk_set_bytes_max - text.size() - 1, ' ');
  world.write(text);  // adds a newline
  CHECK(world.open_set().keys().size() == 1);
  world.write(text);  // adds two
  JwtKeySource source = source_of(JwtKeySource::Kind::key_set);
  source.path = world.path;
  const auto file = JwtKeyFile::open(source);
  REQUIRE_FALSE(file);
  CHECK(file.error().text() == world.path + ": has more than 262144 bytes");
}

}  // namespace
}  // namespace plimsoll::testing::watched_tokens_test
