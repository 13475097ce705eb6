#include <algorithm>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/native/config/apply.h"
#include "plimsoll/tests/native/config/loading.h"
#include "plimsoll/tests/native/config/told.h"

// What is said of a configuration that is wrong.

namespace plimsoll::testing::problems_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::Configuration;
using native::load_configuration;
using native::LoadOptions;
using native::origin;

struct Row {
  std::string text;
  std::string problem;
};

TEST_CASE("a wrong key or value in a file is named with line, key, value and what is expected") {
  const auto [text, problem] = GENERATE(values<Row>({
      {"\n[pools.cach]\nbudget = 1",
       "a.toml:3: pools.cach.budget: unknown key; did you mean pools.cache.budget?"},
      {"memory_limti = 1", "a.toml:1: memory_limti: unknown key; did you mean memory_limit?"},
      {"color = \"red\"", "a.toml:1: color: unknown key"},
      {"[colors]", "a.toml:1: colors: unknown key"},
      {"\"a b\" = 1", "a.toml:1: (no plain name): unknown key"},
      {"pools = 1", "a.toml:1: pools: is an integer; expected a table, which begins with [pools]"},
      {"[memory_limit]",
       "a.toml:1: memory_limit: is a table; expected an amount such as \"64 "
       "MiB\", \"512 KB\" or 65536, or \"auto\""},
      {"memory_limit = \"64 MiB iB\"",
       "a.toml:1: memory_limit: is \"64 MiB iB\"; expected an amount such as \"64 MiB\", \"512 "
       "KB\" or 65536, or \"auto\""},
      {"memory_limit = -1",
       "a.toml:1: memory_limit: is \"-1\"; expected an amount such as \"64 "
       "MiB\", \"512 KB\" or 65536, or \"auto\""},
      {"pools.cache.ratio = 1.5",
       "a.toml:1: pools.cache.ratio: is \"1.5\"; expected a number, 0 to 1"},
      {"pools.cache.ratio = nan",
       "a.toml:1: pools.cache.ratio: is \"nan\"; expected a number, 0 to 1"},
      {"client.request_timeout = 250",
       "a.toml:1: client.request_timeout: is an integer; expected a time such as \"250 ms\" or \"5 "
       "s\" (h, min, s, ms, us, ns)"},
      {"client.request_timeout = \"250 sec\"",
       "a.toml:1: client.request_timeout: is \"250 sec\"; expected a time such as \"250 ms\" or "
       "\"5 s\" (h, min, s, ms, us, ns)"},
      {"container.check_interval = \"1 us\"",
       "a.toml:1: container.check_interval: is \"1 us\"; expected a time such as \"250 ms\" or \"5 "
       "s\" (h, min, s, ms, us, ns)"},
      {"client.subscription_overflow = \"drop_odlest\"",
       "a.toml:1: client.subscription_overflow: is \"drop_odlest\"; expected \"drop_oldest\", "
       "\"drop_newest\" or \"pause_reading\"; did you mean drop_oldest?"},
      {"client.read_resends_max = 256",
       "a.toml:1: client.read_resends_max: is \"256\"; expected an integer, 0 to 255"},
      {"client.database = -1",
       "a.toml:1: client.database: is \"-1\"; expected an integer, 0 to 4294967295"},
      {"borrowing = \"yes\"", "a.toml:1: borrowing: is a text; expected true or false"},
      {"cache.only_key_prefixes = [1]",
       "a.toml:1: cache.only_key_prefixes: is a list with "
       "something else in it; expected a list of texts, in [ ]"},
      {"metrics.listen = \"9121\"",
       "a.toml:1: metrics.listen: is \"9121\"; expected an address "
       "and a port such as \"127.0.0.1:9121\""},
      {"client.password = 12345",
       "a.toml:1: client.password: is an integer; expected a text, in "
       "quotes"},
      {"client.client_name = \"\x01\"\n", "a.toml:1:24: no TOML: Error while parsing string"},
  }));
  CAPTURE(text);
  if (problem.find("no TOML") != problem.npos) {
    CHECK_THAT(refusal_of(text), ContainsSubstring("a.toml:1:") && ContainsSubstring("no TOML"));
  } else {
    CHECK(refusal_of(text) == problem);
  }
}

