#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/options.h"

namespace plimsoll::testing::url_test {
namespace {

using native::Endpoint;
using native::Options;
using native::parse_url;
using native::Target;

Target parsed(std::string_view url, Options options = {}) {
  return parse_url(url, std::move(options)).value();
}

std::string refusal(std::string_view url, Options options = {}) {
  const auto target = parse_url(url, std::move(options));
  REQUIRE_FALSE(target);
  CHECK(target.error().code() == ErrorCode::invalid_option);
  CHECK(target.error().executed() == Executed::no);
  return target.error().what();
}

TEST_CASE("a url of a host alone means its usual port, database 0 and no credentials") {
  const auto url = GENERATE("valkey://example.org", "redis://example.org", "valkey://example.org/",
                            "valkey://example.org:6379/0");
  const Target target = parsed(url);
  CHECK(target.endpoints.front().kind == Endpoint::Kind::tcp);
  CHECK(target.endpoints.front().host == "example.org");
  CHECK(target.endpoints.front().port == 6379);
  CHECK(target.endpoints.front().to_string() == "example.org:6379");
  CHECK(target.options.database == 0);
  CHECK(target.options.username.empty());
  CHECK(target.options.password.empty());
}

TEST_CASE("a url says user, password, host, port and database") {
  const Target target = parsed("valkey://jane:secret@10.0.0.1:7000/15");
  CHECK(target.options.username == "jane");
  CHECK(target.options.password == "secret");
  CHECK(target.endpoints.front().host == "10.0.0.1");
  CHECK(target.endpoints.front().port == 7000);
  CHECK(target.options.database == 15);
}

TEST_CASE("a url may give a password alone, which is the default user's") {
  const Target target = parsed("valkey://:secret@host");
  CHECK(target.options.username.empty());
  CHECK(target.options.password == "secret");
}

TEST_CASE("percent escapes in user and password stand for any byte, in either case") {
  const Target target = parsed("valkey://j%40n%3ae:%00%2F%2f%3A%FF@host/3");
  CHECK(target.options.username == "j@n:e");
  CHECK(target.options.password == std::string_view("\0//:\xff", 5));
  CHECK(target.options.database == 3);
}

TEST_CASE(
    "of several @ the last one stands before the host, of several : the first one before the "
    "password") {
  const Target target = parsed("valkey://jane:a@b:c@host:1");
  CHECK(target.options.username == "jane");
  CHECK(target.options.password == "a@b:c");
  CHECK(target.endpoints.front().to_string() == "host:1");
}

TEST_CASE("an IPv6 address stands in brackets, in the url and in messages") {
  CHECK(parsed("valkey://[::1]").endpoints.front().host == "::1");
  CHECK(parsed("valkey://[::1]").endpoints.front().port == 6379);
  CHECK(parsed("valkey://[fe80::1%eth0]:7000/2").endpoints.front().host == "fe80::1%eth0");
  CHECK(parsed("valkey://:pw@[::1]:7000/2").endpoints.front().to_string() == "[::1]:7000");
}

TEST_CASE(
    "valkeys and rediss mean TLS, on the usual port; the others leave it as the options say") {
  const auto url = GENERATE("valkeys://example.org", "rediss://example.org");
  const Target target = parsed(url);
  CHECK(target.options.tls.enabled);
  CHECK(target.endpoints.front().port == 6379);
  CHECK(target.options.tls.verify == native::TlsOptions::Verify::full);
  CHECK_FALSE(parsed("valkey://example.org").options.tls.enabled);
  Options options;
  options.tls.enabled = true;
  CHECK(parsed("redis://example.org", options).options.tls.enabled);
  CHECK(parsed("unix:///s", options).options.tls.enabled);
}

TEST_CASE("ws and wss name a bridge and its upstream, on the usual ports of the web") {
  const Target plain = parsed("ws://127.0.0.1:8380/main?database=2&client_name=me");
  CHECK(plain.endpoints.front().kind == Endpoint::Kind::websocket);
  CHECK(plain.endpoints.front().path == "/main");
  CHECK(plain.endpoints.front().to_string() == "127.0.0.1:8380/main");
  CHECK(plain.options.database == 2);
  CHECK(plain.options.client_name == "me");
  CHECK_FALSE(plain.options.tls.enabled);
  CHECK(parsed("ws://host").endpoints.front().port == 80);
  CHECK(parsed("ws://host").endpoints.front().path == "/");
  CHECK(parsed("ws://host?database=3").options.database == 3);
  const Target secure = parsed("wss://[::1]/a/b%20c");
  CHECK(secure.options.tls.enabled);
  CHECK(secure.endpoints.front().port == 443);
  CHECK(secure.endpoints.front().path == "/a/b%20c");
  CHECK(secure.endpoints.front().authority(443) == "[::1]");
  CHECK(parsed("wss://host:8380").endpoints.front().authority(443) == "host:8380");
}

std::vector<std::string> addresses_of(const Target& target) {
  std::vector<std::string> all;
  for (const Endpoint& endpoint : target.endpoints) all.push_back(endpoint.to_string());
  return all;
}

TEST_CASE("a url may have several addresses, with commas between them, and seeds add more") {
  using Addresses = std::vector<std::string>;
  CHECK(addresses_of(parsed("valkey://one,two:7000,[::1]:7001,[::2]/3")) ==
        Addresses{"one:6379", "two:7000", "[::1]:7001", "[::2]:6379"});
  const Target target = parsed("valkeys://jane:a,b@one:1,two/2?client_name=me");
  CHECK(addresses_of(target) == Addresses{"one:1", "two:6379"});
  CHECK(target.options.password == "a,b");
  CHECK(target.options.database == 2);
  CHECK(addresses_of(parsed("wss://one,two:8380/main")) ==
        Addresses{"one:443/main", "two:8380/main"});
  Options options;
  options.seeds = {"two:7000", "[::1]"};
  CHECK(addresses_of(parsed("valkey://one", options)) ==
        Addresses{"one:6379", "two:7000", "[::1]:6379"});
}

TEST_CASE("there may be 64 addresses, and each of them must be one") {
  Options options;
  options.seeds.assign(63, "host");
  CHECK(parsed("valkey://one", options).endpoints.size() == 64);
  CHECK(refusal("valkey://one,two", options)
            .find("seeds: there are too many addresses; expected "
                  "64 at most") != std::string::npos);
  std::string many = "valkey://h";
  for (int i = 0; i < 64; ++i) many += ",h";
  CHECK(refusal(many).find("url: there are too many addresses") != std::string::npos);
  for (const char* url :
       {"valkey://one,", "valkey://,one", "valkey://one,,two", "ws://one,/main"}) {
    CHECK(refusal(url).find("url: host is empty") != std::string::npos);
  }
  options.seeds = {"two:0"};
  CHECK(refusal("valkey://one", options).find("seeds: port is \"0\"") != std::string::npos);
  for (const char* seed : {"me:secret@two", "valkey://two", "two,three", "two/1"}) {
    options.seeds = {seed};
    CHECK(refusal("valkey://one", options).find("seeds: an address has more than host[:port]") !=
          std::string::npos);
  }
  options.seeds = {"two"};
  CHECK(refusal("unix:///s", options).find("expected no seeds") != std::string::npos);
}

TEST_CASE("the path of a bridge may be as long as is said, and no longer") {
  const std::string longest = "/" + std::string(1023, 'a');
  CHECK(parsed("ws://host" + longest).endpoints.front().path == longest);
  CHECK(refusal("ws://host" + longest + "a").find("1024 characters at most") != std::string::npos);
}

TEST_CASE("parameters stand behind a ?, in any order, with or without a database before") {
  const auto url =
      GENERATE("valkey://u:p@host:1/3?client_name=a%26b%20c&protocol=2",
               "valkey://u:p@host:1?protocol=2&database=3&client_name=a%26b%20c",
               "valkey://u:p@host:1/?protocol=3&protocol=2&database=3&client_name=a%26b%20c",
               "unix://u:p@/s?client_name=a%26b%20c&database=3&protocol=2");
  const Target target = parsed(url);
  CHECK(target.options.client_name == "a&b c");
  CHECK(target.options.protocol == native::Protocol::resp2);
  CHECK(target.options.database == 3);
  CHECK(target.options.username == "u");
  CHECK(target.options.password == "p");
}

TEST_CASE("a unix url may say user and password, and a path may have an @") {
  const Target target = parsed("unix://jane:se%2Fcret@/run/a@b.sock");
  CHECK(target.endpoints.front().path == "/run/a@b.sock");
  CHECK(target.options.username == "jane");
  CHECK(target.options.password == "se/cret");
}

TEST_CASE("a unix url has a path and may have a database") {
  const Target target = parsed("unix:///run/valkey.sock?database=7");
  CHECK(target.endpoints.front().kind == Endpoint::Kind::unix_socket);
  CHECK(target.endpoints.front().path == "/run/valkey.sock");
  CHECK(target.endpoints.front().to_string() == "unix:/run/valkey.sock");
  CHECK(target.options.database == 7);
  CHECK(parsed("unix:///run/valkey.sock").options.database == 0);
}

TEST_CASE("a unix path may be as long as the system allows, and no longer") {
  const std::string longest = "/" + std::string(106, 'a');
  CHECK(parsed("unix://" + longest).endpoints.front().path == longest);
  CHECK(refusal("unix://" + longest + "a") ==
        "invalid_option: url: path of the unix socket must begin with / and have 107 characters at "
        "most");
}

TEST_CASE("what a url does not say is as the options say") {
  Options options;
  options.username = "jane";
  options.password = "secret";
  options.database = 4;
  options.client_name = "me";
  const Target plain = parsed("valkey://host", options);
  CHECK(plain.options.username == "jane");
  CHECK(plain.options.password == "secret");
  CHECK(plain.options.database == 4);
  CHECK(plain.options.client_name == "me");
  CHECK(parsed("unix:///s", options).options.database == 4);
}

TEST_CASE("what a url says wins over the options") {
  Options options;
  options.username = "jane";
  options.password = "secret";
  options.database = 4;
  const Target target = parsed("valkey://joe:other@host/0", options);
  CHECK(target.options.username == "joe");
  CHECK(target.options.password == "other");
  CHECK(target.options.database == 0);
}

TEST_CASE("a url may name sentinels, and the primary that they watch") {
  Options options;
  options.seeds = {"three"};
  const Target target =
      parse_url("valkey+sentinel://jane:hush@one,two:7000/the%20primary/3?client_name=app", options)
          .value();
  REQUIRE(target.endpoints.size() == 3);
  CHECK(target.endpoints[0].to_string() == "one:26379");
  CHECK(target.endpoints[1].to_string() == "two:7000");
  CHECK(target.endpoints[2].to_string() == "three:26379");
  CHECK(target.primary_name == "the primary");
  CHECK(target.options.database == 3);
  CHECK(target.options.username == "jane");
  CHECK(target.options.sentinel_username.empty());
  CHECK(target.options.client_name == "app");
  CHECK_FALSE(target.options.tls.enabled);
  CHECK_FALSE(target.options.sentinel_tls.enabled);
  CHECK(parse_url("redis+sentinel://one/name", {}).value().primary_name == "name");
  options.seeds.assign(16, "host");
  CHECK(refusal("valkey+sentinel://one/name", options)
            .find("seeds: there are too many addresses; expected 16 at most") != std::string::npos);
}

TEST_CASE("valkeys+sentinel means TLS with the servers and with the sentinels") {
  const char* const url = GENERATE("valkeys+sentinel://one/name", "rediss+sentinel://one/name");
  Options options;
  options.tls.ca_file = "/ca.pem";
  const Target same = parse_url(url, options).value();
  CHECK(same.options.tls.enabled);
  CHECK(same.options.sentinel_tls.enabled);
  CHECK(same.options.sentinel_tls.ca_file == "/ca.pem");
  options.sentinel_tls.ca_file = "/other.pem";
  const Target apart = parse_url(url, options).value();
  CHECK(apart.options.sentinel_tls.enabled);
  CHECK(apart.options.sentinel_tls.ca_file == "/other.pem");
  CHECK(apart.options.tls.ca_file == "/ca.pem");
}

TEST_CASE("a url may name servers of a cluster") {
  const char* const scheme = GENERATE("valkey+cluster", "redis+cluster");
  Options options;
  options.seeds = {"three", "[::1]:7001"};
  const Target target =
      parsed(std::string(scheme) + "://jane:hush@one,two:7000/0?client_name=app", options);
  CHECK(target.is_cluster);
  CHECK(target.primary_name.empty());
  CHECK(addresses_of(target) ==
        std::vector<std::string>{"one:6379", "two:7000", "three:6379", "[::1]:7001"});
  CHECK(target.endpoints.front().kind == Endpoint::Kind::tcp);
  CHECK(target.options.username == "jane");
  CHECK(target.options.password == "hush");
  CHECK(target.options.client_name == "app");
  CHECK(target.options.database == 0);
  CHECK_FALSE(target.options.tls.enabled);
  CHECK(parsed(std::string(scheme) + "://one?database=0").is_cluster);
}

TEST_CASE("valkeys+cluster means TLS with a cluster") {
  const char* const url = GENERATE("valkeys+cluster://one", "rediss+cluster://one/");
  const Target target = parsed(url);
  CHECK(target.is_cluster);
  CHECK(target.options.tls.enabled);
  CHECK(target.endpoints.front().to_string() == "one:6379");
}

TEST_CASE("no other url names a cluster") {
  const char* const url = GENERATE("valkey://one,two", "valkeys://one", "unix:///s", "ws://one",
                                   "valkey+sentinel://one/name");
  CHECK_FALSE(parsed(url).is_cluster);
}

TEST_CASE("a url that cannot be read is an error that names the part and what was expected") {
  constexpr const char* no_primary_name =
      "url: the name of the primary is missing; expected valkey+sentinel://host:port/name, where "
      "the sentinels have `sentinel monitor name`";
  struct Case {
    const char* url;
    const char* message;
  };
  const auto [url, message] = GENERATE(
      Case{"", "url: no scheme; expected valkey://, valkeys://, unix://, ws:// or wss://"},
      Case{"127.0.0.1:6379",
           "url: no scheme; expected valkey://, valkeys://, unix://, ws:// or wss://"},
      Case{"valkey:/host",
           "url: no scheme; expected valkey://, valkeys://, unix://, ws:// or wss://"},
      Case{"http://host",
           "url: scheme is \"http\"; expected valkey, valkeys, redis, rediss, valkey+sentinel, "
           "valkeys+sentinel, valkey+cluster, valkeys+cluster, unix, ws or wss"},
      Case{"://host",
           "url: scheme is \"\"; expected valkey, valkeys, redis, rediss, valkey+sentinel, "
           "valkeys+sentinel, valkey+cluster, valkeys+cluster, unix, ws or wss"},
      Case{"ws+cluster://host",
           "url: scheme is \"ws+cluster\"; expected valkey, valkeys, redis, rediss, "
           "valkey+sentinel, valkeys+sentinel, valkey+cluster, valkeys+cluster, unix, ws or wss"},
      Case{"valkey+cluster://host/1",
           "url: database is \"1\"; expected 0, the only one of a cluster"},
      Case{"valkeys+cluster://host?database=15",
           "url: database is \"15\"; expected 0, the only one of a cluster"},
      Case{"redis+cluster://host/x", "url: database is \"x\"; expected a number such as 0"},
      Case{"rediss+cluster://", "url: host is empty; expected a name or an address"},
      Case{"valkey+cluster://one,,two", "url: host is empty; expected a name or an address"},
      Case{"valkey+sentinel://host", no_primary_name},
      Case{"valkey+sentinel://host/", no_primary_name},
      Case{"valkey+sentinel://host?database=1", no_primary_name},
      Case{"valkey+sentinel://host/a%2",
           "url: the name has a % that is not followed by two hex "
           "digits"},
      Case{"valkey+sentinel://host/name/x", "url: database is \"x\"; expected a number such as 0"},
      Case{"valkey+sentinel://host:0/name", "url: port is \"0\"; expected 1 to 65535"},
      Case{"valkey+sentinel:///name", "url: host is empty; expected a name or an address"},
      Case{"valkeys://", "url: host is empty; expected a name or an address"},
      Case{"valkey://?database=1", "url: host is empty; expected a name or an address"},
      Case{"valkey://host?db=1",
           "url: unknown parameter; expected database, client_name or protocol"},
      Case{"valkey://host?protocol=4", "url: protocol is \"4\"; expected 2 or 3"},
      Case{"valkey://host?protocol", "url: protocol is \"\"; expected 2 or 3"},
      Case{"valkey://host/0?client_name=%",
           "url: client_name has a % that is not followed by two hex digits"},
      Case{"valkey://jane:a?b@host",
           "url: user or password has a / or ? that is not escaped; expected %2F or %3F"},
      Case{"unix://host/s",
           "url: unix:// is followed by a host; expected a path, which begins with /"},
      Case{"valkey://", "url: host is empty; expected a name or an address"},
      Case{"valkey://:6379", "url: host is empty; expected a name or an address"},
      Case{"valkey://u:p@", "url: host is empty; expected a name or an address"},
      Case{"valkey://[]", "url: host is empty; expected a name or an address"},
      Case{"valkey:///0", "url: host is empty; expected a name or an address"},
      Case{"valkey://[::1", "url: host begins with [ and has no ]"},
      Case{"valkey://[::1]6379", "url: expected : and a port behind ]"},
      Case{"valkey://host:0", "url: port is \"0\"; expected 1 to 65535"},
      Case{"valkey://host:65536", "url: port is \"65536\"; expected 1 to 65535"},
      Case{"valkey://host:-1", "url: port is no number; expected 1 to 65535"},
      Case{"valkey://[::1]:http", "url: port is no number; expected 1 to 65535"},
      Case{"valkey://host/zero", "url: database is \"zero\"; expected a number such as 0"},
      Case{"valkey://host/-1", "url: database is \"-1\"; expected a number such as 0"},
      Case{"valkey://host/0/1",
           "url: database is not what it should be; expected a number such as 0"},
      Case{"valkey://host/4294967296",
           "url: database is \"4294967296\"; expected a number such as 0"},
      Case{"unix://",
           "url: path of the unix socket must begin with / and have 107 characters at most"},
      Case{"unix:///s?db=1", "url: unknown parameter; expected database, client_name or protocol"},
      Case{"unix:///s?database=", "url: database is \"\"; expected a number such as 0"},
      Case{"ws://jane:pw@host",
           "url: a bridge takes no user and password; expected Options::token"},
      Case{"ws://host/jane:pw@main",
           "url: a bridge takes no user and password; expected Options::token"},
      Case{"wss://host/main?token=geheim",
           "url: a token has no place in an address, which logs keep; expected Options::token"},
      Case{"ws://", "url: host is empty; expected a name or an address"},
      Case{"valkey://jane:hush", "url: port is no number; expected 1 to 65535"},
      Case{"ws://host:0", "url: port is \"0\"; expected 1 to 65535"},
      Case{"ws://a\r\nb", "url: host has a special character; expected a name or an address"},
      Case{"ws://a b", "url: host has a special character; expected a name or an address"},
      Case{"ws://host/a b",
           "url: path is not what it should be; expected the name of an upstream, 1024 characters "
           "at most"},
      Case{"ws://host/main#x",
           "url: path is not what it should be; expected the name of an upstream, 1024 characters "
           "at most"},
      Case{"ws://host/?db=1", "url: unknown parameter; expected database, client_name or protocol"},
      Case{"unix:///s?database=x", "url: database is \"x\"; expected a number such as 0"},
      Case{"valkey://%4:p@host", "url: user has a % that is not followed by two hex digits"},
      Case{"valkey://u:%4g@host", "url: password has a % that is not followed by two hex digits"},
      Case{"valkey://u:100%@host", "url: password has a % that is not followed by two hex digits"});
  CHECK(refusal(url) == std::string("invalid_option: ") + message);
}

TEST_CASE("no message about a url has a part of its password, escaped as it should be or not") {
  const std::string url = GENERATE(
      "valkey://jane:hun/ter2@host", "valkey://jane:123/ter2@host:6379/0",
      "valkey://:hun/ter2@host", "valkey://jane:hun?ter2@host", "valkey://jane:ter2@host:port",
      "valkey://jane:ter2@[::1", "valkey://jane:ter2%@host", "valkey://jane:ter2@host/x",
      "valkey://host/0?password=ter2", "jane:ter2@host://", "valkey:jane:ter2@host",
      "unix:///s?password=ter2", "valkeys://jane:hun/ter2@host", "unix://jane:ter2@s",
      "unix://jane:ter2@/s?x=y", "http://jane:ter2@host", "ws://jane:hun/ter2@host",
      "wss://ter2@host", "ws://host/?token=ter2", "ws://host:hun?ter2@host",
      "valkey+cluster://jane:ter2@host/x", "valkey+cluster://jane:ter2@host/1",
      "valkey+cluster://jane:ter2@one,two:port");
  INFO(url);
  const std::string text = refusal(url);
  CHECK(text.find("ter2") == std::string::npos);
  CHECK(text.find("hun") == std::string::npos);
}

TEST_CASE("a url may say the user, and the options the password") {
  Options options;
  options.password = "secret";
  const Target target = parsed("valkey://jane@host", options);
  CHECK(target.options.username == "jane");
  CHECK(target.options.password == "secret");
}

}  // namespace
}  // namespace plimsoll::testing::url_test
