#include "plimsoll/native/bridge/config/config_file.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge_config/jwt_signing.h"
#include "plimsoll/tests/support/temporary_directory.h"

// What a good file says.

namespace plimsoll::testing::config_file_test {
namespace {

using bridge::Config;
using bridge::ConfigDraft;
using bridge::JwtAlgorithm;
using bridge::JwtKey;
using bridge::Problems;

ConfigDraft read(std::string_view text, const std::string& file = "bridge.toml") {
  Problems problems;
  ConfigDraft draft = bridge::read_config_text(text, file, problems);
  for (const std::string& line : problems.lines()) UNSCOPED_INFO(line);
  CHECK(problems.empty());
  return draft;
}

TEST_CASE("an empty file leaves everything as it is by default") {
  const Config config = read("").config;
  REQUIRE(config.listen.size() == 1);
  CHECK(config.listen[0].to_string() == "127.0.0.1:8380");
  CHECK_FALSE(config.metrics);
  CHECK_FALSE(config.behind_proxy);
  CHECK(config.origins.empty());
  CHECK(config.limits.connections_max == 10'000);
  CHECK(config.limits.ipv6_prefix_bits == 64);
  CHECK(config.limits.memory_limit == 256 * 1024 * 1024);
  CHECK(config.limits.ping_interval == std::chrono::seconds(25));
  CHECK(config.limits.lame_duck == std::chrono::seconds(0));
  CHECK(config.log_format == bridge::LogFormat::text);
  CHECK(config.threads == 1);
}

TEST_CASE("a file says where to listen, to whom, and how much") {
  const Config config = read(R"(
    listen = ["[::]:443", "127.0.0.1:8380"]
    metrics = "127.0.0.1:9380"
    behind_proxy = true
    proxy_protocol = true
    trusted_proxies = ["10.0.0.0/8", "::1"]
    origins = ["https://app.example", "http://localhost:5173"]
    hosts = ["bridge.local"]
    access_log = "stderr"
    log_format = "json"
    threads = 4

    [tls]
    certificate_file = "/etc/bridge/certificate.pem"
    key_file = "key.pem"

    [limits]
    connections_max = 7
    ipv6_prefix_bits = 56
    commands_per_second_per_token = 0
    message_bytes_max = "64 KiB"
    request_bytes_max = 65536
    memory_limit = "1 GiB"
    connect_timeout = "250 ms"
    lame_duck = "15 s"
    drain_timeout = "0 s"
  )",
                             "/etc/plimsoll/bridge.toml")
                            .config;
  CHECK(config.listen.size() == 2);
  CHECK(config.metrics->port == 9380);
  CHECK(config.behind_proxy);
  CHECK(config.proxy_protocol);
  CHECK(config.trusted_proxies.size() == 2);
  CHECK(config.origins.size() == 2);
  CHECK(config.hosts == std::vector<std::string>{"bridge.local"});
  CHECK(config.access_log == "stderr");
  CHECK(config.log_format == bridge::LogFormat::json);
  CHECK(config.threads == 4);
  CHECK(config.certificate_file == "/etc/bridge/certificate.pem");
  CHECK(config.key_file == "/etc/plimsoll/key.pem");
  CHECK(config.limits.connections_max == 7);
  CHECK(config.limits.ipv6_prefix_bits == 56);
  CHECK(config.limits.message_bytes_max == 65536);
  CHECK(config.limits.request_bytes_max == 65536);
  CHECK(config.limits.memory_limit == 1024 * 1024 * 1024);
  CHECK(config.limits.connect_timeout == std::chrono::milliseconds(250));
  CHECK(config.limits.lame_duck == std::chrono::seconds(15));
  CHECK(config.limits.drain_timeout == std::chrono::milliseconds(0));
}

TEST_CASE("a file says which upstreams there are") {
  const Config config = read(R"(
    [upstreams.main]
    url = "valkeys://server.example:6380"
    ca_file = "ca.pem"
    server_name = "valkey"
    [upstreams.near]
    url = "unix:///run/valkey.sock"
  )")
                            .config;
  REQUIRE(config.upstreams.size() == 2);
  CHECK(config.upstreams[0].name == "main");
  CHECK(config.upstreams[0].endpoint.to_string() == "server.example:6380");
  CHECK(config.upstreams[0].tls.enabled);
  CHECK(config.upstreams[0].tls.ca_file == "ca.pem");
  CHECK(config.upstreams[0].tls.server_name == "valkey");
  CHECK(config.upstreams[1].endpoint.to_string() == "unix:/run/valkey.sock");
  CHECK_FALSE(config.upstreams[1].tls.enabled);
}

TEST_CASE("a file says what profiles may do, with passwords from three places") {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() + "/password") << "from a file\n";
  ::setenv("PLIMSOLL_TEST_PASSWORD", "from a variable", 1);
  const Config config = read(R"(
    [profiles.a]
    upstream = "main"
    username = "jane"
    password = "inline"
    allow = ["@read", "client|id", "SET"]
    deny = ["keys"]
    key_prefixes = ["app:"]
    channel_prefixes = ["news:"]
    databases = [0, 3]
    connections_max = 5
    requests_in_flight_max = 7
    reply_bytes_ahead_max = "8 KiB"
    transaction_bytes_max = "2 MiB"
    subscriptions_max = 9
    key_bytes_max = 100
    [profiles.b]
    password_file = "password"
    [profiles.c]
    password_env = "PLIMSOLL_TEST_PASSWORD"
  )",
                             folder.path() + "/bridge.toml")
                            .config;
  REQUIRE(config.profiles.size() == 3);
  const bridge::Profile& a = config.profiles[0];
  CHECK(a.name == "a");
  CHECK(a.upstream == "main");
  CHECK(a.username == "jane");
  CHECK(a.password == "inline");
  CHECK(a.rules.allow == std::vector<std::string>{"@read", "client|id", "SET"});
  CHECK(a.rules.deny == std::vector<std::string>{"keys"});
  CHECK(a.rules.key_prefixes == std::vector<std::string>{"app:"});
  CHECK(a.rules.channel_prefixes == std::vector<std::string>{"news:"});
  CHECK(a.rules.databases == std::vector<std::uint32_t>{0, 3});
  CHECK(a.connections_max == 5);
  CHECK(a.window.requests_in_flight_max == 7);
  CHECK(a.window.reply_bytes_ahead_max == 8192);
  CHECK(a.kept.transaction_bytes_max == 2 * 1024 * 1024);
  CHECK(a.kept.subscriptions_max == 9);
  CHECK(a.rules.key_bytes_max == 100);
  CHECK(config.profiles[1].password == "from a file");
  CHECK(config.profiles[1].connections_max == 100);
  CHECK(config.profiles[1].kept.transaction_bytes_max == 1024 * 1024);
  CHECK(config.profiles[1].kept.subscriptions_max == 1024);
  CHECK(config.profiles[1].rules.key_bytes_max == 4096);
  CHECK(config.profiles[2].password == "from a variable");
}

