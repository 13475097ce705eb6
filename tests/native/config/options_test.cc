#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/config/option_rows.h"
#include "plimsoll/tests/native/config/fields.h"
#include "plimsoll/tests/native/config/loading.h"

// What holds for each option of the table.

namespace plimsoll::testing::options_test {
namespace {

using native::Configuration;
using native::load_configuration;
using native::LoadOptions;
using native::origin;
using native::config::Kind;
using native::config::option_rows;
using native::config::OptionRow;
using native::config::Words;

constexpr const char* secret_word = "hunter2";

// A value that no default is, as TOML and as the environment have it.
struct Sample {
  std::string toml;
  std::string environment;
};

Sample sample_of(const OptionRow& row) {
  const auto text = [](const std::string& word) { return Sample{'"' + word + '"', word}; };
  switch (row.access.kind) {
    case Kind::flag: {
      const bool is_true = row.access.get(Configuration()) == Words{"true"};
      return is_true ? Sample{"false", "false"} : Sample{"true", "true"};
    }
    case Kind::count: return {"7", "7"};
    case Kind::attempts: return {"7", "7"};
    case Kind::ratio: return {"0.125", "0.125"};
    case Kind::amount:
    case Kind::limit: return text("17 MiB");
    case Kind::time: return text("7001 ms");
    case Kind::choice: return text(std::string(row.access.choices().back()));
    case Kind::address: return text(std::string("valkey://jane:") + secret_word + "@h:1/2");
    case Kind::listen: return text("[::1]:9121");
    case Kind::texts: return {R"(["a", "b\"c"])", "a,b\"c"};
    case Kind::text:
    case Kind::path: break;
  }
  return text(row.secret ? secret_word : "/some/where");
}

// What another option has to say for this one to make sense.
std::string companion(const OptionRow& row) {
  const std::string key(row.key);
  if (key == "client.username") return "client.password = \"hunter2\"\n";
  if (key == "client.sentinel_username") return "client.sentinel_password = \"hunter2\"\n";
  if (key == "client.client_az") return "client.read_from = \"az_affinity\"\n";
  if (key == "client.reconnect_wait_min") return "client.reconnect_wait_max = \"1 min\"\n";
  if (key == "cache.mode") return "cache.max_cache_kb = 1\ncache.entry_ttl_ms = 1\n";
  if (key.starts_with("cache.") && key != "cache.max_cache_kb") return "cache.max_cache_kb = 1\n";
  return "";
}

// A secret from a file needs the file; names of commands have to be known.
bool is_tried_elsewhere(const OptionRow& row) {
  return row.key.ends_with("password_file") || row.key.ends_with("token_file") ||
         row.key == "cache.only_commands" || row.key == "cache.module_reads";
}

std::string file_text(const OptionRow& row) {
  return std::string(row.key) + " = " + sample_of(row).toml + "\n" + companion(row);
}

void check_reached(const Configuration& loaded, const OptionRow& row, const std::string& who) {
  const Words expected =
      row.access.kind == Kind::texts ? Words{"a", "b\"c"} : Words{sample_of(row).environment};
  CHECK(row.access.get(loaded) == expected);
  CHECK(origin(loaded, row.key) == who);
  const std::string text = to_text(loaded);
  CHECK(text.find(secret_word) == text.npos);
  const std::string line = std::string(native::config::name_of(row)) + " = ";
  CHECK(text.find(line + native::config::shown(loaded, row) + "  # " + who + "\n") != text.npos);
}

TEST_CASE("each option reaches its field from a file, and is shown with its value and origin") {
  for (const OptionRow& row : option_rows()) {
    if (is_tried_elsewhere(row)) continue;
    CAPTURE(row.key);
    const ConfigurationText file(file_text(row));
    const auto loaded = load_configuration(from_file(file));
    if (!loaded) FAIL(loaded.error().text());
    check_reached(*loaded, row, file.path() + ":1");
  }
}

TEST_CASE("each option reaches its field from the environment, which wins over the file") {
  for (const OptionRow& row : option_rows()) {
    if (is_tried_elsewhere(row)) continue;
    CAPTURE(row.key);
    const std::string name = environment_name(row);
    const ConfigurationText file(file_text(row));
    LoadOptions from = from_file(file);
    from.environment->push_back(name + "=" + sample_of(row).environment);
    const auto loaded = load_configuration(from);
    if (!loaded) FAIL(loaded.error().text());
    check_reached(*loaded, row, "environment " + name);
  }
}

TEST_CASE("each option with a wrong value is refused with its name, and no secret is repeated") {
  for (const OptionRow& row : option_rows()) {
    CAPTURE(row.key);
    const std::string text = refusal_of(std::string(row.key) + " = 2024-01-01\n");
    const std::string expected = row.access.expected();
    CHECK(text == "a.toml:1: " + std::string(row.key) + ": is a date; expected " + expected);
  }
}

TEST_CASE("what is printed is a file that says the same") {
  Configuration base;
  base.memory.memory_limit = "17 MiB";
  base.memory.pools.cache.ratio = 0.1;
  base.client.client_name = "a\"\\b";
  base.client.tls.server_name = "tab\there";
  base.client.read_resends_max = 3;
  base.cache.max_cache_kb = 512;
  base.cache.only_key_prefixes = {"a,b", "\x7f"};
  const ConfigurationText file(to_text(base));
  const auto loaded = load_configuration(from_file(file));
  if (!loaded) FAIL(loaded.error().text());
  for (const OptionRow& row : option_rows()) {
    CAPTURE(row.key);
    CHECK(row.access.get(*loaded) == row.access.get(base));
  }
}

TEST_CASE("no field is without an option, but for those that no text can say") {
  const Configuration configuration;
  std::set<const void*> known;
  for (const OptionRow& row : option_rows()) known.insert(row.access.address(configuration));
  CHECK(known.size() == option_rows().size());
  for (const void* const field : said_by_options(configuration)) {
    CHECK(known.contains(field));
    known.erase(field);
  }
  CHECK(known.empty());
}

TEST_CASE("keys and names in the environment are each there once, and tables lie together") {
  std::set<std::string> keys;
  std::set<std::string> names;
  std::vector<std::string> sections;
  for (const OptionRow& row : option_rows()) {
    CHECK(keys.emplace(row.key).second);
    CHECK(names.insert(environment_name(row)).second);
    const std::string section(native::config::section_of(row));
    if (sections.empty() || sections.back() != section) sections.push_back(section);
    CHECK_FALSE(row.description.empty());
    const bool has_default = !shown(Configuration(), row).empty();
    CHECK((has_default || !row.when_unset.empty()));
  }
  CHECK(std::set(sections.begin(), sections.end()).size() == sections.size());
}

}  // namespace
}  // namespace plimsoll::testing::options_test
