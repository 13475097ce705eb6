#include "plimsoll/core/cluster/routing.h"

#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/builders.h"
#include "plimsoll/core/commands/row_numbers.h"
#include "plimsoll/tests/core/commands/split.h"
#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::routing_test {
namespace {

using testing::encoded;
using testing::request;
using testing::TypedWords;

std::string show_keys(const Route& route) {
  switch (route.kind) {
    case Route::Kind::no_key: return "no key";
    case Route::Kind::one_slot: return "slot " + std::to_string(route.slot);
    case Route::Kind::several_slots: return "several slots";
    case Route::Kind::unclear: return "unclear";
  }
  return "?";
}

std::string show(const Route& route) {
  return show_keys(route) + (route.is_for_every_node ? ", every node" : "");
}

std::string show(const CommandView& command) { return show(route_of(command)); }

std::string slot(std::string_view key) { return "slot " + std::to_string(slot_of_key(key)); }

// Pieces of a request that is encoded already, as a transaction has them.
class Pieces {
 public:
  explicit Pieces(std::vector<std::string_view> pieces) : pieces_(std::move(pieces)) {}

  ArgumentList list() const { return {.items = this, .walk = &walk, .is_encoded = true}; }

 private:
  static void walk(const ArgumentList& list, const ArgumentSink& sink) {
    for (const std::string_view piece : static_cast<const Pieces*>(list.items)->pieces_) {
      sink(piece);
    }
  }