TEST_CASE("what goes badly together is told with the numbers, and with who said them") {
  const auto [text, problem] = GENERATE(values<Row>({
      {"memory_limit = \"16 MiB\"\n[pools.requests]\nbudget = \"20 MiB\"",
       "(memory_limit: a.toml:1; pools.requests.budget: a.toml:3)"},
      {"memory_limit = \"16 MiB\"\n[pools.requests]\nbudget = \"20 MiB\"",
       "memory_limit 16777216, pools.requests.budget 20971520"},
      {"memory_limit = \"auto\"\npools.cache.ratio = 0.9",
       "add up to more than the line; expected a sum of 1 or less"},
      {"[client]\nusername = \"jane\"", "client: username is given without a password"},
      {"[client]\nusername = \"jane\"", "(client.username: a.toml:2)"},
      {"[client]\nurl = \"valkey://h:port\"", "a.toml:2: client.url: url: port is"},
      {"[client]\nurl = \"valkey://h\"\ntoken = \"hunter2\"",
       "client: there is a token, and the address is that of a server"},
      {"[client]\nurl = \"redis://h\"\n[client.tls]\nverify = \"certificate_only\"",
       "client: tls.verify is given, and the address valkey://h:6379 is without TLS; expected "
       "valkeys:// or rediss:// (client.url: a.toml:2; client.tls.verify: a.toml:4)"},
      {"[client]\nurl = \"redis://h\"\nsentinel_password = \"x\"",
       "client: an option for sentinels is given, and the address names none; expected "
       "valkey+sentinel://, or no sentinel_username, sentinel_password and sentinel_tls "
       "(client.url: a.toml:2; client.sentinel_password: a.toml:3)"},
      {"[client]\nurl = \"redis+sentinel://h/n\"\n[client.sentinel_tls]\nca_file = \"/ca.pem\"",
       "client: sentinel_tls.ca_file is given, and the sentinels are asked without TLS; expected "
       "valkeys+sentinel://, or sentinel_tls.enabled (client.sentinel_tls.ca_file: a.toml:4)"},
      {"[client]\nurl = \"redis+cluster://h\"\n[client.tls]\nca_file = \"/ca.pem\"",
       "client: tls.ca_file is given, and the address valkey+cluster://h:6379 is without TLS; "
       "expected valkeys+cluster:// or rediss+cluster:// (client.url: a.toml:2; "
       "client.tls.ca_file: a.toml:4)"},
      {"[client]\nurl = \"valkey+cluster://h/2\"",
       "a.toml:2: client.url: url: database is \"2\"; expected 0, the only one of a cluster"},
      {"[client]\nurl = \"valkey+cluster://h\"\ndatabase = 2",
       "client: database is not 0, and the address is that of a cluster; expected 0 as database "
       "(client.url: a.toml:2; client.database: a.toml:3)"},
      {"[client]\nurl = \"valkey+cluster://h\"\nredirects_max = 32",
       "client: redirects_max is out of range; expected 1 to 31 (client.redirects_max: a.toml:3)"},
      {"[client]\nurl = \"valkey+cluster://h\"\nread_from = \"az_affinity\"",
       "client: read_from goes by zones, and client_az is empty; expected the zone in which the "
       "client runs, as the servers' availability-zone has it (client.read_from: a.toml:3)"},
      {"[client]\nurl = \"unix:///s\"\n[client.tls]\nca_file = \"/ca.pem\"",
       "client: tls.ca_file is given, and the address unix:/s is without TLS; expected "
       "tls.enabled, if there is TLS on that socket (client.url: a.toml:2; client.tls.ca_file: "
       "a.toml:4)"},
      {"[cache]\nmode = \"ttl\"",
       "a.toml:2: cache.mode: is for a cache, and there is none; "
       "expected cache.max_cache_kb, the KiB that it may take"},
      {"[cache]\nmax_cache_kb = 1\nentry_ttl_ms = -1",
       "cache: entry_ttl_ms is negative; expected milliseconds, or 0 for no expiry "
       "(cache.entry_ttl_ms: a.toml:3)"},
      {"[cache]\nmax_cache_kb = 1\nbroadcast_prefixes = [\"a\", \"ab\"]",
       "cache: tracking.prefixes overlap"},
  }));
  CAPTURE(text);
  CHECK_THAT(refusal_of(text), ContainsSubstring(problem));
}

TEST_CASE("options of TLS are for an address that is without, wherever either comes from") {
  const ConfigurationText file("client.url = \"valkey://h\"");
  LoadOptions from = from_file(file);
  from.environment = {"PLIMSOLL_CLIENT__TLS__SERVER_NAME=db.example.org"};
  CHECK_THAT(
      refusal(from),
      ContainsSubstring("client: tls.server_name is given, and the address valkey://h:6379 ") &&
          ContainsSubstring("environment PLIMSOLL_CLIENT__TLS__SERVER_NAME"));
  // Where the program brings the address, connect() looks at both.
  CHECK(refusal_of("client.tls.ca_file = \"/ca.pem\"") == "none");
  CHECK(refusal_of("client.sentinel_tls.ca_file = \"/ca.pem\"\n"
                   "client.sentinel_password = \"x\"") == "none");
  CHECK(refusal_of("client.url = \"valkeys://h\"\nclient.tls.ca_file = \"/ca.pem\"") == "none");
  CHECK(refusal_of("client.url = \"valkey://h\"\nclient.tls.ca_file = \"/ca.pem\"\n"
                   "client.tls.enabled = true") == "none");
}

