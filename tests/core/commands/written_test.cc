#include "plimsoll/core/commands/written.h"

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/builders.h"
#include "plimsoll/core/commands/replica_reads.h"
#include "plimsoll/tests/core/commands/split.h"
#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::commands::written_test {
namespace {

using testing::encoded;
using testing::request;
using testing::TypedWords;

// "nothing", "anything", or the keys: "a b".
std::string show(const CommandView& command) {
  std::string keys;
  const Written written = keys_written(command, [&keys](std::string_view key) {
    keys += (keys.empty() ? "" : " ") + std::string(key);
  });
  switch (written) {
    case Written::nothing: return keys.empty() ? "nothing" : "(keys of nothing)";
    case Written::anything: return keys.empty() ? "anything" : "anything, and " + keys;
    case Written::keys: return keys;
  }
  return "";
}

// What these words change, which must be the same however they come.
std::string written(std::string_view text) {
  const TypedWords words(text);
  CommandView command;  // not prepared, which would refuse some
  command.args = words.views();
  const std::string shown = show(command);
  const std::string wire = encoded(command);
  CHECK(show(CommandView::from_encoded(wire)) == shown);
  if (const auto prepared = prepare(words.views())) {
    CHECK(show(*prepared) == shown);
    CHECK((written_by(*prepared) == Written::keys) == (shown != "nothing" && shown != "anything"));
  }
  return shown;
}

template <class Built>
std::string built(const Built& builder) {
  const CommandView command = builder;
  CHECK(command.row != 0);
  const std::string wire = encoded(command);
  const std::string shown = show(command);
  CHECK(show(CommandView::from_encoded(wire)) == shown);
  return shown;
}

TEST_CASE("what is written are the keys that the table says a command writes") {
  const std::vector<std::pair<std::string_view, std::string_view>> expected{
      {"SET a v", "a"},
      {"SET a v GET", "a"},
      {"set a v EX 10", "a"},
      {"APPEND a v", "a"},
      {"INCR a", "a"},
      {"MSET a 1 b 2 c 3", "a b c"},
      {"DEL a b c", "a b c"},
      {"UNLINK a", "a"},
      {"EXPIRE a 10", "a"},
      {"PERSIST a", "a"},
      {"GETEX a EX 10", "a"},
      {"GETDEL a", "a"},
      {"RENAME a b", "a b"},
      {"COPY a b", "b"},
      {"COPY a b REPLACE", "b"},
      {"RESTORE a 0 payload", "a"},
      {"HSET h f v", "h"},
      {"LPUSH l a b", "l"},
      {"LMOVE a b LEFT RIGHT", "a b"},
      {"LMPOP 2 a b LEFT", "a b"},
      {"BLPOP a b 0", "a b"},
      {"BLMPOP 0 2 a b LEFT", "a b"},
      {"SADD s m", "s"},
      {"SMOVE a b m", "a b"},
      {"SUNIONSTORE d a b", "d"},
      {"ZADD z 1 m", "z"},
      {"ZUNIONSTORE d 2 a b WEIGHTS 1 2", "d"},
      {"ZRANGESTORE d z 0 -1", "d"},
      {"BITOP AND d a b", "d"},
      {"BITFIELD k SET u8 0 1", "k"},
      {"GEOADD g 1 2 m", "g"},
      {"GEORADIUS g 1 2 3 m STORE d", "d"},
      {"GEORADIUS g 1 2 3 m STOREDIST d", "d"},
      {"GEORADIUS g 1 2 3 m", ""},
      {"PFADD p x", "p"},
      {"PFMERGE d a b", "d"},
      {"PFCOUNT p q", "p q"},
      {"XADD s * f v", "s"},
      {"XGROUP CREATE s g $", "s"},
      {"XACK s g 1-1", "s"},
  };
  for (const auto& [text, keys] : expected) {
    INFO(text);
    CHECK(written(text) == keys);
  }
}

TEST_CASE(
    "what cannot change a key changes nothing, though it is not a read that may be repeated") {
  for (std::string_view text : {"GET a",
                                "MGET a b",
                                "EXISTS a",
                                "SORT_RO a",
                                "TTL a",
                                "EVAL_RO x 1 a",
                                "FCALL_RO f 1 a",
                                "TOUCH a",
                                "SORT a",
                                "SORT a LIMIT 0 1",
                                "XREAD STREAMS s 0",
                                "XREADGROUP GROUP g c STREAMS s >",
                                "PING",
                                "ECHO x",
                                "AUTH secret",
                                "HELLO 3",
                                "CLIENT LIST",
                                "CLIENT KILL x",
                                "CLIENT TRACKING ON",
                                "CLIENT ID",
                                "CONFIG GET x",
                                "CONFIG SET a b",
                                "PUBLISH c m",
                                "SPUBLISH c m",
                                "SUBSCRIBE c",
                                "UNSUBSCRIBE",
                                "WAIT 1 0",
                                "SCRIPT LOAD x",
                                "SCRIPT FLUSH",
                                "FUNCTION LOAD x",
                                "FUNCTION FLUSH",
                                "INFO",
                                "DBSIZE",
                                "WATCH a",
                                "MULTI",
                                "SELECT 1",
                                "ACL LIST",
                                "SLOWLOG GET",
                                "LATENCY LATEST",
                                "CLUSTER SLOTS",
                                "COMMAND",
                                "OBJECT FREQ a",
                                "RESET",
                                "QUIT"}) {
    INFO(text);
    CHECK(written(text) == "nothing");
  }
}

TEST_CASE(
    "anything may be changed by scripts, by what empties or swaps databases, and by the unknown") {
  for (std::string_view text : {"EVAL x 1 a",
                                "EVAL x 0",
                                "EVALSHA x 1 a",
                                "FCALL f 1 a",
                                "FLUSHALL",
                                "FLUSHDB ASYNC",
                                "SWAPDB 0 1",
                                "MOVE a 1",
                                "COPY a b DB 1",
                                "copy a b db 1",
                                "SORT a STORE d",
                                "sort a by w_* store d",
                                "MIGRATE host 6379 a 0 1000",
                                "REPLICAOF host 6379",
                                "EXEC",
                                "DEBUG RELOAD",
                                "CLUSTER SETSLOT 1 STABLE",
                                "CLUSTER RESET",
                                "MODULE LOAD x",
                                "MODULE.SET a v",
                                "CLIENT NOSUCH",
                                "XGROUP NOSUCH s",
                                "FAILOVER"}) {
    INFO(text);
    CHECK(written(text) == "anything");
  }
  CHECK(show(CommandView{}) == "anything");
  CHECK(show(CommandView::from_encoded("hello")) == "anything");
}

// All rows of the table but containers: each is in one of these, or changes nothing.
constexpr std::string_view may_change_anything =
    "CLUSTER|ADDSLOTS CLUSTER|ADDSLOTSRANGE CLUSTER|DELSLOTS CLUSTER|DELSLOTSRANGE "
    "CLUSTER|FAILOVER CLUSTER|FLUSHSLOTS CLUSTER|REPLICATE CLUSTER|RESET CLUSTER|SETSLOT "
    "DEBUG EVAL EVALSHA EXEC FAILOVER FCALL FLUSHALL FLUSHDB MIGRATE MODULE|LOAD "
    "MODULE|LOADEX MODULE|UNLOAD MOVE REPLICAOF SLAVEOF SWAPDB ";
constexpr std::string_view may_change_their_keys =
    "APPEND BITFIELD BITOP BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN COPY "
    "DECR DECRBY DEL EXPIRE EXPIREAT GEOADD GEORADIUS GEORADIUSBYMEMBER GEOSEARCHSTORE GETDEL "
    "GETEX GETSET HDEL HINCRBY HINCRBYFLOAT HMSET HSET HSETNX INCR INCRBY INCRBYFLOAT LINSERT "
    "LMOVE LMPOP LPOP LPUSH LPUSHX LREM LSET LTRIM MSET MSETNX PERSIST PEXPIRE PEXPIREAT "
    "PFADD PFCOUNT PFDEBUG PFMERGE PSETEX RENAME RENAMENX RESTORE RESTORE-ASKING RPOP "
    "RPOPLPUSH RPUSH RPUSHX SADD SDIFFSTORE SET SETBIT SETEX SETNX SETRANGE SINTERSTORE SMOVE "
    "SPOP SREM SUNIONSTORE UNLINK XACK XADD XAUTOCLAIM XCLAIM XDEL XGROUP|CREATE "
    "XGROUP|CREATECONSUMER XGROUP|DELCONSUMER XGROUP|DESTROY XGROUP|SETID XSETID XTRIM ZADD "
    "ZDIFFSTORE ZINCRBY ZINTERSTORE ZMPOP ZPOPMAX ZPOPMIN ZRANGESTORE ZREM ZREMRANGEBYLEX "
    "ZREMRANGEBYRANK ZREMRANGEBYSCORE ZUNIONSTORE ";

// Whether `name` is one of `names`, which all end in a blank.
bool is_one_of(std::string_view names, std::string_view name) {
  const std::string with_blank = std::string(name) + " ";
  return names.starts_with(with_blank) || names.find(" " + with_blank) != names.npos;
}

TEST_CASE("each command of the table changes its keys, anything, or nothing") {
  for (const Row& row : all_rows()) {
    INFO(row.name());
    const Written expected = row.is_container != 0 || is_one_of(may_change_anything, row.name())
                                 ? Written::anything
                             : is_one_of(may_change_their_keys, row.name()) ? Written::keys
                                                                            : Written::nothing;
    CHECK(row.written == expected);
  }
}

TEST_CASE("the keys that each command writes are those that the table finds in its words") {
  std::size_t with_keys = 0;
  for (const Row& row : all_rows()) {
    if (row.written != Written::keys) continue;
    INFO(row.name());
    std::string text(row.name_view());
    for (char& c : text) c = c == '|' ? ' ' : c;
    // Numbers all: a count of keys is 1 then.
    for (int i = static_cast<int>(row.name_words()); i < std::abs(row.arity); ++i) text += " 1";
    std::string keys;
    const TypedWords words(text);
    REQUIRE(keys_of(words.views(), [&keys](std::string_view key, KeyAccess access) {
      if (access == KeyAccess::write) keys += (keys.empty() ? "" : " ") + std::string(key);
    }));
    CHECK(written(text) == keys);
    with_keys += keys.empty() ? 0 : 1;
  }
  CHECK(with_keys > 90);
}

TEST_CASE(
    "a row that reads changes nothing, and one that is of the whole database changes anything") {
  for (const Row& row : all_rows()) {
    INFO(row.name());
    if (row.reads != 0) CHECK(row.written == Written::nothing);
    if (row.cacheable != 0) CHECK(row.written == Written::nothing);
    if (row.writes == Writes::all) CHECK(row.written == Written::anything);
    if (row.is_container != 0) CHECK(row.written == Written::anything);
    if (row.writes_with == 0 && row.writes != Writes::nothing_else) {
      CHECK(row.written == Written::anything);
    }
  }
}

// A request of several commands, cut into a head and pieces in all places where that may be.
class Several {
 public:
  explicit Several(const std::vector<std::string_view>& commands) {
    for (const std::string_view text : commands) {
      const TypedWords words(text);
      pieces_.push_back("*" + std::to_string(words.views().size()) + "\r\n");
      for (const std::string_view word : words.views()) {
        pieces_.push_back("$" + std::to_string(word.size()) + "\r\n");
        pieces_.emplace_back(word);
        pieces_.emplace_back("\r\n");
      }
    }
    answers_ = static_cast<std::uint16_t>(commands.size());
  }

