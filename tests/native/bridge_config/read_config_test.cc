#include "plimsoll/native/bridge/config/read_config.h"

#include <chrono>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/bridge/tokens/tokens.h"
#include "plimsoll/tests/support/temporary_directory.h"

// The command line, files and what must be there in the end.

namespace plimsoll::testing::read_config_test {
namespace {

using bridge::CommandLine;
using bridge::Config;
using bridge::parse_command_line;
using bridge::read_config;
using bridge::static_token_line;
using Lines = std::vector<std::string>;

CommandLine parsed(std::initializer_list<const char*> words) {
  std::vector<const char*> arguments{"plimsoll-bridge"};
  arguments.insert(arguments.end(), words);
  const auto invocation = parse_command_line(static_cast<int>(arguments.size()), arguments.data());
  REQUIRE(invocation.command_line);
  return *invocation.command_line;
}

int refused(std::initializer_list<const char*> words) {
  std::vector<const char*> arguments{"plimsoll-bridge"};
  arguments.insert(arguments.end(), words);
  const auto invocation = parse_command_line(static_cast<int>(arguments.size()), arguments.data());
  REQUIRE_FALSE(invocation.command_line);
  return invocation.exit_status;
}

Config config_of(std::initializer_list<const char*> words) {
  const auto read = read_config(parsed(words));
  for (const std::string& line : read.problems.lines()) UNSCOPED_INFO(line);
  REQUIRE(read.problems.empty());
  return read.draft.config;
}

Lines problems_of(std::initializer_list<const char*> words) {
  return read_config(parsed(words)).problems.lines();
}

// A folder with a file of one token, "open", for a profile, and a configuration.
struct Files {
  TemporaryDirectory folder;
  std::string tokens = folder.path() + "/tokens";
  std::string config = folder.path() + "/bridge.toml";

