#include "plimsoll/core/commands/command_table.h"

#include <array>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/commands/split.h"

namespace plimsoll::commands::command_table_test {
namespace {

using testing::lower;
using testing::TypedWords;

const Row* row_of(std::string_view text) { return find(TypedWords(text).views()); }

std::string name_of(std::string_view text) {
  const Row* const row = row_of(text);
  return row == nullptr ? "unknown" : row->name();
}

Class class_of(std::string_view text) {
  const TypedWords words(text);
  const Row* const row = find(words.views());
  return row == nullptr ? Class::plain : class_of(*row, words.views());
}

// "r:a w:b": the keys that the words name, and what is done with them.
std::string keys_in(std::string_view text) {
  const TypedWords words(text);
  std::string out;
  const Status found = keys_of(words.views(), [&out](std::string_view key, KeyAccess access) {
    out += (out.empty() ? "" : " ") + std::string(access == KeyAccess::read ? "r:" : "w:");
    out += key;
  });
  return found ? out : found.error().what;
}

TEST_CASE("a command is found by its name in any case, and unknown ones are not") {
  CHECK(name_of("GET ship") == "GET");
  CHECK(name_of("get ship") == "GET");
  CHECK(name_of("zRangeByScore") == "ZRANGEBYSCORE");
  CHECK(name_of("GETX") == "unknown");
  CHECK(name_of("GE") == "unknown");
  CHECK(name_of("MODULE.CMD") == "unknown");
  CHECK(find({}) == nullptr);
}

TEST_CASE("each row of the table is found by its own name") {
  CHECK(all_rows().size() > 370);
  for (const Row& row : all_rows()) {
    std::string words(row.name_view());
    INFO(words);
    for (char& c : words) c = c == '|' ? ' ' : c;
    CHECK(row_of(words) == &row);
    CHECK(row_of(lower(words)) == &row);
  }
}

// Calls `check(std::string)` for words that differ from `word` in one character, or at its end.
template <class Check>
void for_each_near_miss(const std::string& word, const Check& check) {
  check(word.substr(0, word.size() - 1));
  for (const char c : {'\0', 'A', 'Z', '_', '|', '\x80', '\xff'}) {
    check(word + c);
    for (std::size_t at = 0; at < word.size(); ++at) {
      std::string changed = word;
      changed[at] = c;
      check(changed);
    }
  }
}

TEST_CASE("a word that is nearly a command's is not taken for it") {
  std::set<std::string, std::less<>> names;
  for (const Row& row : all_rows()) {
    if (row.name_words() == 1) names.insert(row.name());
  }
  const auto check = [&names](const std::string& word) {
    INFO(word);
    const Row* const row = find(std::array<std::string_view, 1>{word});
    CHECK((row != nullptr) == names.contains(word));
    if (row != nullptr) CHECK(row->name_view() == word);
  };
  for (const std::string& name : names) for_each_near_miss(name, check);
}

TEST_CASE("a word that is nearly a subcommand is not taken for it") {
  std::set<std::string, std::less<>> names;
  for (const Row& row : all_rows()) names.insert(row.name());
  for (const std::string& name : names) {
    const std::size_t bar = name.find('|');
    if (bar == std::string::npos) continue;
    const std::string container = name.substr(0, bar);
    const auto check = [&](const std::string& subcommand) {
      INFO(container << ' ' << subcommand);
      const Row* const row = find(std::array<std::string_view, 2>{container, subcommand});
      REQUIRE(row != nullptr);
      const bool is_known = names.contains(container + '|' + subcommand);
      CHECK(row->name_view() == (is_known ? container + '|' + subcommand : container));
    };
    for_each_near_miss(name.substr(bar + 1), check);
  }
}

TEST_CASE("a subcommand has its own row, and one that is unknown that of its container") {
  CHECK(name_of("CLIENT KILL x") == "CLIENT|KILL");
  CHECK(name_of("client no-evict on") == "CLIENT|NO-EVICT");
  CHECK(name_of("CLIENT NOSUCH") == "CLIENT");
  CHECK(name_of("COMMAND") == "COMMAND");
  CHECK(name_of("COMMAND COUNT") == "COMMAND|COUNT");
  CHECK(name_of("GET client|kill") == "GET");
  CHECK(name_of("CLIENT|KILL x") == "unknown");
}

TEST_CASE("what only newer servers have is known where it would do harm") {
  CHECK(class_of("CLIENT IMPORT-SOURCE on") == Class::connection_state);
}

TEST_CASE("only what changes nothing may be sent again") {
  for (const char* text : {"GET k", "MGET k", "PING", "XREAD COUNT 1 STREAMS s 0", "HGETALL h",
                           "SORT_RO k", "OBJECT ENCODING k", "DBSIZE"}) {
    INFO(text);
    CHECK(row_of(text)->reads == 1);
  }
  for (const char* text : {"SET k v", "GETDEL k", "EVAL x 0", "EVAL_RO x 0", "FCALL_RO f 0",
                           "PFCOUNT k", "TOUCH k", "GETEX k", "XREADGROUP GROUP g c STREAMS s >",
                           "SORT k", "BLPOP k 0", "CLIENT KILL x", "PUBLISH c m"}) {
    INFO(text);
    CHECK(row_of(text)->reads == 0);
  }
}

TEST_CASE("cacheable is what depends on its own keys alone") {
  CHECK(row_of("GET")->cacheable == 1);
  CHECK(row_of("ZRANGE")->cacheable == 1);
  CHECK(row_of("TTL")->cacheable == 0);
  CHECK(row_of("SRANDMEMBER")->cacheable == 0);
  CHECK(row_of("SCAN")->cacheable == 0);
  for (const Row& row : all_rows()) {
    INFO(row.name());
    CHECK((row.cacheable == 0 || (row.reads == 1 && row.specs_count > 0)));
  }
}

TEST_CASE("the table says what a command changes besides its keys") {
  CHECK(row_of("SET")->writes == Writes::nothing_else);
  CHECK(row_of("FLUSHALL")->writes == Writes::all);
  CHECK(row_of("EVAL")->writes == Writes::all);
  CHECK(row_of("SORT")->writes == Writes::undeclared);
  CHECK(row_of("MOVE")->writes == Writes::other_database);
}

TEST_CASE("the keys of a command are where the server says, and whether it writes them") {
  CHECK(keys_in("GET a") == "r:a");
  CHECK(keys_in("SET a v") == "w:a");
  CHECK(keys_in("MGET a b c") == "r:a r:b r:c");
  CHECK(keys_in("MSET a 1 b 2") == "w:a w:b");
  CHECK(keys_in("BLPOP a b 0") == "w:a w:b");
  CHECK(keys_in("ZUNIONSTORE d 2 a b WEIGHTS 1 2") == "w:d r:a r:b");
  CHECK(keys_in("EVAL script 2 a b c") == "w:a w:b");
  CHECK(keys_in("EVAL script 0 c").empty());
  CHECK(keys_in("LMPOP 2 a b LEFT") == "w:a w:b");
  CHECK(keys_in("BLMPOP 0 1 a LEFT") == "w:a");
  CHECK(keys_in("XREAD COUNT 2 STREAMS s t 0 0") == "r:s r:t");
  CHECK(keys_in("xreadgroup group g streams streams s >") == "r:s");
  CHECK(keys_in("RENAME a b") == "w:a w:b");
  CHECK(keys_in("SMOVE a b m") == "w:a w:b");
  CHECK(keys_in("BITOP AND d a b") == "w:d r:a r:b");
  CHECK(keys_in("OBJECT ENCODING a") == "r:a");
  CHECK(keys_in("XGROUP CREATE s g $") == "w:s");
  CHECK(keys_in("GEORADIUS g 1 2 3 m STORE d") == "r:g w:d");
  CHECK(keys_in("SORT a BY w_* STORE d") == "r:a");
  CHECK(keys_in("MIGRATE host 6379 a 0 1000") == "w:a");
  CHECK(keys_in("PING").empty());
  CHECK(keys_in("MODULE.CMD a").empty());
  CHECK(keys_in("SPUBLISH channel m").empty());
}

TEST_CASE("keys that cannot be where they should are no keys") {
  CHECK(keys_in("MSET a 1 b") == "a key without a value");
  CHECK(keys_in("XREAD STREAMS s t 0") == "an odd number of words behind STREAMS");
  CHECK(keys_in("ZUNION x a") == "numkeys is not a number");
  CHECK(keys_in("ZUNION 3 a b") == "numkeys is larger than the number of words behind it");
}

TEST_CASE("each command has its class, in any case") {
  const auto check = [](Class expected, std::vector<std::string_view> texts) {
    for (std::string_view text : texts) {
      INFO(text);
      CHECK(class_of(text) == expected);
      CHECK(class_of(lower(text)) == expected);
    }
  };
  check(Class::plain,
        {"GET ship", "SET ship Eastern", "PING", "EVAL return(1) 0", "PUBLISH news word",
         "CLIENT INFO", "CLIENT LIST", "CLIENT GETNAME", "CLIENT", "XADD s * f v",
         "XREAD COUNT 2 STREAMS s 0", "XREADGROUP GROUP g c COUNT 1 STREAMS s >",
         "SCRIPT LOAD return(1)", "GETX", "", "OBJECT HELP", "LMOVE a b LEFT RIGHT", "LPOP a"});
  check(Class::contiguous, {"MULTI", "EXEC", "DISCARD", "WATCH a b", "UNWATCH"});
  check(Class::blocking,
        {"BLPOP a 0", "BRPOP a 0", "BLMOVE a b LEFT RIGHT 0", "BLMPOP 0 1 a LEFT",
         "BRPOPLPUSH a b 0", "BZPOPMIN z 0", "BZPOPMAX z 0", "BZMPOP 0 1 z MIN", "WAIT 1 0",
         "WAITAOF 1 0 0", "XREAD BLOCK 0 STREAMS s $", "XREAD COUNT 1 BLOCK 0 STREAMS s $",
         "XREADGROUP GROUP g c BLOCK 0 STREAMS s >",
         "XREADGROUP GROUP g c NOACK BLOCK 5 STREAMS s >"});
  check(Class::connection_state, {"SELECT 1",
                                  "AUTH secret",
                                  "HELLO 3",
                                  "HELLO",
                                  "RESET",
                                  "QUIT",
                                  "MONITOR",
                                  "ASKING",
                                  "READONLY",
                                  "READWRITE",
                                  "SYNC",
                                  "PSYNC ? -1",
                                  "REPLCONF ack 0",
                                  "SUBSCRIBE news",
                                  "PSUBSCRIBE n*",
                                  "SSUBSCRIBE news",
                                  "UNSUBSCRIBE",
                                  "PUNSUBSCRIBE",
                                  "SUNSUBSCRIBE",
                                  "CLIENT REPLY OFF",
                                  "CLIENT TRACKING ON",
                                  "CLIENT CACHING YES",
                                  "CLIENT CAPA redirect",
                                  "CLIENT NO-EVICT on",
                                  "CLIENT NO-TOUCH on",
                                  "SCRIPT DEBUG YES"});
}

TEST_CASE("BLOCK and STREAMS are options only where options stand") {
  CHECK(class_of("XREAD STREAMS block 0") == Class::plain);
  CHECK(class_of("XREADGROUP GROUP streams c BLOCK 0 STREAMS s >") == Class::blocking);
  CHECK(class_of("XREADGROUP GROUP g streams BLOCK 0 STREAMS s >") == Class::blocking);
  CHECK(class_of("XREADGROUP GROUP block block STREAMS s >") == Class::plain);
  CHECK(class_of("XREADGROUP BLOCK 0 GROUP g c STREAMS s >") == Class::blocking);
  CHECK(class_of("XREADGROUP GROUP") == Class::plain);
  CHECK(class_of("XREAD") == Class::plain);
}

}  // namespace
}  // namespace plimsoll::commands::command_table_test
