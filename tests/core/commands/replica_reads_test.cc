#include "plimsoll/core/commands/replica_reads.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/builders.h"
#include "plimsoll/tests/core/commands/split.h"
#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::commands::replica_reads_test {
namespace {

using testing::encoded;
using testing::request;
using testing::TypedWords;

// "a b", the keys that it reads; "no" if no replica may answer; "(unclear)" if the keys cannot be
// found.
std::string show(const CommandView& command) {
  if (!may_replica_answer(command)) return "no";
  std::string keys;
  const bool is_clear = keys_read(command, [&keys](std::string_view key) {
    keys += (keys.empty() ? "" : " ") + std::string(key);
  });
  return is_clear ? keys : "(unclear)";
}

// What these words read, which must be the same however they come.
std::string read_by(std::string_view text) {
  const TypedWords words(text);
  const auto prepared = prepare(words.views());
  if (!prepared) return "refused";
  const std::string shown = show(*prepared);
  CommandView unknown = *prepared;
  unknown.row = 0;
  CHECK(show(unknown) == shown);
  const std::string wire = encoded(*prepared);
  CommandView again = CommandView::from_encoded(wire);
  again.effect = prepared->effect;
  CHECK(show(again) == shown);
  again.row = prepared->row;
  CHECK(show(again) == shown);
  return shown;
}

TEST_CASE("a replica may answer a read of the keys that it names") {
  const std::vector<std::pair<std::string_view, std::string_view>> expected{
      {"GET a", "a"},
      {"get a", "a"},
      {"MGET a b c", "a b c"},
      {"STRLEN a", "a"},
      {"GETRANGE a 0 1", "a"},
      {"EXISTS a b", "a b"},
      {"TTL a", "a"},
      {"PTTL a", "a"},
      {"TYPE a", "a"},
      {"HGET h f", "h"},
      {"HGETALL h", "h"},
      {"LRANGE l 0 -1", "l"},
      {"SMEMBERS s", "s"},
      {"SINTER a b", "a b"},
      {"SINTERCARD 2 a b LIMIT 1", "a b"},
      {"ZRANGE z 0 -1", "z"},
      {"ZUNION 2 a b WEIGHTS 1 2", "a b"},
      {"XRANGE s - +", "s"},
      {"XREAD COUNT 1 STREAMS s t 0 0", "s t"},
      {"GEORADIUS_RO g 1 2 3 m", "g"},
      {"BITCOUNT a", "a"},
      {"BITFIELD_RO a GET u8 0", "a"},
      {"LCS a b", "a b"},
      {"OBJECT ENCODING a", "a"},
  };
  for (const auto& [text, keys] : expected) {
    INFO(text);
    CHECK(read_by(text) == keys);
  }
}

TEST_CASE("a replica may not answer a write, a walk, a script, or what is no read of keys") {
  for (const std::string_view text : {"SET a v",
                                      "GETEX a",
                                      "GETEX a EX 10",
                                      "GETDEL a",
                                      "DEL a",
                                      "EXPIRE a 1",
                                      "SORT a STORE b",
                                      "SUNIONSTORE d a b",
                                      "HSCAN h 0",
                                      "SSCAN s 0",
                                      "ZSCAN z 0",
                                      "SCAN 0",
                                      "TOUCH a",
                                      "OBJECT FREQ a",
                                      "OBJECT IDLETIME a",
                                      "EVAL_RO x 1 a",
                                      "EVALSHA_RO x 1 a",
                                      "FCALL_RO f 1 a",
                                      "EVAL x 1 a",
                                      "DBSIZE",
                                      "KEYS *",
                                      "RANDOMKEY",
                                      "PING",
                                      "TIME",
                                      "INFO",
                                      "CLIENT ID",
                                      "XREADGROUP GROUP g c STREAMS s >",
                                      "PUBLISH c m",
                                      "JSON.GET a",
                                      "UNKNOWN a"}) {
    INFO(text);
    CHECK(read_by(text) == "no");
  }
}

TEST_CASE("what a caller does not call a read, or what is several commands, is for the primary") {
  const std::string wire = request({"GET", "a"});
  CommandView command = CommandView::from_encoded(wire);
  CHECK(show(command) == "no");
  command.effect = CommandView::Effect::read;
  CHECK(show(command) == "a");
  command.answers = 2;
  CHECK(show(command) == "no");
  command.answers = 1;
  command.answer = CommandView::Answer::confirmations;
  CHECK(show(command) == "no");
}

TEST_CASE("keys that cannot be found are not guessed") {
  const auto shown = [](const std::string& wire) {
    CommandView command = CommandView::from_encoded(wire);
    command.effect = CommandView::Effect::read;
    return show(command);
  };
  CHECK(shown(request({"GET"})) == "(unclear)");
  CHECK(shown(request({"MGET"})) == "(unclear)");
  CHECK(shown(request({"SINTERCARD", "x", "a"})) == "(unclear)");
  CHECK(shown(request({"SINTERCARD", "3", "a"})) == "(unclear)");
  CHECK(shown("") == "no");
  CHECK(shown("*") == "no");
}

TEST_CASE("all keys are found, however many there are") {
  std::vector<std::string> words{"MGET"};
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    words.push_back("k" + std::to_string(i));
    expected += (expected.empty() ? "" : " ") + words.back();
  }
  const std::vector<std::string_view> views(words.begin(), words.end());
  CHECK(show(*prepare(views)) == expected);
  const std::string wire = request(words);
  CommandView again = CommandView::from_encoded(wire);
  again.effect = CommandView::Effect::read;
  CHECK(show(again) == expected);
}

TEST_CASE("a builder's command is read like its words") {
  CHECK(show(get("a")) == "a");
  const std::vector<std::string_view> keys{"a", "b"};
  CHECK(show(mget(keys)) == "a b");
  CHECK(show(hgetall("h")) == "h");
  CHECK(show(set("a", "v")) == "no");
}

}  // namespace
}  // namespace plimsoll::commands::replica_reads_test