  std::vector<std::string_view> pieces_;
};

constexpr std::string_view multi = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view exec = "*1\r\n$4\r\nEXEC\r\n";

// Whole commands in pieces, as the native client has them.
std::string show_transaction(const std::vector<std::string>& commands) {
  const std::string first = std::string(multi) + (commands.empty() ? "" : commands[0]);
  std::vector<std::string_view> rest;
  for (std::size_t i = 1; i < commands.size(); ++i) rest.push_back(commands[i]);
  rest.push_back(exec);
  const Pieces pieces(rest);
  const ArgumentList list = pieces.list();
  CommandView command = CommandView::from_encoded(first);
  command.answers = static_cast<std::uint16_t>(commands.size() + 2);
  command.lists = {&list, 1};
  const std::string shown = show(command);

  std::string whole = first;
  for (const std::string_view piece : rest) whole += piece;
  CommandView in_one = CommandView::from_encoded(whole);
  in_one.answers = command.answers;
  CHECK(show(in_one) == shown);
  return shown;
}

// In pieces of a word or less, as the WebAssembly module has them.
std::string show_split_transaction(const CommandView& each) {
  std::vector<std::string> parts;
  encode_in_parts(each, [&parts](std::string_view part) { parts.emplace_back(part); });
  std::vector<std::string_view> views(parts.begin(), parts.end());
  views.push_back(exec);
  const Pieces pieces(views);
  const ArgumentList list = pieces.list();
  CommandView command = CommandView::from_encoded(multi);
  command.answers = 3;
  command.lists = {&list, 1};
  return show(command);
}

// Where these words go, which must be the same however they come.
std::string routed(std::string_view text) {
  const TypedWords words(text);
  const auto prepared = commands::prepare(words.views());
  if (!prepared) return "refused";
  const std::string shown = show(*prepared);
  CommandView unknown = *prepared;
  unknown.row = 0;
  CHECK(show(unknown) == shown);
  const std::string wire = encoded(*prepared);
  CommandView again = CommandView::from_encoded(wire);
  CHECK(show(again) == shown);
  again.row = prepared->row;
  CHECK(show(again) == shown);
  const auto words_behind_head = std::span(words.views()).subspan(1);
  const std::string head = request({std::string(words.views()[0])});
  CommandView with_head;
  with_head.head = std::string_view(head).substr(4);  // without the count
  with_head.head_parts = 1;
  with_head.more_args = words_behind_head;
  CHECK(show(with_head) == shown);
  CHECK(show_transaction({wire}) == shown);
  CHECK(show_split_transaction(*prepared) == shown);
  return shown;
}

TEST_CASE("a command of keys goes where their slot is, however it is given") {
  const std::vector<std::string_view> in_the_slot_of_a{
      "GET a",
      "get a",
      "SET a v EX 10",
      "HSET a f v",
      "OBJECT ENCODING a",
      "MEMORY USAGE a",
      "XGROUP CREATE a g $",
      "XINFO STREAM a",
      "BITOP AND a a {a}x",
      "MGET a {a}1 {a}2",
      "MSET a 1 {a}1 2",
      "DEL a {a}1",
      "RENAME a {a}b",
      "SMOVE a {a}b m",
      "ZADD a 1 m",
      "SORT a BY w_* STORE d",
      "SORT_RO a",
      "EVAL script 1 a b",
      "EVAL script 2 a {a} b",
      "EVALSHA sha 1 a",
      "FCALL f 1 a x",
      "FCALL_RO f 1 a",
      "LMPOP 2 a {a}1 LEFT",
      "ZUNIONSTORE a 2 {a}1 {a}2 WEIGHTS 1 2",
      "SINTERCARD 2 a {a}1 LIMIT 1",
      "XREAD COUNT 1 STREAMS a {a}1 0 0",
      "XREADGROUP GROUP streams c STREAMS a >",
      "GEORADIUS a 1 2 3 m STORE {a}d",
      "MIGRATE host 6379 a 0 1000",
      "BLPOP a {a}1 0",
      "BLMPOP 0 1 a LEFT",
      "SPUBLISH a m",
      "SUNIONSTORE {a}d a",
      "PFCOUNT a",
      "COPY a {a}b",
      "LCS a {a}b",
      "GEOSEARCHSTORE a {a}b FROMMEMBER m BYRADIUS 1 m",
  };
  for (const std::string_view text : in_the_slot_of_a) {
    INFO(text);
    CHECK(routed(text) == slot("a"));
  }
}

TEST_CASE("a command without keys has none") {
  for (const std::string_view text :
       {"PING", "ECHO a", "PUBLISH a m", "TIME", "LOLWUT", "COMMAND COUNT", "EVAL script 0 a",
        "FCALL f 0", "CLUSTER KEYSLOT a", "CLIENT ID", "OBJECT HELP", "CONFIG GET a", "PUBSUB HELP",
        "SCRIPT HELP"}) {
    INFO(text);
    CHECK(routed(text) == "no key");
  }
}

TEST_CASE("a command that concerns every node is known, however it is given") {
  for (const std::string_view text :
       {"INFO", "DBSIZE", "KEYS *", "SCAN 0", "FLUSHALL", "flushdb async", "RANDOMKEY",
        "SCRIPT LOAD x", "script exists x", "FUNCTION LOAD x", "CONFIG SET a b", "WAIT 1 0",
        "PUBSUB NUMSUB a", "pubsub shardchannels"}) {
    INFO(text);
    CHECK(routed(text) == "no key, every node");
  }
}

TEST_CASE("no command of a single key concerns every node") {
  for (const commands::Row& row : commands::all_rows()) {
    INFO(row.name());
    CHECK((row.has_only_key == 0 || concerned_by(row) == Concerns::one_node));
  }
}

TEST_CASE("keys of several slots are told apart, wherever the other one is") {
  for (const std::string_view text :
       {"MGET a b", "MGET a a b", "MSET a 1 b 2", "DEL a b", "RENAME a b", "EVAL script 2 a b",
        "ZUNIONSTORE a 2 b c", "XREAD STREAMS a b 0 0", "GEORADIUS a 1 2 3 m STORE b",
        "SUNIONSTORE d a", "LMPOP 2 a b LEFT", "COPY a b"}) {
    INFO(text);
    CHECK(routed(text) == "several slots");
  }
}

TEST_CASE("an unknown command is taken to have one key, its first argument") {
  CHECK(routed("JSON.SET a $ b") == slot("a"));
  CHECK(routed("MODULE.INFO") == "no key");
}

TEST_CASE("an unknown subcommand has no key") { CHECK(routed("OBJECT NOSUCH a") == "no key"); }

TEST_CASE("MIGRATE of several keys has an empty word in the place of one") {
  const auto shown = [](const testing::Words& words) {
    const std::string wire = request(words);
    CHECK(show_transaction({wire}) == show(CommandView::from_encoded(wire)));
    return show(CommandView::from_encoded(wire));
  };
  CHECK(shown({"MIGRATE", "h", "1", "", "0", "9", "KEYS", "a", "{a}1"}) == slot("a"));
  CHECK(shown({"MIGRATE", "h", "1", "", "0", "9", "KEYS", "a", "b"}) == "several slots");
  CHECK(shown({"MIGRATE", "h", "1", "", "0", "9"}) == slot(""));
}

TEST_CASE("shard channels are routed as keys are") {
  using commands::row_numbers::ssubscribe;
  const auto shown = [](std::string_view text) {
    const TypedWords words(text);
    CommandView command;
    command.args = words.views();
    return show(command);
  };
  CHECK(shown("SSUBSCRIBE a {a}b") == slot("a"));
  CHECK(shown("SSUBSCRIBE a b") == "several slots");
  CHECK(shown("SUNSUBSCRIBE a") == slot("a"));
  CHECK(shown("SUNSUBSCRIBE") == "no key");
  CHECK(shown("SUBSCRIBE a b") == "no key");
}

TEST_CASE("what a builder makes goes where its keys are") {
  using namespace commands;
  const std::vector<std::string_view> keys{"{a}1", "{a}2", "a"};
  const std::vector<std::string_view> others{"a", "b"};
  CHECK(show(get("a")) == slot("a"));
  CHECK(show(set("a", "v")) == slot("a"));
  CHECK(show(get("{a}b")) == slot("a"));
  CHECK(show(CommandView(del(keys))) == slot("a"));
  CHECK(show(CommandView(mget(others))) == "several slots");
  CHECK(show(rename("a", "{a}b")) == slot("a"));
  CHECK(show(rename("a", "b")) == "several slots");
  CHECK(show(object_encoding("a")) == slot("a"));
  CHECK(show(spublish("a", "m")) == slot("a"));
  CHECK(show(publish("a", "m")) == "no key");
  CHECK(show(ping()) == "no key");
  CHECK(show(dbsize()) == "no key, every node");
  CHECK(show(script_load("x")) == "no key, every node");
}

TEST_CASE("the streams of XREAD are found behind any options, however many they are") {
  for (const int count : {1, 2, 30, 31, 32, 33, 34, 200}) {
    CAPTURE(count);
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back("{a}" + std::to_string(i));
    std::vector<ArgumentPair> streams;
    for (const std::string& name : names) streams.push_back({.first = name, .second = "0"});
    CHECK(show(commands::xread(streams, {.count = 2})) == slot("a"));
    CHECK(show(commands::xreadgroup("g", "c", streams)) == slot("a"));
    names.back() = "b";
    streams.back().first = names.back();
    CHECK(show(commands::xread(streams)) == (count == 1 ? slot("b") : "several slots"));
  }
}

TEST_CASE("all keys count, however many there are") {
  for (const std::size_t count : {1, 64, 65, 66, 67, 200}) {
    CAPTURE(count);
    testing::Words words{"MGET"};
    for (std::size_t i = 0; i < count; ++i) words.push_back("{a}" + std::to_string(i));
    const auto check = [&words](const std::string& expected) {
      const std::string wire = request(words);
      CHECK(show(CommandView::from_encoded(wire)) == expected);
      CHECK(show_transaction({wire, request({"GET", words.back()})}) == expected);
      const std::vector<std::string_view> views(words.begin(), words.end());
      CommandView command;
      command.args = views;
      CHECK(show(command) == expected);
      CHECK(show_split_transaction(command) == expected);
    };
    check(slot("a"));
    words.back() = "b";
    check(count == 1 ? slot("b") : "several slots");
  }
}

TEST_CASE("a transaction goes where all keys of all its commands are") {
  const auto of = [](const std::vector<testing::Words>& commands) {
    std::vector<std::string> encoded_commands;
    for (const testing::Words& words : commands) encoded_commands.push_back(request(words));
    return show_transaction(encoded_commands);
  };
  CHECK(of({}) == "no key");
  CHECK(of({{"PING"}}) == "no key");
  CHECK(of({{"SET", "a", "1"}, {"PING"}, {"INCR", "{a}n"}}) == slot("a"));
  CHECK(of({{"PING"}, {"PUBLISH", "c", "m"}, {"INCR", "a"}}) == slot("a"));
  CHECK(of({{"SET", "a", "1"}, {"SET", "b", "1"}}) == "several slots");
  CHECK(of({{"SET", "a", ""}, {"SET", "", "1"}}) == "several slots");
  CHECK(of({{"SET", "", "1"}, {"GET", ""}}) == slot(""));
  CHECK(of({{"SET", "a", "1"}, {"EVAL", "x", "2", "a", "b"}}) == "several slots");
  CHECK(of({{"SET", "a", "1"}, {"JSON.GET", "a"}}) == slot("a"));
  CHECK(of({{"SET", "a", "$5\r\n*1\r\n"}, {"GET", "a"}}) == slot("a"));
  CHECK(of({{"SET", "a", "1"}, {"EVAL", "x", "3", "a", "b"}}) == "unclear");
  CHECK(of({{"SET", "a", "1"}, {"SET", "b", "1"}, {"EVAL", "x", "y"}}) == "unclear");
}

TEST_CASE("a transaction concerns every node if any of its commands does") {
  const auto of = [](const std::vector<testing::Words>& commands) {
    std::vector<std::string> encoded_commands;
    for (const testing::Words& words : commands) encoded_commands.push_back(request(words));
    return show_transaction(encoded_commands);
  };
  const testing::Words set_a{"SET", "a", "1"};
  CHECK(of({{"FLUSHALL"}}) == "no key, every node");
  CHECK(of({{"PING"}, {"SCRIPT", "LOAD", "x"}}) == "no key, every node");
  CHECK(of({set_a, {"FLUSHALL"}}) == slot("a") + ", every node");
  CHECK(of({{"dbsize"}, set_a, {"PING"}}) == slot("a") + ", every node");
  CHECK(of({set_a, {"SET", "b", "1"}, {"KEYS", "*"}}) == "several slots, every node");
  CHECK(of({set_a, {"GET", "FLUSHALL"}, {"PING"}}) == "several slots");
  CHECK(of({{"EVAL", "x", "y"}, set_a, {"FLUSHALL"}}) == "unclear, every node");
  CHECK(of({{"FLUSHALL"}, set_a, {"EVAL", "x", "y"}}) == "unclear, every node");
}

TEST_CASE("a script's operands may be encoded already") {
  const std::string operands = request({"1", "a", "b"}).substr(4);
  const Pieces pieces({operands});
  const ArgumentList list = pieces.list();
  const std::array<std::string_view, 2> words{"EVAL", "return 1"};
  CommandView command = CommandView::from_encoded("*5\r\n");
  command.args = words;
  command.lists = {&list, 1};
  command.answer = CommandView::Answer::script_words;
  CHECK(show(command) == slot("a"));
}

TEST_CASE("keys that cannot be found are not guessed") {
  const auto shown = [](const std::string& wire) {
    CommandView command = CommandView::from_encoded(wire);
    const std::string one = show(command);
    command.answers = 3;
    CHECK(show(command) == one);
    return one;
  };
  CHECK(shown(request({"EVAL", "x", "y"})) == "unclear");
  CHECK(shown(request({"EVAL", "x", "2", "a"})) == "unclear");
  CHECK(shown(request({"MSET", "a", "1", "b"})) == "unclear");
  CHECK(shown(request({"XREAD", "STREAMS", "a", "b", "0"})) == "unclear");
  CHECK(shown("") == "unclear");
  CHECK(shown("*") == "unclear");
  CHECK(shown("*0\r\n") == "unclear");
  CHECK(show(CommandView{}) == "unclear");
}

TEST_CASE("a command that ends before its keys has none: any server will say what is wrong") {
  CHECK(show(CommandView::from_encoded(request({"GET"}))) == "no key");
  CHECK(show(CommandView::from_encoded(request({"MGET"}))) == "no key");
  CHECK(show(CommandView::from_encoded(request({"EVAL", "x"}))) == "no key");
  CHECK(show_transaction({request({"GET"})}) == "no key");
}

TEST_CASE("a transaction that is cut anywhere is unclear, and nothing behind its end is read") {
  const std::string whole = std::string(multi) + request({"SET", "a", "v"}) +
                            request({"GET", "{a}b"}) + std::string(exec);
  const std::set<std::size_t> ends{multi.size(), multi.size() + request({"SET", "a", "v"}).size(),
                                   whole.size() - exec.size(), whole.size()};
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    CAPTURE(size);
    const std::string part = whole.substr(0, size);  // so that a sanitizer sees its end
    CommandView command = CommandView::from_encoded(part);
    command.answers = 4;
    CHECK((show(command) == "unclear") == !ends.contains(size));
  }
}