TEST_CASE("shares that fit no line of 64 MiB may fit one that is found later") {
  const auto loaded = load_configuration(
      from_environment({"PLIMSOLL_MEMORY_LIMIT=auto", "PLIMSOLL_POOLS__REQUESTS__BUDGET=1 GiB"}));
  REQUIRE(loaded);
  CHECK(loaded->memory.memory_limit == "auto");
}

TEST_CASE("all problems are told at once, up to a bound") {
  const ConfigurationText file("memory_limit = \"x\"\nborowing = true\n");
  LoadOptions from = from_file(file);
  from.environment->push_back("PLIMSOLL_CLIENT__DATABASE=x");
  from.base.memory.pools.cache.ratio = 2;
  const std::string text = refusal(from);
  CHECK_THAT(text, ContainsSubstring("program: pools.cache.ratio: is \"2\"; expected a number"));
  CHECK_THAT(text, ContainsSubstring("\na.toml:1: memory_limit: is \"x\"; "));
  CHECK_THAT(text, ContainsSubstring("\na.toml:2: borowing: unknown key; did you mean borrowing?"));
  CHECK_THAT(text, ContainsSubstring("\nPLIMSOLL_CLIENT__DATABASE: is \"x\"; expected an integer"));

  std::string much;
  for (int i = 0; i < 1000; ++i) much += "wrong_" + std::to_string(i) + " = 1\n";
  const std::string told = refusal_of(much);
  CHECK(std::count(told.begin(), told.end(), '\n') + 1 == native::configuration_problems_max);
}

TEST_CASE("a file that cannot be read is named with the system's reason") {
  LoadOptions from = from_nothing();
  from.file = "/nowhere/a.toml";
  CHECK(load_configuration(from).error().text() == "/nowhere/a.toml: No such file or directory");
  from.file = "/";
  CHECK(load_configuration(from).error().text() == "/: Is a directory");
  const auto named = from_environment({"PLIMSOLL_CONFIG=/nowhere/b.toml"});
  CHECK(load_configuration(named).error().text() == "/nowhere/b.toml: No such file or directory");
}

TEST_CASE("a file of the bound is read, and a larger one is not") {
  const std::string filling(native::configuration_bytes_max, '#');
  CHECK(refusal_of(filling) == "none");
  CHECK(refusal_of(filling + "#") ==
        "a.toml: has more than " + std::to_string(native::configuration_bytes_max) + " bytes");
}

TEST_CASE("what is no TOML, or half of one, is told with line and column, without its words") {
  const std::string text = "[client]\npassword = \"hunter2\"\nrequest_timeout = \"250 ms\"\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string told = refusal_of(text.substr(0, size));
    CAPTURE(size, told);
    CHECK(told.find("hunter") == told.npos);
    CHECK((told == "none" || told.starts_with("a.toml:")));
  }
  CHECK_THAT(refusal_of("[client]\npassword = hunter2"), ContainsSubstring("a.toml:2:"));
  CHECK_THAT(refusal_of("[client]\npassword = hunter2"), !ContainsSubstring("hunter2"));
  for (const char* const header : {"[.a]", "[\n", "[[.a]]", "[=]"}) {
    CHECK_THAT(refusal_of(header), ContainsSubstring("a.toml:1:"));
  }
  CHECK_THAT(refusal_of("a = \"\xff\xfe\""), ContainsSubstring("a.toml:1:"));
  CHECK_THAT(refusal_of(std::string("\0\0\0", 3)), ContainsSubstring("a.toml:1:"));
}

TEST_CASE("a file with any byte changed is refused, or read and then printed as it was read") {
  const std::string text =
      "memory_limit = \"32 MiB\"\npools.cache.ratio = 0.5\n[client]\ndatabase = 12\n"
      "[cache]\nmax_cache_kb = 9\nonly_key_prefixes = [\"a\", 'b']\n";
  const ConfigurationText file;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char other : std::string("\"\n.\xff")) {
      std::string changed = text;
      changed[at] = other;
      file.write(changed);
      const auto loaded = load_configuration(from_file(file));
      if (!loaded) continue;
      CAPTURE(changed);
      file.write(to_text(*loaded));
      const auto again = load_configuration(from_file(file));
      REQUIRE(again);
      CHECK(native::config::differences(*loaded, *again).empty());
    }
  }
}

