// An issuer rotates its keys while clients are connected: it replaces the file with its JWK Set.

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/bridge/tokens/jwt_key_file.h"
#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"
#include "plimsoll/tests/support/temporary_directory.h"

namespace plimsoll::testing::key_rotation_test {
namespace {

constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";
constexpr unsigned open_status = 101;
constexpr unsigned refused_status = 401;
constexpr unsigned policy_error = 1008;

// The issuer's key of RS256 with a name, and a token that it signed.
struct IssuerKey {
  std::string kid;
  KeyPair pair = KeyPair::rsa();
  std::string token =
      pair.sign(R"({"alg":"RS256","typ":"at+jwt","kid":")" + kid + "\"}",
                R"({"exp":4102444800,"aud":"shop","sub":")" + kid + R"(","profile":"page"})");

  std::string jwk() const { return pair.jwk(R"("use":"sig","kid":")" + kid + "\","); }
};

// The file of the issuer's set.
class SetFile {
 public:
  bridge::JwtKeyFile open() const {
    bridge::JwtKeySource source;
    source.kind = bridge::JwtKeySource::Kind::key_set;
    source.path = path_;
    source.audience = "shop";
    return bridge::JwtKeyFile::open(std::move(source)).value();
  }

  // Each text differs in its size, so that the change shows on any file system.
  void replace(const std::string& text) {
    const std::string draft = path_ + ".new";
    std::ofstream(draft, std::ios::binary) << text << std::string(++writes_, '\n');
    REQUIRE(std::rename(draft.c_str(), path_.c_str()) == 0);
  }

 private:
  TemporaryDirectory folder_;
  std::string path_ = folder_.path() + "/keys.json";
  std::size_t writes_ = 0;
};

unsigned log_in(BridgeWorld& world, const IssuerKey& key) {
  return status_of_upgrade(world.port(), {{"Authorization", "Bearer " + key.token}});
}

void check_alive(WebSocketClient& client) {
  client.send(ping);
  CHECK(client.receive() == "+PONG\r\n");
}

TEST_CASE("a rotated key gets in, and the old one is out with all that it let in") {
  const IssuerKey first{"first"};
  const IssuerKey second{"second"};
  SetFile file;
  file.replace(jwk_set({first.jwk()}));
  BridgeOptions options;
  options.key_files = {file.open()};
  BridgeWorld world(std::move(options));
  CHECK(log_in(world, first) == open_status);
  CHECK(log_in(world, second) == refused_status);
  WebSocketClient of_first(world.port(), "resp", first.token);

  file.replace(jwk_set({first.jwk(), second.jwk()}));
  CHECK(log_in(world, second) == open_status);
  CHECK(log_in(world, first) == open_status);
  WebSocketClient of_second(world.port(), "resp", second.token);
  world.look_at_key_files();
  check_alive(of_first);

  file.replace(jwk_set({second.jwk()}));
  CHECK(log_in(world, first) == refused_status);
  CHECK(log_in(world, second) == open_status);
  world.look_at_key_files();
  CHECK(of_first.receive_close() == policy_error);
  CHECK(of_first.reason() == "token withdrawn");
  check_alive(of_second);
}

TEST_CASE("a set that cannot be used changes nothing for anybody") {
  const IssuerKey key{"the key"};
  SetFile file;
  file.replace(jwk_set({key.jwk()}));
  BridgeOptions options;
  options.key_files = {file.open()};
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port(), "resp", key.token);
  for (const std::string& bad : {std::string("{\"keys\":["), jwk_set({}), key.pair.private_pem(),
                                 jwk_set({key.jwk(), R"({"kty":"oct","k":"AQAB"})"})}) {
    file.replace(bad);
    CHECK(log_in(world, key) == open_status);
    world.look_at_key_files();
    check_alive(client);
  }
}

TEST_CASE("a token that is signed with the text of the public key is answered with 401") {
  const IssuerKey key{"the key"};
  SetFile file;
  const std::string set = jwk_set({key.jwk()});
  file.replace(set);
  BridgeOptions options;
  options.key_files = {file.open()};
  BridgeWorld world(std::move(options));
  constexpr std::string_view claims = R"({"exp":4102444800,"aud":"shop","profile":"page"})";
  for (const std::string_view header :
       {R"({"alg":"HS256","kid":"the key"})", R"({"alg":"RS256","kid":"the key"})",
        R"({"alg":"HS256"})"}) {
    for (const std::string& secret : {key.pair.public_pem(), set + "\n", key.jwk()}) {
      const std::string token = sign_hs256(header, claims, secret);
      CHECK(status_of_upgrade(world.port(), {{"Authorization", "Bearer " + token}}) ==
            refused_status);
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::key_rotation_test