TEST_CASE("a word whose bytes are not there yet is no key, and a value may be one") {
  const std::array<std::string_view, 3> value{"SET", "a", deferred_word(100'000)};
  CHECK(show(*commands::prepare(value)) == slot("a"));
  CommandView command;
  const std::array<std::string_view, 2> key{"GET", deferred_word(100'000)};
  command.args = key;
  CHECK(show(command) == "unclear");
  command.row = commands::row_numbers::get;
  CHECK(show(command) == "unclear");
}

TEST_CASE("which commands concern every node is what the server's tips say, but for PING") {
  std::set<std::string> every_node;
  for (const commands::Row& row : commands::all_rows()) {
    if (concerned_by(row) == Concerns::every_node) every_node.insert(row.name());
  }
  for (const char* name :
       {"KEYS", "SCAN", "DBSIZE", "FLUSHALL", "FLUSHDB", "SCRIPT|LOAD", "SCRIPT|EXISTS",
        "SCRIPT|FLUSH", "SCRIPT|KILL", "FUNCTION|LOAD", "FUNCTION|DELETE", "CONFIG|SET",
        "RANDOMKEY", "WAIT", "ACL|SETUSER", "SLOWLOG|GET", "LATENCY|RESET", "MEMORY|PURGE"}) {
    INFO(name);
    CHECK(every_node.contains(name));
  }
  for (const char* name :
       {"GET", "DEL", "MGET", "MSET", "EXISTS", "UNLINK", "TOUCH", "PUBLISH", "EVAL", "ECHO",
        "CLUSTER|SLOTS", "CONFIG|GET", "SCRIPT", "TIME", "CLIENT|ID", "HSCAN", "COMMAND", "PING"}) {
    INFO(name);
    CHECK_FALSE(every_node.contains(name));
  }
}

}  // namespace
}  // namespace plimsoll::routing_test