  // What it may change, which must be the same wherever it is cut.
  std::string written() {
    std::string all;
    for (const std::string& piece : pieces_) all += piece;
    CommandView command = CommandView::from_encoded(all);
    command.answers = answers_;
    const std::string shown = show(command);
    for (head_pieces_ = 0; head_pieces_ <= pieces_.size(); ++head_pieces_) {
      std::string head;
      for (std::size_t i = 0; i < head_pieces_; ++i) head += pieces_[i];
      command.head = head;
      const ArgumentList rest{.items = this, .walk = &walk, .is_encoded = true};
      command.lists = {&rest, 1};
      CHECK(show(command) == shown);
      CHECK(shown.starts_with("anything") == (written_by(command) == Written::anything));
      CHECK((shown == "nothing") == (written_by(command) == Written::nothing));
      command.effect = CommandView::Effect::read;
      CHECK(show(command) == "nothing");
      command.effect = CommandView::Effect::unknown;
    }
    return shown;
  }

 private:
  static void walk(const ArgumentList& list, const ArgumentSink& sink) {
    const auto& self = *static_cast<const Several*>(list.items);
    for (std::size_t i = self.head_pieces_; i < self.pieces_.size(); ++i) sink(self.pieces_[i]);
  }

  std::vector<std::string> pieces_;
  std::uint16_t answers_ = 0;
  std::size_t head_pieces_ = 0;
};

std::string several(const std::vector<std::string_view>& commands) {
  return Several(commands).written();
}

TEST_CASE("a transaction changes the keys that its commands change") {
  CHECK(several({"MULTI", "GET a", "MGET a b", "PING", "EXEC"}) == "nothing");
  CHECK(several({"MULTI", "SET a 1", "GET b", "EXEC"}) == "a");
  CHECK(several({"MULTI", "MSET a 1 b 2", "INCR c", "LMOVE d e LEFT LEFT", "EXEC"}) == "a b c d e");
  CHECK(several({"MULTI", "ZUNIONSTORE out 2 a b", "SORT l STORE m", "EXEC"}) ==
        "anything, and out");
  CHECK(several({"MULTI", "SORT l DESC", "GEORADIUS g 1 2 3 m STORE d", "EXEC"}) == "d");
  CHECK(several({"SET a 1", "DEL b"}) == "a b");
}

TEST_CASE("a transaction with one command that may change anything may change anything") {
  for (const std::string_view any :
       {"EVAL x 1 a", "FLUSHALL", "MODULE.THING a", "SELECT 3", "SWAPDB 0 1", "COPY a b DB 2",
        "MSET a 1 b", "LMPOP x a LEFT", "SCRIPT"}) {
    INFO(any);
    CHECK(several({"MULTI", any, "EXEC"}) == "anything");
    CHECK(several({"MULTI", "SET a 1", any, "EXEC"}) == "anything, and a");
    CHECK(several({"MULTI", any, "SET a 1", "EXEC"}) == "anything, and a");
  }
  CHECK(several({"MULTI", "COPY a b", "EXEC"}) == "b");
}

TEST_CASE(
    "keys far behind in a command of a transaction are found, and words that decide are not") {
  std::string many = "MSET";
  std::string keys;
  std::string sorted = "SORT l";
  for (int i = 0; i < 200; ++i) {
    const std::string key = "k" + std::to_string(i);
    many += " " + key + " v";
    keys += (i == 0 ? "" : " ") + key;
    sorted += " GET " + key;
  }
  CHECK(several({"MULTI", many, "EXEC"}) == keys);
  CHECK(several({"MULTI", sorted, "EXEC"}) == "anything");
}

TEST_CASE("several commands that cannot be read may change anything") {
  for (const std::string_view bytes :
       {"*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nGET\r\n$1\r\na", "*1\r\n$5\r\nMULTI\r\n*0\r\n",
        "PING\r\n", "*1\r\n$99999999999999999999\r\n", ""}) {
    INFO(bytes);
    CommandView command = CommandView::from_encoded(bytes);
    command.answers = 3;
    CHECK(written_by(command) == Written::anything);
  }
  // Words that are not encoded may belong to any of the commands.
  const TypedWords words("SET a 1");
  CommandView plain;
  plain.args = words.views();
  plain.answers = 2;
  CHECK(written_by(plain) == Written::anything);
}

TEST_CASE("of a transaction with a word that is not there yet, its key may be anything") {
  const auto written_with = [](std::string_view key, std::string_view value) {
    struct Pieces {
      std::array<std::string_view, 4> all;
    };
    const Pieces pieces{{"$4096\r\n", key, "\r\n$4096\r\n", value}};
    const ArgumentList rest{
        .items = &pieces,
        .walk =
            [](const ArgumentList& list, const ArgumentSink& sink) {
              for (const auto& piece : static_cast<const Pieces*>(list.items)->all) {
                sink(piece);
              }
              sink("\r\n*1\r\n$4\r\nEXEC\r\n");
            },
        .is_encoded = true};
    CommandView command = CommandView::from_encoded("*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n");
    command.answers = 3;
    command.lists = {&rest, 1};
    return written_by(command);
  };
  const std::string text(4096, 'x');
  CHECK(written_with(text, text) == Written::keys);
  CHECK(written_with(text, deferred_word(4096)) == Written::keys);
  CHECK(written_with(deferred_word(4096), text) == Written::anything);
}

TEST_CASE("a read behind XREADGROUP in a transaction may find its streams' groups changed") {
  const std::string bytes = request({"MULTI"}) +
                            request({"XREADGROUP", "GROUP", "g", "me", "STREAMS", "s", ">"}) +
                            request({"SET", "a", "1"}) + request({"EXEC"});
  CommandView command = CommandView::from_encoded(bytes);
  command.answers = 4;
  CHECK(show(command) == "a");
  std::string changed;
  CHECK(keys_changed(command, [&](std::string_view key) { changed += key; }) == Written::keys);
  CHECK(changed == "sa");
}

TEST_CASE("a subscription to several channels changes nothing") {
  const TypedWords words("SUBSCRIBE a b c");
  CommandView subscription;
  subscription.args = words.views();
  subscription.answer = CommandView::Answer::confirmations;
  subscription.answers = 3;
  CHECK(show(subscription) == "nothing");
}

TEST_CASE("of a command whose keys cannot be found anything may be changed") {
  CHECK(written("MSET a 1 b") == "anything");
  CHECK(written("LMPOP x a LEFT") == "anything");
  CHECK(written("LMPOP 9 a LEFT") == "anything");
  std::string long_one = "GEORADIUS g 1 2 3 m";
  for (int i = 0; i < 100; ++i) long_one += " WITHDIST";
  const TypedWords words(long_one + " STORE d");
  CHECK(show(*prepare(words.views())) == "d");
  const std::string wire = request({words.views().begin(), words.views().end()});
  CHECK(show(CommandView::from_encoded(wire)) == "anything");
}

TEST_CASE("all keys of a command with very many are found") {
  std::string text = "DEL";
  std::string keys;
  for (int i = 0; i < 1000; ++i) keys += " k" + std::to_string(i);
  CHECK(written(text + keys) == keys.substr(1));
  std::string pairs = "MSET";
  for (int i = 0; i < 1000; ++i) pairs += " k" + std::to_string(i) + " v";
  CHECK(written(pairs) == keys.substr(1));
}

TEST_CASE("builders write what the same words write") {
  const std::array<std::string_view, 3> three{"x", "y", "z"};
  const std::array<ArgumentPair, 2> pairs{{{"a", "1"}, {"b", "2"}}};
  const std::array<ScoredMember, 2> scored{{{1, "m"}, {2, "n"}}};
  const std::vector<std::string_view> many(1000, "k");
  CHECK(built(get("a")) == "nothing");
  CHECK(built(set("a", "v")) == "a");
  CHECK(built(set_get("a", "v")) == "a");
  CHECK(built(mset(pairs)) == "a b");
  CHECK(built(del(three)) == "x y z");
  CHECK(built(del(many)).size() == 1999);
  CHECK(built(rename("a", "b")) == "a b");
  CHECK(built(copy("a", "b")) == "b");
  CHECK(built(copy("a", "b", {.destination_db = 3})) == "anything");
  CHECK(built(sunionstore("d", three)) == "d");
  CHECK(built(zunionstore("d", three)) == "d");
  CHECK(built(zadd("z", scored)) == "z");
  CHECK(built(blpop(three, Duration::zero())) == "x y z");
  CHECK(built(lmpop(three, ListEnd::left)) == "x y z");
  CHECK(built(eval("x", three)) == "anything");
  CHECK(built(flushall()) == "anything");
  CHECK(built(swapdb(0, 1)) == "anything");
  CHECK(built(sort("a")) == "nothing");
  CHECK(built(sort_store("a", "d")) == "anything");
  CHECK(built(pfcount(three)) == "x y z");
  CHECK(built(client_list()) == "nothing");
  CHECK(built(ping()) == "nothing");
  CHECK(built(publish("c", "m")) == "nothing");
}

}  // namespace
}  // namespace plimsoll::commands::written_test