  explicit Files(const std::string& profile, const std::string& text = "") {
    std::ofstream(tokens) << static_token_line({bridge::sha256("open"), profile}) << "\n";
    std::ofstream(config) << text;
  }
};

constexpr const char* server = "--upstream=valkey://127.0.0.1:6379";

TEST_CASE("with nothing configured the least that is needed is said") {
  CHECK(problems_of({}) == Lines{"configuration: no server to connect to: give --upstream "
                                 "valkey://HOST:PORT, or [upstreams.NAME] with a url in the file",
                                 "configuration: no client could connect: give --local to try the "
                                 "bridge on this machine, or a tokens_file or [[jwt_keys]]"});
}

TEST_CASE("--local makes a profile and a token that leads to it, another one each time") {
  const Config config = config_of({"--upstream", "valkey://jane:secret@127.0.0.1", "--local"});
  REQUIRE(config.profiles.size() == 1);
  CHECK(config.profiles[0].name == "local");
  CHECK(config.profiles[0].username == "jane");
  CHECK(config.profiles[0].password == "secret");
  CHECK(config.profiles[0].rules.allow == Lines{"@all"});
  CHECK(config.upstreams[0].name == "default");
  const bridge::Tokens tokens(config.profiles, config.static_tokens, {});
  const auto authorization = tokens.verify(config.local_token, {});
  REQUIRE(authorization);
  CHECK(authorization->profile == &config.profiles[0]);
  CHECK(config_of({server, "--local"}).local_token != config.local_token);
}

TEST_CASE("--local says what may be done with --allow, and only here") {
  const Config config = config_of({server, "--local", "--allow", "@read,set", "--allow", "del"});
  CHECK(config.profiles[0].rules.allow == Lines{"@read", "set", "del"});
  CHECK(config.profiles[0].rules.deny.empty());
  const auto problems = problems_of({server, "--local", "--listen", "0.0.0.0:80"});
  REQUIRE(problems.size() == 2);
  CHECK(problems[1] ==
        "--local: is for this machine only; expected a loopback address for --listen");
}

TEST_CASE("a command line alone is enough, with a file of tokens") {
  const Files files("default");
  const Config config = config_of({"--upstream", "a=valkey://one", "--upstream", "b=unix:///s",
                                   "--listen", "127.0.0.1:1", "--listen", "[::1]:1", "--metrics",
                                   "127.0.0.1:2", "--origin", "http://localhost:5173", "--allow",
                                   "@read", "--token-file", files.tokens.c_str()});
  CHECK(config.listen.size() == 2);
  CHECK(config.metrics->port == 2);
  CHECK(config.origins == Lines{"http://localhost:5173"});
  REQUIRE(config.upstreams.size() == 2);
  CHECK(config.upstreams[0].name == "a");
  CHECK(config.upstreams[1].endpoint.path == "/s");
  CHECK(config.profiles[0].name == "default");
  CHECK(config.static_tokens.size() == 1);
  CHECK(config.local_token.empty());
}

TEST_CASE("options override the file") {
  const Files files("web", R"(
    listen = ["127.0.0.1:1"]
    tokens_file = "tokens"
    [upstreams.main]
    url = "valkey://old"
    [profiles.web]
    upstream = "main"
  )");
  const Config config = config_of({"--config", files.config.c_str(), "--listen", "127.0.0.1:2",
                                   "--upstream", "main=valkey://new"});
  REQUIRE(config.listen.size() == 1);
  CHECK(config.listen[0].port == 2);
  REQUIRE(config.upstreams.size() == 1);
  CHECK(config.upstreams[0].endpoint.host == "new");
  CHECK(config.static_tokens.size() == 1);
}

TEST_CASE("an option does not take TLS away from the file's server") {
  const Files files("web", R"(
    tokens_file = "tokens"
    [upstreams.main]
    url = "valkeys://old"
    ca_file = "ca.pem"
    [profiles.web]
    upstream = "main"
  )");
  const char* file = files.config.c_str();
  CHECK(problems_of({"--config", file, "--upstream", "main=valkey://new"}) ==
        Lines{"--upstream: main has no TLS at new:6379, but the upstream that it replaces has TLS; "
              "expected valkeys://"});
  const Config config = config_of({"--config", file, "--upstream", "main=rediss://new"});
  CHECK(config.upstreams[0].tls.enabled);
  CHECK(config.upstreams[0].tls.ca_file == files.folder.path() + "/ca.pem");
}

TEST_CASE("beyond loopback there is TLS, or a proxy that has it") {
  const Files files("default");
  const auto with = [&](const char* text) {
    std::ofstream(files.config) << text;
    return read_config(parsed({"--config", files.config.c_str(), server, "--allow", "get",
                               "--token-file", files.tokens.c_str(), "--listen", "[::]:80"}))
        .problems.lines();
  };
  CHECK(with("") == Lines{"--listen: has [::]:80, which can be reached from other machines, and "
                          "without TLS tokens would be sent in plaintext; expected [tls] with "
                          "certificate_file and key_file, or behind_proxy = true if a proxy "
                          "terminates TLS"});
  CHECK(with("behind_proxy = true").empty());
  CHECK(with("tls = {certificate_file = \"tokens\", key_file = \"tokens\"}").empty());
}

TEST_CASE("names that lead nowhere are refused") {
  const Files files("nobody", "[profiles.default]\nupstream = \"there\"");
  CHECK(problems_of(
            {"--config", files.config.c_str(), server, "--token-file", files.tokens.c_str()}) ==
        Lines{files.config + ":2: profiles.default.upstream: names an unknown upstream; expected "
                             "one of default",
              files.tokens + ":1: names an unknown profile: nobody; expected one of default"});
  const Files twice("default", "[profiles.default]");
  CHECK(problems_of({"--config", twice.config.c_str(), server, "--allow", "get", "--token-file",
                     twice.tokens.c_str()}) ==
        Lines{"--allow: creates a profile that the file already has: default"});
}

TEST_CASE("files that cannot be read are named") {
  CHECK(problems_of({"--config", "/nowhere.toml", "--token-file", "/none"}) ==
        Lines{"--config: /nowhere.toml: No such file or directory",
              "--token-file: /none: No such file or directory"});
}

TEST_CASE("a bridge is no upstream") {
  CHECK(problems_of({"--upstream", "ws://127.0.0.1:8380/main", "--local"}) ==
        Lines{"--upstream: is the URL of a bridge; expected a server or a cluster: valkey://, "
              "valkeys://, valkey+cluster://, valkeys+cluster:// or unix://"});
}

TEST_CASE("the nodes of a cluster are an upstream, and those of anything else are not") {
  const Config config =
      config_of({"--upstream", "valkeys+cluster://jane:secret@one,two:7000", "--local"});
  REQUIRE(config.upstreams.size() == 1);
  const bridge::Upstream& upstream = config.upstreams[0];
  CHECK(upstream.is_cluster);
  CHECK(upstream.shares_connections);
  CHECK(upstream.tls.enabled);
  CHECK(upstream.endpoint.to_string() == "one:6379");
  CHECK(upstream.seeds == Lines{"two:7000"});
  CHECK(config.profiles[0].username == "jane");
  CHECK(problems_of({"--upstream", "valkey://one,two", "--local"}) ==
        Lines{"--upstream: has several addresses; expected one, or valkey+cluster:// if they are "
              "nodes of a cluster"});
  CHECK(problems_of({"--upstream", "valkey+sentinel://one/primary", "--local"}) ==
        Lines{"--upstream: names sentinels; expected a server or a cluster: valkey://, "
              "valkeys://, valkey+cluster://, valkeys+cluster:// or unix://"});
}

TEST_CASE("an option moves a cluster, with what the file says of its connections") {
  const Files files("web", R"(
    tokens_file = "tokens"
    [upstreams.main]
    url = "valkey+cluster://old,older"
    seeds = ["oldest"]
    request_timeout = "1 s"
    [upstreams.near]
    url = "valkey://old"
    [profiles.web]
  )");
  const char* file = files.config.c_str();
  const Config config = config_of({"--config", file, "--upstream", "main=valkey://new",
                                   "--upstream", "near=valkey+cluster://one,two"});
  REQUIRE(config.upstreams.size() == 2);
  CHECK(config.upstreams[0].is_cluster);
  CHECK(config.upstreams[0].endpoint.host == "new");
  CHECK(config.upstreams[0].seeds.empty());
  CHECK(config.upstreams[0].request_timeout == std::chrono::seconds(1));
  CHECK(config.upstreams[1].is_cluster);
  CHECK(config.upstreams[1].shares_connections);
  CHECK(config.upstreams[1].seeds == Lines{"two:6379"});
  CHECK(problems_of({"--config", file, "--upstream", "main=unix:///s"}) ==
        Lines{"--upstream: main is a unix socket, but the upstream that it replaces is a cluster; "
              "expected valkey:// or valkey+cluster://"});
}

TEST_CASE("values of options that are wrong are told without them") {
  CHECK(
      problems_of({"--listen", "hunter2", "--metrics", "hunter2", "--origin", "hunter2",
                   "--upstream", "hunter2@a", "--upstream", "a=valkey://jane:hunter2@h"}) ==
      Lines{"--listen: has no port; expected ADDRESS:PORT, such as 127.0.0.1:8380 or [::]:80",
            "--metrics: has no port; expected ADDRESS:PORT, such as 127.0.0.1:8380 or [::]:80",
            "--origin: is not an origin; expected for example https://example.org, without a path",
            "--upstream: has no scheme; expected valkey://, valkeys://, valkey+cluster://, "
            "valkeys+cluster:// or unix://",
            "--upstream: has a user or a password; these belong to profiles, except with --local "
            "and one --upstream",
            "configuration: no client could connect: give --local to try the bridge on this "
            "machine, or a tokens_file or [[jwt_keys]]"});
}

TEST_CASE("an option that is none, and one without its value, ends the program") {
  CHECK(refused({"--hunter"}) == 2);
  CHECK(refused({"hunter2"}) == 2);
  CHECK(refused({"--upstream", "valkey://127.0.0.1:1", "hunter2"}) == 2);
  CHECK(refused({"--allow", "@read", "hunter2"}) == 2);
  CHECK(refused({"--config"}) == 2);
  CHECK(refused({"--help"}) == 0);
  CHECK(refused({"--version"}) == 0);
  CHECK(parsed({"--make-token", "web"}).make_token == "web");
  for (const char* name : {"a b", "", "web#1",
                           "w\xc3\xa9"
                           "b"})
    CHECK(refused({"--make-token", name}) == 2);
  CHECK_FALSE(parsed({}).make_token);
}

TEST_CASE("pages lie beside the file, or where --pages says") {
  const Files files("web", R"(
    tokens_file = "tokens"
    [pages]
    folder = "dist"
    [upstreams.main]
    url = "valkey://h"
    [profiles.web]
  )");
  const char* file = files.config.c_str();
  CHECK(config_of({"--config", file}).pages_folder == files.folder.path() + "/dist");
  CHECK(config_of({"--config", file, "--pages", "site"}).pages_folder == "site");
  CHECK(config_of({server, "--local"}).pages_folder.empty());
}

TEST_CASE("allow_unsafe is for this machine alone") {
  const Files files("web", R"(
    tokens_file = "tokens"
    [upstreams.main]
    url = "valkey://h"
    [profiles.web]
    allow_unsafe = ["client|kill"]
  )");
  const char* file = files.config.c_str();
  CHECK(config_of({"--config", file}).profiles[0].rules.allow_unsafe == Lines{"client|kill"});
  const Lines problems =
      problems_of({"--config", file, "--listen", "127.0.0.1:1", "--listen", "[::]:1"});
  REQUIRE(problems.size() == 2);
  CHECK(problems[1] ==
        files.config +
            ":6: profiles.web.allow_unsafe: lets every holder of a token disconnect or pause all "
            "other clients of the server, so it is only for tests on this machine; expected only "
            "loopback addresses in listen, and no proxy in front");
  for (const std::string line : {"behind_proxy = true", "trusted_proxies = [\"127.0.0.1\"]"}) {
    const Files proxied("web", line + R"(
      tokens_file = "tokens"
      [upstreams.main]
      url = "valkey://h"
      [profiles.web]
      allow_unsafe = ["client|kill"]
    )");
    CHECK(problems_of({"--config", proxied.config.c_str()}).size() == 1);
  }
}

}  // namespace
}  // namespace plimsoll::testing::read_config_test
