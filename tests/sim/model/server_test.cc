#include "plimsoll/tests/sim/model/server.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::sim::model::server_test {
namespace {

constexpr std::int64_t start = 1'000'000;  // milliseconds

// A server with clients that speak inline.
class Conversation {
 public:
  explicit Conversation(ServerOptions options = {}) : server(std::move(options)) {}

  ClientId client() { return server.accept(now); }

  ClientId tracking_client(const std::string& options = "") {
    const ClientId id = client();
    say(id, "HELLO 3\nCLIENT TRACKING ON " + options + "\n");
    return id;
  }

  // What the client hears at the end of the turn.
  std::string say(ClientId id, std::string_view bytes) {
    server.handle_bytes(id, bytes, now);
    server.end_turn();
    return server.take_output(id);
  }

  std::string heard(ClientId id) { return server.take_output(id); }

  Server server;
  Time now = from_milliseconds(start);
};

std::string invalidation(const std::string& key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
}

constexpr std::string_view flush = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

TEST_CASE("an invalidation by an own write comes behind its reply and before the next") {
  Conversation conversation;
  const ClientId client = conversation.tracking_client();
  CHECK(conversation.say(client, "GET o\nSET o 1\nGET o\nPING\n") ==
        "_\r\n+OK\r\n" + invalidation("o") + "$1\r\n1\r\n+PONG\r\n");
}

TEST_CASE("the invalidations of a transaction come behind EXEC's reply") {
  Conversation conversation;
  const ClientId client = conversation.tracking_client();
  CHECK(conversation.say(client, "GET o\nMULTI\nSET o 1\nGET o\nSET o 2\nEXEC\nPING\n") ==
        "_\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n$1\r\n1\r\n+OK\r\n" +
            invalidation("o") + invalidation("o") + "+PONG\r\n");
}

TEST_CASE("broadcasts come at the end of the turn") {
  Conversation conversation;
  const ClientId client = conversation.tracking_client("BCAST PREFIX u:");
  CHECK(conversation.say(client, "SET u:1 1\nPING\n") == "+OK\r\n+PONG\r\n" + invalidation("u:1"));
}

TEST_CASE("a remembered read is told of once, to others at once") {
  Conversation conversation;
  const ClientId reader = conversation.tracking_client();
  const ClientId writer = conversation.client();
  conversation.say(reader, "GET k\n");
  conversation.say(writer, "SET k 1\nSET k 2\nSELECT 1\nSET k 3\n");
  CHECK(conversation.heard(reader) == invalidation("k"));
}

TEST_CASE("with NOLOOP an own write is not told, and makes the server forget the key") {
  Conversation conversation;
  const ClientId reader = conversation.tracking_client("NOLOOP");
  CHECK(conversation.say(reader, "GET n\nSET n 1\n") == "_\r\n+OK\r\n");
  conversation.say(conversation.client(), "SET n 2\n");
  CHECK(conversation.heard(reader).empty());
}

TEST_CASE("a flush is told to all who track, a swap of databases to nobody") {
  Conversation conversation;
  const ClientId reader = conversation.tracking_client("NOLOOP");
  CHECK(conversation.say(reader, "FLUSHALL\n") == "+OK\r\n" + std::string(flush));
  conversation.say(conversation.client(), "SWAPDB 0 1\nFLUSHDB\n");
  CHECK(conversation.heard(reader) == flush);
}

TEST_CASE("with OPTIN only what follows CLIENT CACHING YES is remembered") {
  Conversation conversation;
  const ClientId reader = conversation.tracking_client("OPTIN");
  conversation.say(reader, "GET a\nCLIENT CACHING YES\nCLIENT ID\nGET b\nGET c\n");
  conversation.say(conversation.client(), "MSET a 1 b 1 c 1\n");
  CHECK(conversation.heard(reader) == invalidation("b"));
}

TEST_CASE("a key that expires is told of when it is removed") {
  Conversation conversation;
  const ClientId reader = conversation.tracking_client();
  conversation.say(conversation.client(), "SET k v PX 100\n");
  conversation.say(reader, "GET k\n");
  REQUIRE(conversation.server.next_expiry() == from_milliseconds(start + 101));

  conversation.server.handle_time(from_milliseconds(start + 100));
  CHECK(conversation.heard(reader).empty());
  conversation.server.handle_time(from_milliseconds(start + 101));
  CHECK(conversation.heard(reader) == invalidation("k"));
  CHECK(conversation.server.key_count(0) == 0);
}

TEST_CASE("a tracking table over its limit forgets a key, and says so before the next reply") {
  ServerOptions options;
  options.tracking_keys_max = 1;
  Conversation conversation(options);
  const ClientId reader = conversation.tracking_client();
  const std::string heard = conversation.say(reader, "GET a\nGET b\nPING\n");
  const bool first = heard.find(invalidation("a")) != heard.npos;
  CHECK(heard == "_\r\n_\r\n" + invalidation(first ? "a" : "b") + "+PONG\r\n");
  conversation.say(conversation.client(), "MSET a 1 b 1\n");
  CHECK(conversation.heard(reader) == invalidation(first ? "b" : "a"));
}

TEST_CASE("a tracking table over its limit forgets keys in time, also where nobody asks anything") {
  Conversation conversation;
  const ClientId reader = conversation.tracking_client();
  CHECK(conversation.say(reader, "GET a\nGET b\nGET c\n") == "_\r\n_\r\n_\r\n");
  conversation.server.options().tracking_keys_max = 2;
  conversation.server.handle_time(conversation.now);
  CHECK(conversation.heard(reader).size() == invalidation("a").size());
}

TEST_CASE("a key that is evicted is gone, and told of once") {
  Conversation conversation;
  const ClientId reader = conversation.tracking_client();
  const ClientId listener = conversation.tracking_client("BCAST");
  conversation.say(reader, "SET k v\nGET k\n");
  conversation.heard(listener);
  CHECK(conversation.server.evict(0, "k", conversation.now));
  CHECK_FALSE(conversation.server.evict(0, "k", conversation.now));
  CHECK(conversation.heard(reader) == invalidation("k"));
  CHECK(conversation.heard(listener).empty());
  conversation.server.end_turn();
  CHECK(conversation.heard(listener) == invalidation("k"));
  CHECK(conversation.say(reader, "GET k\n") == "_\r\n");
}

TEST_CASE("an older server does not know what it does not have") {
  ServerOptions options;
  options.unknown_commands = {"client|tracking", "hello"};
  Conversation conversation(options);
  const ClientId client = conversation.client();
  CHECK(conversation.say(client, "CLIENT TRACKING ON\n") ==
        "-ERR unknown subcommand 'TRACKING'. Try CLIENT HELP.\r\n");
  CHECK(conversation.say(client, "HELLO 3\n") ==
        "-ERR unknown command 'HELLO', with args beginning with: '3' \r\n");
  CHECK(conversation.say(client, "CLIENT GETREDIR\n") == ":-1\r\n");
}

TEST_CASE("the execution log tells what ran, and not what was refused or queued") {
  Conversation conversation;
  std::vector<std::string> ran;
  conversation.server.set_execution_log([&](const Execution& execution) {
    std::string text(execution.command);
    for (const std::string_view word : execution.arguments.subspan(1))
      text.append(" ").append(word);
    if (execution.outcome == Execution::Outcome::replied_with_error) text += " failed";
    ran.push_back(text);
  });
  const ClientId client = conversation.client();
  conversation.say(client, "set k v\nGET\nFOO\nINCR k\nMULTI\nSET k w\n");
  CHECK(ran == std::vector<std::string>{"set k v", "incr k failed", "multi"});

  ran.clear();
  conversation.say(client, "EXEC\nWATCH k\nSET k x\nMULTI\nSET k y\nEXEC\n");
  CHECK(ran == std::vector<std::string>{"set k w", "exec", "watch k", "set k x", "multi", "exec"});
}

TEST_CASE("a scripted error stands in place of a command, which does not run") {
  Conversation conversation;
  const ClientId client = conversation.client();
  conversation.server.script_error({.command = "set", .text = "-OOM no memory", .count = 2});
  CHECK(conversation.say(client, "SET k 1\nGET k\nSET k 2\nSET k 3\nGET k\n") ==
        "-OOM no memory\r\n$-1\r\n-OOM no memory\r\n+OK\r\n$1\r\n3\r\n");
}

TEST_CASE("a restart ends all connections, and loses the data if it should") {
  Conversation conversation;
  const ClientId before = conversation.client();
  conversation.say(before, "SET k v\nSUBSCRIBE c\n");
  conversation.server.restart(Server::Data::kept);
  CHECK(conversation.server.closing(before) == Closing::at_once);
  CHECK(conversation.server.connections() == 0);
  CHECK(conversation.server.peek(0, "k") == "v");

  const ClientId after = conversation.client();
  CHECK(conversation.say(after, "CLIENT ID\nPUBLISH c x\n") == ":1\r\n:0\r\n");
  conversation.server.restart(Server::Data::lost);
  CHECK_FALSE(conversation.server.peek(0, "k"));
}

TEST_CASE("a connection ends as its end says") {
  Conversation conversation;
  const ClientId quitting = conversation.client();
  CHECK(conversation.say(quitting, "PING\nQUIT\nPING\n") == "+PONG\r\n+OK\r\n");
  CHECK(conversation.server.closing(quitting) == Closing::after_output);

  const ClientId wrong = conversation.client();
  CHECK(conversation.say(wrong, "*x\r\nPING\r\n") ==
        "-ERR Protocol error: invalid multibulk length\r\n");
  CHECK(conversation.server.closing(wrong) == Closing::after_output);

  const ClientId browser = conversation.client();
  CHECK(conversation.say(browser, "PING\nPOST / HTTP/1.1\n").empty());
  CHECK(conversation.server.closing(browser) == Closing::at_once);
}

TEST_CASE("protected mode lets nobody in without a password") {
  ServerOptions options;
  options.access = Access::protected_mode;
  Conversation conversation(options);
  const ClientId client = conversation.client();
  CHECK(conversation.heard(client).starts_with("-DENIED Running in protected mode because "));
  CHECK(conversation.server.closing(client) == Closing::after_output);

  conversation.server.set_user({.name = "default", .password = "secret"});
  CHECK(conversation.server.closing(conversation.client()) == Closing::no);
}

TEST_CASE("connections with something to send are told once each") {
  Conversation conversation;
  const ClientId listener = conversation.client();
  const ClientId speaker = conversation.client();
  conversation.say(listener, "SUBSCRIBE c\n");
  while (conversation.server.poll_output()) {
  }
  conversation.server.handle_bytes(speaker, "PUBLISH c 1\nPUBLISH c 2\n", conversation.now);
  CHECK(conversation.server.poll_output() == listener);
  CHECK(conversation.server.poll_output() == speaker);
  CHECK_FALSE(conversation.server.poll_output());
}

}  // namespace
}  // namespace plimsoll::sim::model::server_test
