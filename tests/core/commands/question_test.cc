#include "plimsoll/core/commands/question.h"

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/builders.h"
#include "plimsoll/tests/core/commands/split.h"
#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::commands::question_test {
namespace {

using testing::encoded;
using testing::lower;
using testing::request;
using testing::TypedWords;

// "GET a | rest | more keys", or "none".
std::string show(const CommandView& command) {
  QuestionReader reader;
  if (!reader.read(command)) return "none";
  const Question& question = reader.question();
  std::string out = all_rows()[question.row - 1u].name();
  out += " " + std::string(question.key) + " |";
  for (std::string_view word : question.rest) out += " " + std::string(word);
  out += " |";
  for (const std::string_view& key : question.more_keys) {
    const bool is_of_rest =
        &key >= question.rest.data() && &key < question.rest.data() + question.rest.size();
    out += is_of_rest ? " " : " (elsewhere) ";
    out += key;
  }
  return out;
}

// The question of these words, which must be the same however they come.
std::string question_of(std::string_view text) {
  const TypedWords words(text);
  const auto prepared = prepare(words.views());
  if (!prepared) return "refused";
  const std::string shown = show(*prepared);
  const std::string wire = encoded(*prepared);
  CommandView again = CommandView::from_encoded(wire);
  CHECK(show(again) == shown);
  again.row = prepared->row;
  CHECK(show(again) == shown);
  CommandView unknown = *prepared;
  unknown.row = 0;
  CHECK(show(unknown) == shown);
  return shown;
}

// The question of a builder, which must be the one of the words that it sends.
template <class Built>
std::string built(const Built& builder) {
  const CommandView command = builder;
  CHECK(command.row != 0);
  const std::string wire = encoded(command);
  const std::string shown = show(command);
  CHECK(show(CommandView::from_encoded(wire)) == shown);
  FirstWords words;
  const CommandView again = CommandView::from_encoded(wire);
  words.take(again);
  const auto prepared = prepare(words.words());
  REQUIRE(prepared);
  CHECK(prepared->row == command.row);
  CHECK(show(*prepared) == shown);
  return shown;
}

TEST_CASE("a question is the command, its first key, its other words, and its other keys") {
  const std::vector<std::pair<std::string_view, std::string_view>> expected{
      {"GET a", "GET a | |"},
      {"MGET a b c", "MGET a | b c | b c"},
      {"MGET a", "MGET a | |"},
      {"HGET h f", "HGET h | f |"},
      {"HMGET h f g", "HMGET h | f g |"},
      {"HGETALL h", "HGETALL h | |"},
      {"HEXISTS h f", "HEXISTS h | f |"},
      {"SMEMBERS s", "SMEMBERS s | |"},
      {"SISMEMBER s m", "SISMEMBER s | m |"},
      {"SMISMEMBER s m n", "SMISMEMBER s | m n |"},
      {"SDIFF s t u", "SDIFF s | t u | t u"},
      {"SINTERCARD 2 s t LIMIT 5", "SINTERCARD s | 2 t LIMIT 5 | t"},
      {"ZRANGE z (1 +inf BYSCORE REV LIMIT 0 5 WITHSCORES",
       "ZRANGE z | (1 +inf BYSCORE REV LIMIT 0 5 WITHSCORES |"},
      {"ZUNION 3 x y z WEIGHTS 1 2 3", "ZUNION x | 3 y z WEIGHTS 1 2 3 | y z"},
      {"ZINTER 1 x", "ZINTER x | 1 |"},
      {"ZSCORE z m", "ZSCORE z | m |"},
      {"LRANGE l 0 -1", "LRANGE l | 0 -1 |"},
      {"LCS a b LEN", "LCS a | b LEN | b"},
      {"EXISTS k1 k2", "EXISTS k1 | k2 | k2"},
      {"EXISTS k k", "EXISTS k | k | k"},
      {"STRLEN k", "STRLEN k | |"},
      {"TYPE k", "TYPE k | |"},
      {"GETRANGE k 0 5", "GETRANGE k | 0 5 |"},
      {"SUBSTR k 0 5", "SUBSTR k | 0 5 |"},
      {"BITCOUNT k 0 1 BIT", "BITCOUNT k | 0 1 BIT |"},
      {"BITFIELD_RO k GET u8 0", "BITFIELD_RO k | GET u8 0 |"},
      {"GEOSEARCH g FROMMEMBER m BYRADIUS 5 km ASC",
       "GEOSEARCH g | FROMMEMBER m BYRADIUS 5 km ASC |"},
      {"GEODIST g a b km", "GEODIST g | a b km |"},
      {"XRANGE s - + COUNT 2", "XRANGE s | - + COUNT 2 |"},
      {"XLEN s", "XLEN s | |"},
  };
  for (const auto& [text, question] : expected) {
    INFO(text);
    CHECK(question_of(text) == question);
  }
}

TEST_CASE("what depends on more than its keys, or changes something, is no question") {
  for (std::string_view text : {"SET a v",
                                "SET a v GET",
                                "GETEX a",
                                "GETDEL a",
                                "DEL a",
                                "TTL a",
                                "PTTL a",
                                "SCAN 0",
                                "HSCAN h 0",
                                "SRANDMEMBER s",
                                "RANDOMKEY",
                                "KEYS *",
                                "DBSIZE",
                                "SORT a",
                                "SORT_RO a",
                                "EVAL x 1 a",
                                "EVAL_RO x 1 a",
                                "FCALL_RO f 1 a",
                                "BLPOP a 0",
                                "XREAD STREAMS s 0",
                                "XREADGROUP GROUP g c STREAMS s >",
                                "PFCOUNT a",
                                "OBJECT ENCODING a",
                                "DUMP a",
                                "TOUCH a",
                                "PING",
                                "ECHO a",
                                "TIME",
                                "INFO",
                                "CLIENT LIST",
                                "CONFIG GET a",
                                "PUBLISH c m",
                                "MEMORY USAGE a",
                                "MODULE.GET a",
                                "CLIENT NOSUCH a",
                                "COMMAND",
                                "GEORADIUS g 1 2 3 m"}) {
    INFO(text);
    CHECK(question_of(text) == "none");
  }
}

TEST_CASE("the name of a command may be spelled in any case, its other words may not") {
  CHECK(question_of("get a") == question_of("GET a"));
  CHECK(question_of("zUnion 2 a b") == question_of("ZUNION 2 a b"));
  CHECK(question_of("get A") != question_of("GET a"));
  CHECK(question_of("SUBSTR a 0 1") != question_of("GETRANGE a 0 1"));
}

TEST_CASE("these commands are cacheable, and no others") {
  std::string cacheable;
  for (const Row& row : all_rows()) {
    if (row.cacheable != 0) cacheable += std::string(row.name_view()) + " ";
  }
  CHECK(cacheable ==
        "BITCOUNT BITFIELD_RO BITPOS EXISTS GEODIST GEOHASH GEOPOS GEORADIUSBYMEMBER_RO "
        "GEORADIUS_RO GEOSEARCH GET GETBIT GETRANGE HEXISTS HGET HGETALL HKEYS HLEN HMGET "
        "HSTRLEN HVALS LCS LINDEX LLEN LPOS LRANGE MGET SCARD SDIFF SINTER SINTERCARD "
        "SISMEMBER SMEMBERS SMISMEMBER STRLEN SUBSTR SUNION TYPE XLEN XRANGE XREVRANGE ZCARD "
        "ZCOUNT ZDIFF ZINTER ZINTERCARD ZLEXCOUNT ZMSCORE ZRANGE ZRANGEBYLEX ZRANGEBYSCORE "
        "ZRANK ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCORE ZUNION ");
}

TEST_CASE("each cacheable row has a question whose key is the first that the table finds") {
  std::size_t cacheable = 0;
  for (const Row& row : all_rows()) {
    INFO(row.name());
    std::string text(row.name_view());
    for (char& c : text) c = c == '|' ? ' ' : c;
    // Numbers all: a count of keys is 1 then.
    for (int i = static_cast<int>(row.name_words()); i < std::abs(row.arity); ++i) text += " 1";
    const TypedWords words(text);
    std::vector<std::string_view> keys;
    const Status found =
        keys_of(words.views(), [&keys](std::string_view key, KeyAccess) { keys.push_back(key); });
    CommandView command;
    command.args = words.views();
    QuestionReader reader;
    const bool is_question = reader.read(command);
    CHECK(is_question == (row.cacheable != 0));
    if (!is_question) continue;
    ++cacheable;
    REQUIRE(found);
    REQUIRE_FALSE(keys.empty());
    CHECK(reader.question().key == keys[0]);
    CHECK(reader.question().row == number_of(row));
    CHECK(reader.question().rest.size() == words.views().size() - 1 - row.name_words());
    CHECK(reader.question().more_keys.size() == keys.size() - 1);
  }
  CHECK(cacheable >= 55);
}

TEST_CASE("a command has as many words as question_words_max at most") {
  const auto mget = [](std::size_t keys) {
    std::string text = "MGET";
    for (std::size_t i = 0; i < keys; ++i) text += " k" + std::to_string(i);
    return question_of(text);
  };
  CHECK(mget(question_words_max).substr(0, 12) == "MGET k0 | k1");
  CHECK(mget(question_words_max + 1) == "none");
  CHECK(mget(question_words_max + 2) == "none");
  CHECK(mget(question_words_max + 3) == "none");
  CHECK(mget(1000) == "none");

  std::vector<std::string_view> keys(question_words_max + 1, "k");
  CHECK(built(commands::mget(std::span(keys).first(question_words_max))) != "none");
  CHECK(show(commands::mget(keys)) == "none");
  CHECK(show(commands::zunion(keys)) == "none");
  CHECK(show(commands::zunion(std::span(keys).first(question_words_max - 1))) != "none");
}

TEST_CASE("several commands in one request are no question, nor is what is cut or malformed") {
  const std::string get = request({"GET", "a"});
  CommandView command = CommandView::from_encoded(get);
  CHECK(show(command) == "GET a | |");
  command.answers = 2;
  CHECK(show(command) == "none");
  for (std::size_t size = 0; size < get.size(); ++size) {
    INFO(size);
    CHECK(show(CommandView::from_encoded(std::string_view(get).substr(0, size))) == "none");
  }
  CHECK(show(CommandView::from_encoded("*2\r\n$3\r\nGET\r\n$99999999999999999999\r\na\r\n")) ==
        "none");
  CHECK(show(CommandView::from_encoded("*2\r\n$3\r\nGET\r\n$18446744073709551615\r\na\r\n")) ==
        "none");
  CHECK(show(CommandView::from_encoded("hello")) == "none");
  CHECK(show(CommandView::from_encoded(request({"ZUNION", "x", "a"}))) == "none");
  CHECK(show(CommandView::from_encoded(request({"GET"}))) == "none");
}

TEST_CASE("a module's command is a question where its name is given, in any case") {
  constexpr std::array<std::string_view, 2> modules{"TS.GET", "JSON.GET"};
  const auto shown = [&](const testing::Words& words) -> std::string {
    const std::string wire = request(words);
    const CommandView command = CommandView::from_encoded(wire);
    CHECK(show(command) == "none");
    QuestionReader reader;
    if (!reader.read(command, modules)) return "none";
    const Question& question = reader.question();
    CHECK(question.more_keys.empty());
    std::string out = std::to_string(question.row - module_row_first) + " ";
    out += question.key;
    for (std::string_view word : question.rest) out += " " + std::string(word);
    return out;
  };
  CHECK(shown({"JSON.GET", "doc", "$.a", "$.b"}) == "1 doc $.a $.b");
  CHECK(shown({"ts.Get", "t"}) == "0 t");
  CHECK(shown({"JSON.SET", "doc", "$", "1"}) == "none");
  CHECK(shown({"JSON.GET"}) == "none");
  testing::Words many(question_words_max, "x");
  many[0] = "JSON.GET";
  CHECK(shown(many) != "none");
  many.push_back("x");
  CHECK(shown(many) != "none");
  many.push_back("x");
  CHECK(shown(many) == "none");
}

TEST_CASE("keys and fields may hold any byte, or none") {
  const std::string bytes("\0\r\n$3 |", 7);
  const std::string wire = request({"HGET", bytes, ""});
  const CommandView command = CommandView::from_encoded(wire);
  QuestionReader reader;
  REQUIRE(reader.read(command));
  CHECK(reader.question().key == bytes);
  REQUIRE(reader.question().rest.size() == 1);
  CHECK(reader.question().rest[0].empty());
}

TEST_CASE("builders ask what the same words ask") {
  const std::array<std::string_view, 3> three{"x", "y", "z"};
  const std::array<double, 3> weights{1, 2.5, -3};
  CHECK(built(get("a")) == "GET a | |");
  CHECK(built(mget(three)) == "MGET x | y z | y z");
  CHECK(built(hget("h", "f")) == "HGET h | f |");
  CHECK(built(hmget("h", three)) == "HMGET h | x y z |");
  CHECK(built(hgetall("h")) == "HGETALL h | |");
  CHECK(built(smembers("s")) == "SMEMBERS s | |");
  CHECK(built(sismember("s", "m")) == "SISMEMBER s | m |");
  CHECK(built(exists(three)) == "EXISTS x | y z | y z");
  CHECK(built(strlen("k")) == "STRLEN k | |");
  CHECK(built(type("k")) == "TYPE k | |");
  CHECK(built(getrange("k", 0, -1)) == "GETRANGE k | 0 -1 |");
  CHECK(built(lrange("l", 0, -1)) == "LRANGE l | 0 -1 |");
  CHECK(built(lcs("a", "b")) == "LCS a | b | b");
  CHECK(built(lcs_len("a", "b")) == "LCS a | b LEN | b");
  CHECK(built(bitcount("k")) == "BITCOUNT k | |");
  CHECK(built(geodist("g", "a", "b", GeoUnit::kilometres)) == "GEODIST g | a b KM |");
  CHECK(built(zrange("z", 0, 5)) == "ZRANGE z | 0 5 |");
  CHECK(built(zrange("z", Bound::exclusive(1), "+inf", {.by = RangeBy::score, .reverse = true})) ==
        "ZRANGE z | (1 +inf BYSCORE REV |");
  CHECK(built(zunion(three)) == "ZUNION x | 3 y z | y z");
  CHECK(built(zunion(three, {.weights = weights})) == "ZUNION x | 3 y z WEIGHTS 1 2.5 -3 | y z");
  CHECK(built(sintercard(three, 2)) == "SINTERCARD x | 3 y z LIMIT 2 | y z");
  CHECK(built(set("a", "v")) == "none");
  CHECK(built(pfcount(three)) == "none");
}

TEST_CASE("a question of a builder with long words refers to them where they lie") {
  const std::string key(100'000, 'k');
  const std::array<std::string_view, 2> keys{key, "b"};
  const Composed command = zunion(keys);
  QuestionReader reader;
  REQUIRE(reader.read(command));
  CHECK(reader.question().key.data() == key.data());
}

TEST_CASE("numbers of a list that find no room for their texts are no question") {
  const std::vector<std::string_view> keys(25, "k");
  const std::vector<double> long_ones(25, -1.2345678901234567e-300);
  CHECK(show(zunion(keys, {.weights = long_ones})) == "none");
  CHECK(show(zunion(std::span(keys).first(20), {.weights = std::span(long_ones).first(20)})) !=
        "none");
}

TEST_CASE("GET and MGET are told apart from the rest") {
  const auto asks = [](const CommandView& command) {
    QuestionReader reader;
    REQUIRE(reader.read(command));
    return std::pair(is_get(reader.question()), is_mget(reader.question()));
  };
  const std::array<std::string_view, 1> one{"x"};
  CHECK(asks(get("a")) == std::pair(true, false));
  CHECK(asks(mget(one)) == std::pair(false, true));
  CHECK(asks(hget("a", "b")) == std::pair(false, false));
}

}  // namespace
}  // namespace plimsoll::commands::question_test
