#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/tests/core/commands/split.h"
#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::commands::prepare_test {
namespace {

using testing::encoded;
using testing::lower;
using testing::request;
using testing::TypedWords;
using namespace std::chrono_literals;

Duration block_time(std::string_view text) {
  const TypedWords words(text);
  INFO(text);
  const auto prepared = prepare(words.views());
  REQUIRE(prepared);
  return prepared->block_time;
}

// The refusal as a user reads it.
std::string refusal(const Result<CommandView>& prepared) {
  if (prepared) return "none";
  CHECK(prepared.error().executed == Executed::no);
  std::array<char, error_text_max> out{};
  return std::string(describe(prepared.error(), out));
}
std::string refusal(std::string_view text) {
  const TypedWords words(text);
  return refusal(prepare(words.views()));
}
std::string refusal_exclusive(std::string_view text) {
  const TypedWords words(text);
  return refusal(prepare_exclusive(words.views()));
}

TEST_CASE("a command is sent as its words are") {
  const TypedWords words("lpush List a b");
  CHECK(encoded(*prepare(words.views())) == request({"lpush", "List", "a", "b"}));
}

TEST_CASE("arguments may hold any byte") {
  const std::string bytes("\0\r\n$3", 5);
  const std::vector<std::string_view> words{"SET", bytes, bytes};
  CHECK(encoded(*prepare(words)) == request({"SET", bytes, bytes}));
}

TEST_CASE("what is unknown passes: a module may have it, or a newer server") {
  CHECK(refusal("FT.SEARCH index query") == "none");
  CHECK(refusal("CLIENT NOSUCH a b c") == "none");
  const TypedWords words("FT.SEARCH index");
  CHECK(prepare(words.views())->effect == CommandView::Effect::unknown);
}

TEST_CASE("a command without a name is refused") {
  const std::vector<std::string_view> empty_name{"", "ship"};
  CHECK(prepare({}).error().code == ErrorCode::invalid_argument);
  CHECK(prepare(empty_name).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("too few or too many arguments are counted") {
  CHECK(refusal("LPUSH l") ==
        "invalid_argument: LPUSH; expected at least 2 arguments (is 1, limit 2)");
  CHECK(refusal("get") == "invalid_argument: GET; expected exactly 1 argument (is 0, limit 1)");
  CHECK(refusal("GET a b") == "invalid_argument: GET; expected exactly 1 argument (is 2, limit 1)");
  CHECK(refusal("XGROUP CREATE s g") ==
        "invalid_argument: XGROUP|CREATE; expected at least 3 arguments (is 2, limit 3)");
  CHECK(refusal("DBSIZE x") == "invalid_argument: DBSIZE; expected no arguments (is 1, limit 0)");
}

TEST_CASE("every command of the table refuses a word too few, with its numbers") {
  for (const Row& row : all_rows()) {
    std::string name(row.name_view());
    const bool has_subcommand = name.find('|') != std::string::npos;
    for (char& c : name) c = c == '|' ? ' ' : c;
    const int least = row.arity < 0 ? -row.arity : row.arity;
    const int given = least - 1 - (has_subcommand ? 2 : 1);
    if (given < 0) continue;
    std::string text = name;
    for (int i = 0; i < given; ++i) text += " 1";
    INFO(text);
    const TypedWords words(text);
    const auto prepared = prepare(words.views());
    REQUIRE_FALSE(prepared);
    if (prepared.error().code == ErrorCode::refused_command) continue;
    CHECK(prepared.error().value == static_cast<std::uint64_t>(given));
    CHECK(prepared.error().limit == static_cast<std::uint64_t>(given + 1));
  }
}

TEST_CASE("keys that do not fit their number are refused") {
  CHECK(refusal("ZUNION x a").find("numkeys is not a number") != std::string::npos);
  CHECK(refusal("ZUNION 0 a").find("numkeys is too small") != std::string::npos);
  CHECK(refusal("ZUNION -1 a").find("numkeys is too small") != std::string::npos);
  CHECK(refusal("ZUNION 2 a").find("(is 2, limit 1)") != std::string::npos);
  CHECK(refusal("ZUNION 18446744073709551616 a").find("not a number") != std::string::npos);
  CHECK(refusal("EVAL return(1) 0") == "none");
  CHECK(refusal("EVAL return(1) -1").find("numkeys is too small") != std::string::npos);
  CHECK(refusal("EVAL return(1) 2 a").find("numkeys is larger") != std::string::npos);
  CHECK(refusal("MSET a 1 b").find("a key without a value") != std::string::npos);
  CHECK(refusal("XREAD STREAMS s t 0").find("odd number") != std::string::npos);
  CHECK(refusal("BLMPOP 0 2 a LEFT") == "none");  // the server says that LEFT is no key too many
  CHECK(refusal("LMPOP 3 a LEFT").find("numkeys is larger") != std::string::npos);
}

TEST_CASE("what puts a shared connection out of step is refused, with what to use") {
  for (const Row& row : all_rows()) {
    if (row.command_class == Class::plain || row.command_class == Class::blocking) continue;
    std::string text(row.name_view());
    for (char& c : text) c = c == '|' ? ' ' : c;
    INFO(text);
    for (const std::string& spelled : {text, lower(text), text + " a b c"}) {
      const TypedWords words(spelled);
      const auto prepared = prepare(words.views());
      REQUIRE_FALSE(prepared);
      CHECK(prepared.error().code == ErrorCode::refused_command);
      CHECK(std::string_view(prepared.error().expected).size() > 5);
    }
  }
  CHECK(refusal("QUIT") ==
        "refused_command: this command changes the state of a shared connection; expected "
        "client.close()");
}

TEST_CASE("on an exclusive connection, refusals do not speak of a shared one") {
  for (const char* text : {"MULTI", "EXEC", "DISCARD"}) {
    CHECK(refusal_exclusive(text) ==
          "refused_command: transactions are not sent command by command; expected transaction() "
          "of this exclusive connection, which minds what it watches");
  }
  CHECK(refusal_exclusive("QUIT") ==
        "refused_command: this command changes the state of a connection that others get later; "
        "expected client.close()");
  CHECK(refusal_exclusive("WATCH a b") == "none");
}

TEST_CASE("a blocking command says for how long") {
  CHECK(block_time("BLPOP a b 1") == 1s);
  CHECK(block_time("BLPOP a 0.5") == 500ms);
  CHECK(block_time("BLPOP a .5") == 500ms);
  CHECK(block_time("BLPOP a 1e2") == 100s);
  CHECK(block_time("BLPOP a +1.25E-1") == 125ms);
  CHECK(block_time("BLPOP a 0.000000001") == 1ns);
  CHECK(block_time("BLPOP a 123456789.123456789") == 123456789123456789ns);
  CHECK(block_time("BLPOP a 2.00000000000000000000000000000000001") == 2s);
  CHECK(block_time("BLMPOP 2 1 a LEFT") == 2s);
  CHECK(block_time("BLMOVE a b LEFT RIGHT 3") == 3s);
  CHECK(block_time("BZMPOP 4 1 z MIN COUNT 2") == 4s);
  CHECK(block_time("WAIT 1 250") == 250ms);
  CHECK(block_time("WAITAOF 1 0 250") == 250ms);
  CHECK(block_time("XREAD BLOCK 20 STREAMS s $") == 20ms);
  CHECK(block_time("XREADGROUP GROUP block c COUNT 1 BLOCK 30 STREAMS s >") == 30ms);
}

TEST_CASE("zero is for ever, and a command that does not wait has no time") {
  for (const char* text :
       {"BLPOP a 0", "BLPOP a 0.0", "BLPOP a -0", "WAIT 1 0", "XREAD BLOCK 0 STREAMS s $",
        "BLPOP a 1e100", "BLPOP a 10000000000000000000000000000", "BLPOP a -0.0e5"}) {
    CHECK(block_time(text) == CommandView::forever);
  }
  for (const char* text : {"GET a", "XREAD STREAMS s 0", "XREAD STREAMS block 0", "LPOP a"}) {
    CHECK(block_time(text) == Duration::zero());
  }
  CHECK(block_time("BLPOP a 1e-30") > Duration::zero());
  CHECK(block_time("BLPOP a 1e-30") < 1ms);
}

TEST_CASE("a time to wait that is none is refused") {
  for (const char* text :
       {"BLPOP a -1", "BLPOP a soon", "BLPOP a inf", "BLPOP a nan", "BLPOP a 1s", "BLPOP a 1e5000",
        "BLPOP a .", "BLPOP a .e1", "BLPOP a 0x10", "WAIT 1 -1", "WAIT 1 1.5", "WAIT 1 x",
        "XREAD BLOCK -1 STREAMS s $", "XREAD BLOCK x STREAMS s $", "XREAD COUNT 1 x BLOCK"}) {
    INFO(text);
    CHECK(refusal(text).find("invalid_argument: the time to wait is not a valid time") == 0);
  }
}

TEST_CASE("commands that read are marked so, those that change something are not") {
  const auto effect = [](std::string_view text) {
    const TypedWords words(text);
    return prepare(words.views())->effect;
  };
  CHECK(effect("get a") == CommandView::Effect::read);
  CHECK(effect("SET a b") == CommandView::Effect::unknown);
  CHECK(effect("EVAL_RO return(1) 0") == CommandView::Effect::unknown);
}

}  // namespace
}  // namespace plimsoll::commands::prepare_test
