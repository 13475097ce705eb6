#include "plimsoll/native/bridge/shared/error_line.h"

#include <cstddef>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/resp/error_reply.h"
#include "plimsoll/error.h"

namespace plimsoll::testing::error_line_test {
namespace {

using bridge::error_line;
using bridge::error_text_bytes_max;
using bridge::exec_error_line;
using bridge::server_words_bytes_max;
using native::ServerWords;

// What the error of an error reply with these words becomes.
native::Error answered(std::string_view words) {
  return native::Error(error_of_reply(words, Speaker::server), ServerWords{words_of_bridge(words)});
}

// An error that the client has found, with what it should not tell a WebSocket's client.
native::Error found(ErrorCode code, Executed executed) {
  return native::Error(
      plimsoll::Error{.code = code, .executed = executed, .what = "words of the client's own"},
      "10.0.0.7:6379: Connection refused");
}

// What the WebSocket's client makes of the line.
plimsoll::Error read(std::string_view line) {
  REQUIRE(line.starts_with('-'));
  REQUIRE(line.ends_with("\r\n"));
  return error_of_reply(line.substr(1, line.size() - 3), Speaker::script);
}

std::string_view mark_of(std::string_view line) {
  constexpr std::string_view mark = " plimsoll-bridge: ";
  const std::size_t at = line.find(mark);
  return at == line.npos ? std::string_view() : line.substr(0, at + mark.size());
}

TEST_CASE("a server's answer keeps its words") {
  for (const char* const words :
       {"WRONGTYPE Operation against a key holding the wrong kind of value", "ERR syntax error",
        "CLUSTERDOWN The cluster is down",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "CROSSSLOT Keys in request don't hash to the same slot",
        "NOPERM User app has no permissions to run the 'set' command",
        "NOAUTH Authentication required.", "LOADING the dataset", "MASTERDOWN Link with MASTER",
        "BUSY running a script", "ERR unknown command 'NOPE', with args beginning with: ",
        "NOREPLICAS Not enough good replicas", "READONLY You can't write", "MISCONF Valkey",
        "OOM command not allowed", "EXECABORT Transaction discarded", "NOSCRIPT No matching script",
        "UNBLOCKED force unblock", "MYERR of a script"}) {
    CHECK(error_line(answered(words)) == std::string("-") + words + "\r\n");
  }
}

TEST_CASE("a redirection says that nothing has run, and no address") {
  for (const char* const words : {"MOVED 12182 127.0.0.1:7202", "ASK 12182 127.0.0.1:7200"}) {
    CHECK(error_line(answered(words)) ==
          "-UNSENT plimsoll-bridge: its slot is moving to another node\r\n");
  }
}

TEST_CASE("a server's error without words is one") {
  CHECK(error_line(native::Error(ErrorCode::server_error, Executed::yes, "")) == "-\r\n");
}

TEST_CASE("line ends within a server's words become blanks") {
  CHECK(error_line(answered("ERR a\r\n+OK\r\nb\n")) == "-ERR a  +OK  b \r\n");
}

TEST_CASE("a server's words are cut where a client would not read the line") {
  const std::string longest = "ERR " + std::string(server_words_bytes_max - 4, 'x');
  CHECK(error_line(answered(longest)) == "-" + longest + "\r\n");
  CHECK(error_line(answered(longest + "y")) == "-" + longest + "\r\n");
}

TEST_CASE("what a bridge behind this one has answered is passed on") {
  for (const char* const words : {"NOPERM plimsoll-bridge: FLUSHALL is not allowed",
                                  "ERR plimsoll-bridge: a key is too long"}) {
    CHECK(error_line(answered(words)) == std::string("-") + words + "\r\n");
  }
  for (const char* const words : {"UNSENT plimsoll-bridge: 10.0.0.7 is not there",
                                  "INDOUBT plimsoll-bridge: 10.0.0.7 is not there",
                                  "TOOLARGE plimsoll-bridge: 10.0.0.7 says more than fits"}) {
    const std::string line = error_line(answered(words));
    CHECK(mark_of(line) == "-" + std::string(mark_of(words)));
    CHECK(line.find("10.0.0.7") == line.npos);
  }
}

TEST_CASE("what is refused before it is sent says why, and what was wrong") {
  const native::Error refused(plimsoll::Error{.code = ErrorCode::refused_command,
                                              .what = "WATCH is not possible here",
                                              .expected = "a connection of one's own"});
  CHECK(error_line(refused) ==
        "-NOPERM plimsoll-bridge: WATCH is not possible here; expected a connection of one's "
        "own\r\n");
  CHECK(read(error_line(refused)).code == ErrorCode::refused_by_bridge);
  CHECK(read(error_line(refused)).executed == Executed::no);
  for (const ErrorCode code : {ErrorCode::invalid_argument, ErrorCode::invalid_option}) {
    const native::Error wrong(
        plimsoll::Error{.code = code, .what = "a key is too long", .value = 8, .limit = 7});
    CHECK(error_line(wrong) == "-ERR plimsoll-bridge: a key is too long (is 8, limit 7)\r\n");
    CHECK(read(error_line(wrong)).code == ErrorCode::server_error);
    CHECK(read(error_line(wrong)).executed == Executed::no);
  }
}

TEST_CASE("what the library's callers should do instead is not said to clients of a bridge") {
  const auto line_with = [](const char* expected) {
    return error_line(native::Error(
        plimsoll::Error{.code = ErrorCode::refused_command, .what = "no", .expected = expected}));
  };
  CHECK(line_with("client.at(), which sends it") == "-NOPERM plimsoll-bridge: no\r\n");
  CHECK(line_with("keys of one slot; or `split` as cross_slot_writes") ==
        "-NOPERM plimsoll-bridge: no; expected keys of one slot\r\n");
  CHECK(line_with("wait() on client.exclusive()") == "-NOPERM plimsoll-bridge: no\r\n");
}

TEST_CASE("every other error says what became of the request, and nothing of the bridge's inside") {
  std::size_t others = 0;
  for (std::size_t number = 0; number < error_codes_count; ++number) {
    const auto code = static_cast<ErrorCode>(number);
    const bool is_refused =
        code == ErrorCode::refused_command || code == ErrorCode::refused_by_bridge ||
        code == ErrorCode::invalid_argument || code == ErrorCode::invalid_option;
    if (is_refused) continue;
    ++others;
    INFO(name(code));
    for (const Executed executed : {Executed::no, Executed::maybe}) {
      const std::string line = error_line(found(code, executed));
      INFO(line);
      CHECK(mark_of(line) == (executed == Executed::no ? "-UNSENT plimsoll-bridge: "
                                                       : "-INDOUBT plimsoll-bridge: "));
      CHECK(line.size() > mark_of(line).size() + 2);
      CHECK(line.find("10.0.0.7") == line.npos);
      const plimsoll::Error error = read(line);
      CHECK(error.executed == executed);
      CHECK(error.code ==
            (executed == Executed::no ? ErrorCode::lost_unsent : ErrorCode::lost_in_doubt));
    }
  }
  CHECK(others == error_codes_count - 4);
}

TEST_CASE("a reply for which there was no room has its own word, if the request has run") {
  for (const ErrorCode code : {ErrorCode::reply_too_large, ErrorCode::out_of_memory}) {
    const std::string line = error_line(found(code, Executed::yes));
    CHECK(mark_of(line) == "-TOOLARGE plimsoll-bridge: ");
    CHECK(read(line).code == ErrorCode::reply_too_large);
    CHECK(read(line).executed == Executed::yes);
  }
  // Nobody can say more of these than that they may have run.
  CHECK(mark_of(error_line(found(ErrorCode::wrong_type, Executed::yes))) ==
        "-INDOUBT plimsoll-bridge: ");
}

TEST_CASE("what the server said to a command of a transaction tells why EXEC was refused") {
  const auto said = [](ErrorCode code, Executed executed, const std::string& words) {
    return native::Error(plimsoll::Error{.code = code, .executed = executed, .what = "refused"},
                         ServerWords{words});
  };
  const native::Error unknown =
      said(ErrorCode::transaction_aborted, Executed::no, "ERR unknown command 'X'");
  const std::string line = exec_error_line(unknown);
  CHECK(line == "-EXECABORT Transaction discarded because of: ERR unknown command 'X'\r\n");
  CHECK(read(line).code == ErrorCode::transaction_aborted);
  const native::Error longest =
      said(ErrorCode::transaction_aborted, Executed::no, std::string(server_words_bytes_max, 'x'));
  CHECK(exec_error_line(longest).size() == server_words_bytes_max + 3);

  // All else is told as ever: also words that have it, and words after which something may have
  // run.
  for (const native::Error& other :
       {said(ErrorCode::transaction_aborted, Executed::no, "EXECABORT Transaction discarded"),
        said(ErrorCode::server_error, Executed::maybe, "NOPERM no MULTI"),
        said(ErrorCode::cluster_redirect, Executed::no, "MOVED 1 10.0.0.7:1"),
        said(ErrorCode::timed_out, Executed::no, ""),
        said(ErrorCode::refused_by_bridge, Executed::no, "X is not allowed")}) {
    CHECK(exec_error_line(other) == error_line(other));
  }
}

TEST_CASE("the words of what ended the client are not the server's answer") {
  const native::Error closed(
      plimsoll::Error{.code = ErrorCode::closed, .what = "the client was closed"},
      ServerWords{"WRONGPASS invalid username-password pair"});
  CHECK(error_line(closed) == "-UNSENT plimsoll-bridge: the bridge has given this server up\r\n");
}

TEST_CASE("the bridge's words are cut at their bound, and have no line ends") {
  const std::string mark = "-ERR plimsoll-bridge: ";
  for (const std::size_t size : {error_text_bytes_max - 1, error_text_bytes_max}) {
    const std::string text(size, 'x');
    const native::Error wrong(ErrorCode::invalid_argument, Executed::no, text);
    CHECK(error_line(wrong) == mark + text + "\r\n");
  }
  const std::string longest(error_text_bytes_max, 'x');
  const native::Error longer(ErrorCode::invalid_argument, Executed::no, longest + "y");
  CHECK(error_line(longer) == mark + longest + "\r\n");
  const native::Error lines(ErrorCode::invalid_argument, Executed::no, "a\r\n+OK\r\n");
  CHECK(error_line(lines) == mark + "a  +OK  \r\n");
}

}  // namespace
}  // namespace plimsoll::testing::error_line_test
