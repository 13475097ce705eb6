#include "plimsoll/native/driver/prefixed_command.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/parts.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// Which words of a command get Options::key_prefix and channel_prefix.

namespace plimsoll::testing::prefixed_command_test {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = line.find(' ');
    words.push_back(line.substr(0, end));
    line.remove_prefix(end == line.npos ? line.size() : end + 1);
  }
  for (std::string_view& word : words) {
    if (word == "''") word = "";
  }
  return words;
}

std::string line_of(const CommandView& command) {
  std::string line;
  commands::for_each_word(command, [&line](std::string_view word) {
    if (!line.empty()) line += ' ';
    line += word.empty() ? "''" : word;
  });
  return line;
}

constexpr native::Prefixes both{.keys = "p:", .channels = "c:"};

struct Pool {
  TestBudget test;
  AccountHandle account = test.budget.open_account(PoolKind::requests);
};

TEST_CASE("keys and channels get their prefixes, and nothing else does") {
  constexpr std::string_view lines[] = {
      "GET p:k", "set p:k v EX 5", "MGET p:a p:b p:c", "MSET p:a 1 p:b 2", "HSET p:h f v",
      "LMOVE p:a p:b LEFT RIGHT", "BLPOP p:a p:b 1", "BLMPOP 1 2 p:a p:b LEFT",
      "EVAL script 2 p:a p:b k", "EVALSHA abc 0", "FCALL f 1 p:a b", "ZUNIONSTORE p:d 2 p:a p:b",
      "XREADGROUP GROUP g c COUNT 1 STREAMS p:a p:b > >", "XGROUP CREATE p:s g $",
      "XINFO STREAM p:s", "OBJECT ENCODING p:k", "MEMORY USAGE p:k", "COPY p:a p:b",
      "BITOP AND p:d p:a p:b", "GEORADIUS p:g 1 2 3 m STORE p:d",
      "SORT p:l BY p:w_* LIMIT 0 5 GET # GET p:o_* STORE p:d",
      "SORT p:l BY nosort LIMIT BY GET GET p:x", "sort_ro p:l get p:w_*",
      "MIGRATE host 6379 p:k 0 1000", "MIGRATE host 6379 '' 0 1000 KEYS p:a p:b", "PUBLISH c:a m",
      "spublish c:a m", "PUBSUB NUMSUB c:a c:b", "pubsub shardnumsub c:a",
      // neither
      "PING", "SCAN 0 MATCH a*", "KEYS a*", "INFO", "ACL LIST", "WAIT 1 100", "PUBSUB NUMSUB",
      "PUBSUB CHANNELS a*", "PUBSUB NUMPAT"};
  Pool pool;
  for (const std::string_view line : lines) {
    std::string plain;
    for (const std::string_view word : words_of(line)) {
      if (!plain.empty()) plain += ' ';
      const bool has_prefix = word.starts_with("p:") || word.starts_with("c:");
      plain += word.empty() ? "''" : has_prefix ? word.substr(2) : word;
    }
    const std::vector<std::string_view> words = words_of(plain);
    CommandView command;
    command.args = words;
    const native::PrefixedCommand prefixed(*pool.account, both, command);
    REQUIRE(prefixed.error() == nullptr);
    CHECK(line_of(prefixed.command()) == line);
  }
}

TEST_CASE("a client with one of the prefixes leaves the other's names as they are") {
  Pool pool;
  const auto line_with = [&](const native::Prefixes& prefixes, std::string_view line) {
    const std::vector<std::string_view> words = words_of(line);
    CommandView command;
    command.args = words;
    const native::PrefixedCommand prefixed(*pool.account, prefixes, command);
    REQUIRE(prefixed.error() == nullptr);
    return line_of(prefixed.command());
  };
  const native::Prefixes keys{.keys = "p:", .channels = ""};
  const native::Prefixes channels{.keys = "", .channels = "c:"};
  CHECK(line_with(keys, "PUBLISH a m") == "PUBLISH a m");
  CHECK(line_with(channels, "PUBLISH a m") == "PUBLISH c:a m");
  CHECK(line_with(channels, "GET k") == "GET k");
  CHECK(line_with(channels, "JSON.GET k") == "JSON.GET k");
}

TEST_CASE("a command with more words than are looked at gets its prefixes to the last key") {
  std::vector<std::string> keys;
  std::vector<std::string_view> words{"MGET"};
  for (int i = 0; i < 500; ++i) keys.push_back("k" + std::to_string(i));
  words.insert(words.end(), keys.begin(), keys.end());
  CommandView command;
  command.args = words;
  Pool pool;
  const native::PrefixedCommand prefixed(*pool.account, both, command);
  REQUIRE(prefixed.error() == nullptr);
  std::size_t at = 0;
  commands::for_each_word(prefixed.command(), [&](std::string_view word) {
    if (at++ > 0) CHECK(word == "p:k" + std::to_string(at - 2));
  });
  CHECK(at == 501);
}

TEST_CASE("what cannot get a prefix is refused: unknown keys, and no room for the copy") {
  Pool pool;
  const std::vector<std::string_view> words = words_of("JSON.GET k");
  CommandView command;
  command.args = words;
  const native::PrefixedCommand unknown(*pool.account, both, command);
  REQUIRE(unknown.error() != nullptr);
  CHECK(unknown.error()->code == ErrorCode::refused_command);

  const std::string value(pool.test.budget.limit(PoolKind::requests), 'v');
  const std::vector<std::string_view> large{"SET", "k", value};
  command.args = large;
  const native::PrefixedCommand refused(*pool.account, both, command);
  REQUIRE(refused.error() != nullptr);
  CHECK(refused.error()->code == ErrorCode::rejected_by_limit);
  CHECK(pool.test.used(PoolKind::requests) == 0);
}

}  // namespace
}  // namespace plimsoll::testing::prefixed_command_test