TEST_CASE("bounds of the machine that a program sets are none that a file could not say") {
  LoadOptions from = from_nothing();
  from.base.client.reply_bytes_max = SIZE_MAX;
  from.base.cache.max_entries = SIZE_MAX;
  from.base.cache.max_cache_kb = 1;
  const auto loaded = load_configuration(from);
  if (!loaded) FAIL(loaded.error().text());
  CHECK(loaded->client.reply_bytes_max == SIZE_MAX);
}

TEST_CASE("a variable that is no option is a warning, and those of others are none") {
  const Told told;
  const auto loaded = load_configuration(from_environment(
      {"PLIMSOLL_MEMORY_LIMTI=1", "PLIMSOLL_POOLS__CACH__BUDGET=1", "PLIMSOLL_SECRET=hunter2",
       "PLIMSOLL_SERVICE_HOST=10.0.0.1", "PLIMSOLL_PORT_8380_TCP=tcp://10.0.0.1:8380",
       "PLIMSOLL_BORROWING=", "OTHER=1"}));
  REQUIRE(loaded);
  const std::string name = "WARN plimsoll.configuration.unknown_variable: ";
  CHECK(told.lines() ==
        std::vector<std::string>{
            name + "PLIMSOLL_MEMORY_LIMTI: is no option, and not used; did you mean "
                   "PLIMSOLL_MEMORY_LIMIT?",
            name + "PLIMSOLL_POOLS__CACH__BUDGET: is no option, and not used; did you mean "
                   "PLIMSOLL_POOLS__CACHE__BUDGET?",
            name + "PLIMSOLL_SECRET: is no option, and not used"});
  CHECK(loaded->memory.borrowing);
}

TEST_CASE("a secret may be in a file of its own, beside the configuration") {
  const ConfigurationText file("[client]\npassword_file = \"password\"\n");
  CHECK(refusal(from_file(file)) ==
        "a.toml:2: client.password_file: password: No such file or directory");
  file.write("password", "hunter2\n");
  const auto loaded = load_configuration(from_file(file));
  REQUIRE(loaded);
  CHECK(loaded->client.password == "hunter2");
  CHECK(origin(*loaded, "client.password") ==
        "file " + file.folder() + "/password of client.password_file");
  CHECK(to_text(*loaded).find("hunter2") == std::string::npos);
  CHECK_THAT(to_text(*loaded), ContainsSubstring("# password = (set)  # file "));
}

TEST_CASE("of a secret and its file the later one wins, and one place has one of them") {
  const ConfigurationText file("client.password_file = \"password\"\n");
  file.write("password", "hunter2\n");
  LoadOptions from = from_file(file);
  from.environment->push_back("PLIMSOLL_CLIENT__PASSWORD=other");
  CHECK(load_configuration(from)->client.password == "other");

  const ConfigurationText plain("client.password = \"other\"\n");
  from = from_file(plain);
  from.environment->push_back("PLIMSOLL_CLIENT__PASSWORD_FILE=" + file.folder() + "/password");
  CHECK(load_configuration(from)->client.password == "hunter2");

  CHECK(refusal_of("client.password = \"a\"\nclient.password_file = \"b\"\n") ==
        "a.toml:2: client.password_file: is there, and client.password, too; expected one of them");
}

TEST_CASE("a client's own memory_limit that is another line is told with both") {
  LoadOptions from = from_environment({"PLIMSOLL_MEMORY_LIMIT=32 MiB"});
  from.base.client.memory_limit = "33554432";
  CHECK(load_configuration(from));
  from.base.client.memory_limit = "16 MiB";
  CHECK(load_configuration(from).error().text() ==
        "memory_limit: is \"32 MiB\" (environment PLIMSOLL_MEMORY_LIMIT), and \"16 MiB\" in the "
        "client's Options (program); expected one line for the whole process");
}

TEST_CASE("what a program says holds where nobody else says it") {
  LoadOptions from = from_environment({"PLIMSOLL_CLIENT__DATABASE=3"});
  from.base.client.database = 2;
  from.base.client.client_name = "loader";
  const auto loaded = load_configuration(from);
  REQUIRE(loaded);
  CHECK(loaded->client.database == 3);
  CHECK(loaded->client.client_name == "loader");
  CHECK(origin(*loaded, "client.client_name") == "program");
  CHECK(origin(*loaded, "client.protocol") == "default");
  CHECK(origin(*loaded, "client.colour").empty());
  Configuration made;
  made.client.no_touch = true;
  CHECK(origin(made, "client.no_touch") == "program");
}

}  // namespace
}  // namespace plimsoll::testing::problems_test
