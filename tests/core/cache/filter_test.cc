#include "plimsoll/core/cache/filter.h"

#include <initializer_list>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/question.h"

namespace plimsoll::cache::filter_test {
namespace {

using Names = std::vector<std::string_view>;

// Whether a cache with these options takes part in the read.
bool admits(const FilterOptions& options, std::initializer_list<std::string_view> words) {
  const Filter filter(options);
  CommandView command;
  const Names row(words);
  command.args = row;
  commands::QuestionReader reader;
  return reader.read(command, filter.module_reads()) && filter.admits(reader.question());
}

TEST_CASE("without a filter all reads are cached that can be") {
  CHECK(admits({}, {"GET", "ship"}));
  CHECK(admits({}, {"MGET", "ship", "boat"}));
  CHECK_FALSE(admits({}, {"TTL", "ship"}));
  CHECK_FALSE(admits({}, {"JSON.GET", "ship"}));
}

TEST_CASE("only_commands leaves all others out") {
  const Names names{"get", "HGETALL"};
  const FilterOptions options{.only_commands = names};
  CHECK(admits(options, {"GET", "ship"}));
  CHECK(admits(options, {"hgetall", "ship"}));
  CHECK_FALSE(admits(options, {"HGET", "ship", "name"}));
  CHECK_FALSE(admits(options, {"MGET", "ship"}));
}

TEST_CASE("only_key_prefixes leaves out what reads any other key") {
  const Names prefixes{"ship:", "boat:"};
  const FilterOptions options{.only_key_prefixes = prefixes};
  CHECK(admits(options, {"GET", "ship:1"}));
  CHECK(admits(options, {"MGET", "ship:1", "boat:1"}));
  CHECK_FALSE(admits(options, {"GET", "ship"}));
  CHECK_FALSE(admits(options, {"MGET", "ship:1", "yacht:1"}));
}

TEST_CASE("module_reads are cached besides, if the key may be") {
  const Names names{"GET"};
  const Names prefixes{"ship:"};
  const Names modules{"JSON.GET", "ts.get"};
  const FilterOptions options{
      .only_commands = names, .only_key_prefixes = prefixes, .module_reads = modules};
  CHECK(admits(options, {"GET", "ship:1"}));
  CHECK(admits(options, {"json.get", "ship:1", "$.name"}));
  CHECK(admits(options, {"TS.GET", "ship:1"}));
  CHECK_FALSE(admits(options, {"JSON.GET", "boat:1"}));
  CHECK_FALSE(admits(options, {"JSON.SET", "ship:1", "$", "1"}));
  CHECK_FALSE(admits(options, {"JSON.GET"}));
}

// What is said of such options, and of which text: "<what> (<culprit>)".
std::string problem(const FilterOptions& options) {
  std::string_view culprit;
  const Status status = validate(options, culprit);
  if (status.ok()) return "none";
  CHECK(status.error().code == ErrorCode::invalid_option);
  return status.error().what + (" (" + std::string(culprit) + ")");
}

TEST_CASE("names that make no sense are refused, each with its reason") {
  const auto commands = [](const Names& names) { return problem({.only_commands = names}); };
  CHECK(commands({"GET", "EXISTS"}) == "none");
  CHECK(commands({"GET", "JSON.GET"}) ==
        "only_commands names a command that is not known (JSON.GET)");
  CHECK(commands({"SET"}) == "only_commands names a command whose replies are never cached (SET)");
  CHECK(commands({"GET", "get"}) == "only_commands names a command twice (get)");

  const auto prefixes = [](const Names& names) { return problem({.only_key_prefixes = names}); };
  CHECK(prefixes({"a", "ab"}) == "none");
  CHECK(prefixes({"a", ""}) == "only_key_prefixes has an empty one ()");
  CHECK(prefixes({"a", "b", "a"}) == "only_key_prefixes has one twice (a)");
  std::vector<std::string> texts;
  for (std::size_t i = 0; i <= key_prefixes_max; ++i) texts.push_back(std::to_string(i));
  const Names many(texts.begin(), texts.end());
  CHECK(prefixes(many) == "only_key_prefixes are too many ()");
  CHECK(prefixes(Names(many.begin() + 1, many.end())) == "none");

  const auto modules = [](const Names& names) { return problem({.module_reads = names}); };
  CHECK(modules({"JSON.GET", "TS.GET"}) == "none");
  CHECK(modules({"JSON.GET", "json.get"}) == "module_reads names a command twice (json.get)");
  CHECK(modules({"GET"}) == "module_reads names a command that is no module's (GET)");
  CHECK(modules({"FT.CONFIG GET"}) ==
        "module_reads has an entry that is not a command's name (FT.CONFIG GET)");
  CHECK(modules({""}) == "module_reads has an entry that is not a command's name ()");
  CHECK(modules(Names(many.begin(), many.begin() + commands::module_reads_max + 1)) ==
        "module_reads are too many ()");
  CHECK(modules(Names(many.begin(), many.begin() + commands::module_reads_max)) == "none");
}

}  // namespace
}  // namespace plimsoll::cache::filter_test
