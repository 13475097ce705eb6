#include "plimsoll/core/resp/error_reply.h"

#include <string>

#include <catch2/catch_test_macros.hpp>

// What is known of a command by the words of the error that answers it.

namespace plimsoll::error_reply_test {
namespace {

struct Row {
  const char* text;
  ErrorCode code;
};

// As valkey-server 8.0.1 says them; the others' older forms behind them.
constexpr Row refusals[] = {
    {"ERR unknown command 'NOPE', with args beginning with: 'a' ", ErrorCode::unknown_command},
    {"ERR unknown command `NOPE`, with args beginning with: ", ErrorCode::unknown_command},
    {"ERR unknown subcommand 'FOO'. Try CLIENT HELP.", ErrorCode::unknown_command},
    {"ERR Unknown subcommand or wrong number of arguments for 'foo'", ErrorCode::unknown_command},
    {"NOPERM User app has no permissions to run the 'set' command", ErrorCode::permission_denied},
    {"NOPERM No permissions to access a key", ErrorCode::permission_denied},
    {"NOAUTH Authentication required.", ErrorCode::authentication_failed},
    {"NOREPLICAS Not enough good replicas to write.", ErrorCode::not_enough_replicas},
    {"READONLY You can't write against a read only replica.", ErrorCode::read_only_replica},
    {"MISCONF Valkey is configured to save RDB snapshots, but...", ErrorCode::persistence_failed},
    {"OOM command not allowed when used memory > 'maxmemory'.", ErrorCode::server_out_of_memory},
    {"LOADING Valkey is loading the dataset in memory", ErrorCode::server_loading},
    {"MASTERDOWN Link with MASTER is down and...", ErrorCode::primary_down},
    {"BUSY Valkey is busy running a script. You can only call...", ErrorCode::server_busy},
    {"MOVED 12182 127.0.0.1:7202", ErrorCode::cluster_redirect},
    {"ASK 12182 127.0.0.1:7200", ErrorCode::cluster_redirect},
    {"CLUSTERDOWN The cluster is down", ErrorCode::cluster_down},
    {"TRYAGAIN Multiple keys request during rehashing of slot", ErrorCode::cluster_down},
    {"CROSSSLOT Keys in request don't hash to the same slot", ErrorCode::server_error},
    {"NOSCRIPT No matching script. Please use EVAL.", ErrorCode::server_error},
    {"UNBLOCKED force unblock from blocking operation, ...", ErrorCode::server_error},
    {"ERR wrong number of arguments for 'get' command", ErrorCode::server_error},
    {"ERR Protocol error: invalid bulk length", ErrorCode::server_error},
    {"EXECABORT Transaction discarded because of previous errors.", ErrorCode::transaction_aborted},
};

TEST_CASE("what the server refuses in its own words has not run, and has a code") {
  for (const Row& row : refusals) {
    INFO(row.text);
    const Error error = error_of_reply(std::string_view(row.text), Speaker::server);
    CHECK(error.code == row.code);
    CHECK(error.executed == Executed::no);
  }
}

TEST_CASE("the same words of a script prove nothing") {
  for (const Row& row : refusals) {
    INFO(row.text);
    const Error error = error_of_reply(std::string_view(row.text), Speaker::script);
    CHECK(error.code == row.code);
    CHECK(error.executed == Executed::maybe);
  }
}

TEST_CASE("nor those of a module, unless there is none that has the command") {
  for (const Row& row : refusals) {
    INFO(row.text);
    const Error error = error_of_reply(std::string_view(row.text), Speaker::module);
    CHECK(error.code == row.code);
    const bool is_sure = row.code == ErrorCode::unknown_command;
    CHECK(error.executed == (is_sure ? Executed::no : Executed::maybe));
  }
}

TEST_CASE("a command that failed by itself has run") {
  for (const char* const text :
       {"WRONGTYPE Operation against a key holding the wrong kind of value", "ERR syntax error",
        "BUSYKEY Target key name already exists.", "BUSYGROUP Consumer Group name already exists",
        "ERR ACL failure in script: User a has no permissions", "NOPERMISSION", "BUSY", "OOM", "",
        "ERR EXEC without MULTI", "ERR value is not an integer or out of range"}) {
    INFO(text);
    for (const Speaker speaker : {Speaker::server, Speaker::module, Speaker::script}) {
      const Error error = error_of_reply(std::string_view(text), speaker);
      CHECK(error.code == ErrorCode::server_error);
      CHECK(error.executed == Executed::yes);
    }
  }
}

struct OfBridge {
  const char* text;
  ErrorCode code;
  Executed executed;
  const char* words;
};

constexpr OfBridge bridge_answers[] = {
    {"NOPERM plimsoll-bridge: FLUSHALL is not allowed", ErrorCode::refused_by_bridge, Executed::no,
     "FLUSHALL is not allowed"},
    {"INDOUBT plimsoll-bridge: the server was lost", ErrorCode::lost_in_doubt, Executed::maybe,
     "the server was lost"},
    {"UNSENT plimsoll-bridge: no server is there", ErrorCode::lost_unsent, Executed::no,
     "no server is there"},
    {"TOOLARGE plimsoll-bridge: the reply is too large", ErrorCode::reply_too_large, Executed::yes,
     "the reply is too large"},
    {"ERR plimsoll-bridge: a key is too long", ErrorCode::server_error, Executed::no,
     "ERR plimsoll-bridge: a key is too long"},
    {"UNSENT plimsoll-bridge: ", ErrorCode::lost_unsent, Executed::no, ""},
};

TEST_CASE("a bridge says what became of the command, whoever may have run it") {
  for (const OfBridge& row : bridge_answers) {
    INFO(row.text);
    for (const Speaker speaker : {Speaker::server, Speaker::module, Speaker::script}) {
      const Error error = error_of_reply(std::string_view(row.text), speaker);
      CHECK(error.code == row.code);
      CHECK(error.executed == row.executed);
      CHECK(std::string_view(error.what).find("the bridge") != std::string_view::npos);
    }
    CHECK(words_of_bridge(row.text) == row.words);
  }
}

TEST_CASE("what only begins like a bridge's answer is none") {
  for (const char* const text :
       {"INDOUBT plimsoll-bridge:", "INDOUBT plimsoll-bridge:x", "INDOUBT  plimsoll-bridge: x",
        "INDOUBT", "UNSENT by a script", "TOOLARGE", "UNSENTplimsoll-bridge: x",
        " plimsoll-bridge: x", "plimsoll-bridge: x", "WRONGTYPE plimsoll-bridge: x",
        "indoubt plimsoll-bridge: x"}) {
    INFO(text);
    const Error error = error_of_reply(std::string_view(text), Speaker::server);
    CHECK(error.code == ErrorCode::server_error);
    CHECK(error.executed == Executed::yes);
    CHECK(words_of_bridge(text) == text);
  }
}

TEST_CASE("a bridge's answer that lies in pieces is read as one") {
  for (const OfBridge& row : bridge_answers) {
    INFO(row.text);
    const std::string_view text = row.text;
    const auto size = static_cast<std::uint32_t>(text.size());
    for (std::uint32_t cut = 1; cut < size; ++cut) {
      const Node nodes[] = {
          {.type = Type::simple_error, .split = true, .size = size, .bytes = nullptr},
          {.type = Type::piece, .split = false, .size = cut, .bytes = text.data()},
          {.type = Type::piece, .split = false, .size = size - cut, .bytes = text.data() + cut}};
      const Error error = error_of_reply(BytesView(nodes), Speaker::script);
      CHECK(error.code == row.code);
      CHECK(error.executed == row.executed);
    }
  }
}

TEST_CASE("a text that lies in pieces is read as one") {
  const std::string text = "NOPERM No permissions to access a key";
  const auto size = static_cast<std::uint32_t>(text.size());
  const Node nodes[] = {
      {.type = Type::simple_error, .split = true, .size = size, .bytes = nullptr},
      {.type = Type::piece, .split = false, .size = 3, .bytes = text.data()},
      {.type = Type::piece, .split = false, .size = size - 3, .bytes = text.data() + 3}};
  CHECK(error_of_reply(BytesView(nodes), Speaker::server).code == ErrorCode::permission_denied);
}

TEST_CASE("a server's words are no bridge's") {
  CHECK(words_of_bridge("NOPERM User default has no permissions") ==
        "NOPERM User default has no permissions");
  CHECK(words_of_bridge("ERR syntax error") == "ERR syntax error");
}

}  // namespace
}  // namespace plimsoll::error_reply_test
