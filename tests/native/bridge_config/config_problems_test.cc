#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/bridge/config/config_file.h"

// What is said of a file that is wrong.

namespace plimsoll::testing::config_problems_test {
namespace {

using bridge::Problems;

std::vector<std::string> problems_of(std::string_view text) {
  Problems problems;
  static_cast<void>(bridge::read_config_text(text, "b.toml", problems));
  return problems.lines();
}

struct Row {
  std::string_view text;
  std::string_view problem;
};

void check(const Row& row) {
  CAPTURE(row.text);
  CHECK(problems_of(row.text) == std::vector<std::string>{std::string(row.problem)});
}

TEST_CASE("a problem of the whole file names file, line, key, what it is and what is expected") {
  check(GENERATE(
      Row{"\nlisten = 8380", "b.toml:2: listen: is an integer; expected a list of texts, in [ ]"},
      Row{"listen = [\"a:1\"]",
          "b.toml:1: listen: entry 1 has something else than an IP address in front of the port; "
          "expected "
          "ADDRESS:PORT, such as 127.0.0.1:8380 or [::]:80"},
      Row{"listen = [\"127.0.0.1:1\", 2]",
          "b.toml:1: listen: entry 2 is an integer; expected a text, in quotes"},
      Row{"metrics = \"9380\"",
          "b.toml:1: metrics: has no address; expected ADDRESS:PORT, such as "
          "127.0.0.1:8380 or [::]:80"},
      Row{"log_format = \"xml\"",
          "b.toml:1: log_format: is unknown; expected \"text\" or \"json\""},
      Row{"behind_proxy = \"yes\"", "b.toml:1: behind_proxy: is a text; expected true or false"},
      Row{"proxy_protocol = true",
          "b.toml:1: proxy_protocol: is true without trusted_proxies, so the bridge would refuse "
          "every connection; expected trusted_proxies"},
      Row{"trusted_proxies = [\"10.0.0.1/8\"]",
          "b.toml:1: trusted_proxies: entry 1 is not a network; expected for example "
          "10.0.0.0/8, with no bits set after the prefix"},
      Row{"origins = [\"*\"]",
          "b.toml:1: origins: entry 1 is not an origin; expected for example "
          "\"https://example.org\", in lower case, without a path or a *"},
      Row{"origins = [\"https://example.org/\"]",
          "b.toml:1: origins: entry 1 is not an origin; expected for example "
          "\"https://example.org\", in lower case, without a path or a *"},
      Row{"hosts = [\"a:80\"]",
          "b.toml:1: hosts: entry 1 is not a host name; expected for example "
          "\"bridge.example.org\", in lower case, without a port"},
      Row{"tls = 1", "b.toml:1: tls: is an integer; expected a table, which begins with [tls]"},
      Row{"[tls]\nkey_file = \"k\"",
          "b.toml:1: tls.certificate_file: is missing; TLS needs certificate_file and key_file"},
      Row{"[tls]",
          "b.toml:1: tls: has no files; expected certificate_file and key_file, or no [tls] for a "
          "bridge without TLS"},
      Row{"[pages]",
          "b.toml:1: pages.folder: is missing; expected the folder of the files to serve"},
      Row{"[pages]\nfolder = \"\"",
          "b.toml:2: pages.folder: is missing; expected the folder of the files to serve"},
      Row{"[pages]\nfolder = \"a\"\nindex = \"b\"",
          "b.toml:3: pages.index: unknown key; expected one of folder"},
      Row{"[pages]\nfolder = \"a\"\nfoldre = \"b\"",
          "b.toml:3: pages.foldre: unknown key; expected one of folder; did you mean folder?"},
      Row{"[tls]\nkey = 1",
          "b.toml:2: tls.key: unknown key; expected one of certificate_file, "
          "key_file"}));
}

TEST_CASE("a limit out of its bounds, or of another type, is named with its bounds") {
  check(GENERATE(
      Row{"[limits]\nconnections_max = 0",
          "b.toml:2: limits.connections_max: is 0; expected 1 to 1000000"},
      Row{"[limits]\nconnections_max = 1.5",
          "b.toml:2: limits.connections_max: is a number with a fraction; expected an integer"},
      Row{"[limits]\nipv6_prefix_bits = 31",
          "b.toml:2: limits.ipv6_prefix_bits: is 31; expected 32 to 128"},
      Row{"[limits]\nipv6_prefix_bits = 129",
          "b.toml:2: limits.ipv6_prefix_bits: is 129; expected 32 to 128"},
      Row{"[limits]\ncommands_per_second_per_token = -1",
          "b.toml:2: limits.commands_per_second_per_token: is -1; expected 0 to 10000000"},
      Row{"[limits]\nmessage_bytes_max = \"1 GiB\"",
          "b.toml:2: limits.message_bytes_max: is 1 GiB; expected 4 KiB to 64 MiB"},
      Row{"[limits]\nmessage_bytes_max = \"lots\"",
          "b.toml:2: limits.message_bytes_max: is not an amount; expected for example \"64 MiB\" "
          "or "
          "65536"},
      Row{"[limits]\nmessage_bytes_max = true",
          "b.toml:2: limits.message_bytes_max: is a boolean; expected a text such as \"64 MiB\", "
          "or "
          "an integer"},
      Row{"[limits]\nconnect_timeout = 5",
          "b.toml:2: limits.connect_timeout: is an integer; expected a text such as \"5 s\" or "
          "\"250 ms\""},
      Row{"[limits]\nconnect_timeout = \"5\"",
          "b.toml:2: limits.connect_timeout: is not a duration; expected for example \"5 s\" or "
          "\"250 ms\""},
      Row{"[limits]\nconnect_timeout = \"1 h\"",
          "b.toml:2: limits.connect_timeout: is 1 h; expected 100 ms to 5 min"},
      Row{"[limits]\nlame_duck = \"3601 s\"",
          "b.toml:2: limits.lame_duck: is 3601 s; expected 0 s to 1 h"},
      Row{"[limits]\nrequest_bytes_max = \"64 MiB\"\nmemory_limit = \"100 MiB\"",
          "b.toml:3: limits.memory_limit: is 100 MiB; expected at least twice request_bytes_max "
          "(64 MiB)"}));
}

TEST_CASE("what is wrong with an upstream is said without its credentials") {
  check(GENERATE(
      Row{"[upstreams.a]", "b.toml:1: upstreams.a.url: is missing; expected valkey://HOST:PORT"},
      Row{"[upstreams]\na = \"valkey://h\"",
          "b.toml:2: upstreams.a: is a text; expected a table, "
          "which begins with [upstreams.NAME]"},
      Row{"[upstreams.\"a b\"]\nurl = \"valkey://h\"",
          "b.toml:1: upstreams: has a name with other characters than letters, digits, - _ and ."},
      Row{"[upstreams.a]\nurl = \"valkey://jane:hunter2@h\"",
          "b.toml:2: upstreams.a.url: has a user or a password; these belong to profiles"},
      Row{"[upstreams.a]\nurl = \"valkey://jane:hun/ter2@h\"",
          "b.toml:2: upstreams.a.url: user or password has a / or ? that is not escaped; "
          "expected %2F or %3F"},
      Row{"[upstreams.a]\nurl = \"valkey://h/3\"",
          "b.toml:2: upstreams.a.url: sets database, client_name or protocol, which each client "
          "chooses itself"},
      Row{"[upstreams.a]\nurl = \"valkey://h\"\nca_file = \"x\"",
          "b.toml:3: upstreams.a.ca_file: applies only to TLS; expected valkeys:// in url"},
      Row{"[upstreams.a]\nurl = \"valkeys://h\"\nkey_file = \"x\"",
          "b.toml:1: upstreams.a.certificate_file: is missing; a client certificate needs "
          "certificate_file and key_file"}));
}

TEST_CASE("what is wrong with a profile is said without its password") {
  check(GENERATE(
      Row{"[profiles.a]\npassword = 12345",
          "b.toml:2: profiles.a.password: is an integer; expected "
          "a text, in quotes"},
      Row{"[profiles.a]\npassword = \"hunter2\"\npassword_env = \"P\"",
          "b.toml:2: profiles.a.password: is given more than once; expected only one of password, "
          "password_file and password_env"},
      Row{"[profiles.a]\npassword_file = \"/nowhere/password\"",
          "b.toml:2: profiles.a.password_file: /nowhere/password: No such file or directory"},
      Row{"[profiles.a]\npassword_env = \"PLIMSOLL_TEST_NOT_SET\"",
          "b.toml:2: profiles.a.password_env: PLIMSOLL_TEST_NOT_SET: is not set, or empty"},
      Row{"[profiles.a]\npassword_env = \"$hunter2\"",
          "b.toml:2: profiles.a.password_env: is not the name of an environment variable"},
      Row{"[profiles.a]\nusername = \"jane\"",
          "b.toml:2: profiles.a.username: has no password; expected password, password_file or "
          "password_env"},
      Row{"[profiles.a]\nallow = [\"get set\"]",
          "b.toml:2: profiles.a.allow: entry 1 is neither a command nor a @category; expected for "
          "example get, config|get or @read; each rule has quotes of its own"},
      Row{"[profiles.a]\ndatabases = [-1]",
          "b.toml:2: profiles.a.databases: has -1 in it; expected 0 to 999999"},
      Row{"[profiles.a]\nconnections_max = 0",
          "b.toml:2: profiles.a.connections_max: is 0; expected 1 to 1000000"},
      Row{"[profiles.a]\ntransaction_bytes_max = \"1 KiB\"",
          "b.toml:2: profiles.a.transaction_bytes_max: is 1 KiB; expected 4 KiB to 1 GiB"},
      Row{"[profiles.a]\nsubscriptions_max = 0",
          "b.toml:2: profiles.a.subscriptions_max: is 0; expected 1 to 1000000"},
      Row{"[profiles.a]\nkey_bytes_max = \"2 MiB\"",
          "b.toml:2: profiles.a.key_bytes_max: is 2 MiB; expected 1 B to 1 MiB"}));
}

TEST_CASE("what is wrong with a key is said without it") {
  check(GENERATE(
      Row{"[jwt_keys]",
          "b.toml:1: jwt_keys: is a table; expected tables, each of which begins with "
          "[[jwt_keys]]"},
      Row{"[[jwt_keys]]",
          "b.toml:1: jwt_keys.algorithm: is missing; expected HS256, RS256, ES256 or EdDSA, or a "
          "jwks_file"},
      Row{"[[jwt_keys]]\nalgorithm = \"none\"",
          "b.toml:2: jwt_keys.algorithm: is unknown; expected HS256, RS256, ES256 or EdDSA"},
      Row{"[[jwt_keys]]\nalgorithm = \"RS512\"\npublic_key_file = \"/dev/null\"",
          "b.toml:2: jwt_keys.algorithm: is unknown; expected HS256, RS256, ES256 or EdDSA"},
      Row{"[[jwt_keys]]\nalgorithm = \"HS256\"",
          "b.toml:1: jwt_keys.secret_file: is missing; HS256 needs it"},
      Row{"[[jwt_keys]]\nalgorithm = \"EdDSA\"\npublic_key_file = \"/dev/null\"",
          "b.toml:3: jwt_keys.public_key_file: /dev/null: is empty"},
      Row{"[[jwt_keys]]\nalgorithm = \"RS256\"",
          "b.toml:1: jwt_keys.public_key_file: is missing; RS256 needs it"},
      Row{"[[jwt_keys]]\nalgorithm = \"ES256\"\npublic_key_file = \"\"",
          "b.toml:3: jwt_keys.public_key_file: is empty; expected the name of a file"},
      Row{"[[jwt_keys]]\njwks_file = \"/nowhere/keys.json\"",
          "b.toml:2: jwt_keys.jwks_file: /nowhere/keys.json: No such file or directory"},
      Row{"[[jwt_keys]]\njwks_file = \"/dev/null\"",
          "b.toml:2: jwt_keys.jwks_file: /dev/null: not an object of JSON in UTF-8 that has each "
          "name once"},
      Row{"[[jwt_keys]]\njwks_file = 1",
          "b.toml:2: jwt_keys.jwks_file: is an integer; expected a text, in quotes"}));
}

TEST_CASE("what belongs to a single key is refused beside a set of keys") {
  const std::vector<std::string> expected{
      "b.toml:2: jwt_keys.jwks_file: /nowhere/keys: No such file or directory",
      "b.toml:3: jwt_keys.algorithm: is for a single key, not for a jwks_file",
      "b.toml:4: jwt_keys.kid: is for a single key, not for a jwks_file",
      "b.toml:5: jwt_keys.secret_file: is for a single key, not for a jwks_file",
      "b.toml:6: jwt_keys.public_key_file: is for a single key, not for a jwks_file",
  };
  CHECK(problems_of("[[jwt_keys]]\njwks_file = \"/nowhere/keys\"\nalgorithm = \"RS256\"\n"
                    "kid = \"a\"\nsecret_file = \"a\"\npublic_key_file = \"a\"") == expected);
}

TEST_CASE("32 tables of keys are taken, and 33 are too many") {
  const auto problems_with = [](int tables) {
    std::string text;
    for (int i = 0; i < tables; ++i) text += "[[jwt_keys]]\njwks_file = \"/nowhere/keys\"\n";
    return problems_of(text);
  };
  CHECK(problems_with(32).size() == 32);
  CHECK(problems_with(33).front() == "b.toml:1: jwt_keys: has 33 entries; expected 32 at most");
}

TEST_CASE("several problems are told at once") {
  const std::vector<std::string> expected{
      "b.toml:1: metrics: is an integer; expected a text, in quotes",
      "b.toml:3: limits.connections_max: is 0; expected 1 to 1000000",
      "b.toml:4: limits.ping_interval: is not a duration; expected for example \"5 s\" or \"250 "
      "ms\"",
  };
  CHECK(problems_of("metrics = 1\n[limits]\nconnections_max = 0\nping_interval = \"soon\"") ==
        expected);
}

TEST_CASE("what is no TOML is said where, and without a word of it") {
  const auto text = GENERATE("password = hunter2", "password = \"hunter2", "password = 12hunter2",
                             "password = 'hunter2' hunter2", "password = truehunter2",
                             "password hunter2", "a = 1\na = \"hunter2\"", "a = \"\\hunter2\"",
                             "a = 0xhunter2", "[hunter2", "a = 2001-hunter2", "a = hunter2\xff");
  CAPTURE(text);
  const auto problems = problems_of(text);
  REQUIRE(problems.size() == 1);
  CAPTURE(problems[0]);
  CHECK(problems[0].starts_with("b.toml:"));
  CHECK(problems[0].find("ter2") == std::string::npos);
  CHECK(problems[0].find("'") == std::string::npos);
}

TEST_CASE("a key that is there twice is said to be") {
  check({"a = 1\na = 2", "b.toml:2:5: a key or a table that is there already"});
}

TEST_CASE("an unknown key is named with those that there are") {
  const auto problems = problems_of("listening = 1");
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] ==
        "b.toml:1: listening: unknown key; expected one of access_log, behind_proxy, hosts, "
        "jwt_keys, limits, listen, log_format, metrics, origins, pages, profiles, proxy_protocol, "
        "threads, tls, tokens_file, trusted_proxies, upstreams");
}

}  // namespace
}  // namespace plimsoll::testing::config_problems_test