TEST_CASE("a file says which keys tokens are verified with") {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() + "/secret") << test_secret << "\n";
  std::ofstream(folder.path() + "/public.pem") << KeyPair::ed25519().public_pem();
  std::ofstream(folder.path() + "/keys.json")
      << jwk_set({KeyPair::rsa().jwk(R"("kid":"r",)"), KeyPair::ec().jwk(R"("kid":"e",)")});
  const Config config = read(R"(
    [[jwt_keys]]
    algorithm = "HS256"
    secret_file = "secret"
    kid = "1"
    audience = "bridge"
    issuer = "https://issuer.example"
    [[jwt_keys]]
    algorithm = "EdDSA"
    public_key_file = "public.pem"
    [[jwt_keys]]
    jwks_file = "keys.json"
    audience = "shop"
    issuer = "https://other.example"
  )",
                             folder.path() + "/bridge.toml")
                            .config;
  REQUIRE(config.jwt_key_files.size() == 3);
  const JwtKey& secret = config.jwt_key_files[0].keys().at(0);
  CHECK(secret.algorithm() == JwtAlgorithm::hs256);
  CHECK(secret.kid == "1");
  CHECK(secret.audience == "bridge");
  CHECK(secret.issuer == "https://issuer.example");
  CHECK(config.jwt_key_files[1].keys().at(0).algorithm() == JwtAlgorithm::eddsa);
  const std::vector<JwtKey>& set = config.jwt_key_files[2].keys();
  REQUIRE(set.size() == 2);
  CHECK(set[0].algorithm() == JwtAlgorithm::rs256);
  CHECK(set[0].kid == "r");
  CHECK(set[1].algorithm() == JwtAlgorithm::es256);
  CHECK(set[1].kid == "e");
  for (const JwtKey& key : set) {
    CHECK(key.audience == "shop");
    CHECK(key.issuer == "https://other.example");
    CHECK(key.table == 2);
  }
}

}  // namespace
}  // namespace plimsoll::testing::config_file_test
