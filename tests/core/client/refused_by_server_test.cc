#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/tests/core/client/pair.h"

// Requests that the server answers with an error: which of them have run.

namespace plimsoll::refused_by_server_test {
namespace {

using namespace std::chrono_literals;
using testing::Pair;
using testing::Words;

Error error_of(const Words& words, const std::string& reply) {
  Pair pair;
  pair.peer.set_script([&](const Words& request) {
    return request == words ? reply : testing::Peer::default_reply(request);
  });
  pair.connect();
  const std::vector<std::string_view> views(words.begin(), words.end());
  pair.end.submit_command(1, *commands::prepare(views), 0s);
  pair.drive();
  REQUIRE(pair.end.take_events().size() == 1);
  return pair.end.last_error();
}

TEST_CASE("what the server refuses to run has not run, and says why by its code") {
  const Error error = error_of({"SET", "k", "v"}, "-NOREPLICAS Not enough good replicas.\r\n");
  CHECK(error.code == ErrorCode::not_enough_replicas);
  CHECK(error.executed == Executed::no);
}

TEST_CASE("a command that fails while it runs has run") {
  const Error error = error_of({"INCR", "k"}, "-WRONGTYPE no number\r\n");
  CHECK(error.code == ErrorCode::server_error);
  CHECK(error.executed == Executed::yes);
}

TEST_CASE("a script may have written before it said what a server says that refuses it") {
  const std::string reply = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
  for (const Words& words : {Words{"EVAL", "return 1", "0"}, Words{"evalsha", "abc", "0"},
                             Words{"FCALL", "f", "0"}, Words{"EVAL_RO", "return 1", "0"}}) {
    INFO(words[0]);
    const Error error = error_of(words, reply);
    CHECK(error.code == ErrorCode::server_out_of_memory);
    CHECK(error.executed == Executed::maybe);
  }
}

TEST_CASE("so may a module's command, of which nothing is known") {
  const Error error = error_of({"MODULE.SET", "k"}, "-READONLY from within\r\n");
  CHECK(error.code == ErrorCode::read_only_replica);
  CHECK(error.executed == Executed::maybe);
}

TEST_CASE("a command that neither the table nor the server knows has not run") {
  const Error error =
      error_of({"NOPE", "k"}, "-ERR unknown command 'NOPE', with args beginning with: 'k' \r\n");
  CHECK(error.code == ErrorCode::unknown_command);
  CHECK(error.executed == Executed::no);
}

}  // namespace
}  // namespace plimsoll::refused_by_server_test
