// CLIENT TRACKING RESUME: what a client has missed is told when it is back.
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/sim/model/server.h"

namespace plimsoll::sim::model::resumption_test {
namespace {

ServerOptions with_resumption(std::size_t pushes_max = 4) {
  ServerOptions options;
  options.resumption = Resumption{.seconds_away_max = 10, .pushes_max = pushes_max, .salt = 0xab};
  options.users.push_back({.name = "ann"});
  return options;
}

std::string invalidation(const std::string& key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
}

constexpr std::string_view flush = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

std::string name_of(int number) {
  return "00000000000000ab000000000000000" + std::to_string(number);
}

std::string stream(int name, int number, int resumed) {
  return "*3\r\n$32\r\n" + name_of(name) + "\r\n:" + std::to_string(number) +
         "\r\n:" + std::to_string(resumed) + "\r\n";
}

class Conversation {
 public:
  explicit Conversation(ServerOptions options = with_resumption()) : server(std::move(options)) {}

  ClientId client(const std::string& tracking = "") {
    const ClientId id = server.accept(now);
    say(id, "HELLO 3\nCLIENT TRACKING ON " + tracking + "\n");
    return id;
  }

  // With a stream of its own, that of this number.
  ClientId client_with_stream(int name = 1) {
    const ClientId id = client();
    CHECK(say(id, "CLIENT TRACKING RESUME\n") == stream(name, 0, 0));
    return id;
  }

  std::string say(ClientId id, std::string_view bytes) {
    server.handle_bytes(id, bytes, now);
    server.end_turn();
    return server.take_output(id);
  }

  std::string resume(ClientId id, int name, int number) {
    return say(id, "CLIENT TRACKING RESUME " + name_of(name) + " " + std::to_string(number) + "\n");
  }

  void write(const std::string& words) { say(writer_, words + "\n"); }

  Server server;
  Time now = from_milliseconds(1'000'000);

 private:
  ClientId writer_ = server.accept(now);
};

TEST_CASE("HELLO says that streams can be resumed, and for how long") {
  Conversation conversation;
  const ClientId client = conversation.server.accept(conversation.now);
  const std::string hello = conversation.say(client, "HELLO 3\n");
  CHECK(
      hello.ends_with("$14\r\ntracking-proof\r\n$4\r\nping\r\n$15\r\ntracking-resume\r\n:10\r\n"
                      "$7\r\nmodules\r\n*0\r\n"));
  CHECK(conversation.say(client, "HELLO 2\n").find("tracking") == std::string::npos);
}

TEST_CASE("a server that does not resume says so as it says so of any word") {
  Conversation conversation{ServerOptions()};
  const ClientId client = conversation.client();
  CHECK(conversation.say(client, "CLIENT TRACKING RESUME\n") == "-ERR syntax error\r\n");
  CHECK(conversation.say(client, "HELLO 3\n").find("tracking") == std::string::npos);
}

TEST_CASE("only a connection that is tracked has a stream, and not in a transaction") {
  Conversation conversation;
  const ClientId client = conversation.server.accept(conversation.now);
  CHECK(conversation.say(client, "HELLO 3\nCLIENT TRACKING RESUME\n").find("-ERR") !=
        std::string::npos);
  conversation.say(client, "CLIENT TRACKING ON\n");
  CHECK(conversation.say(client, "CLIENT TRACKING RESUME x\n").starts_with("-ERR"));
  CHECK(conversation.say(client, "CLIENT TRACKING RESUME x y\n").starts_with("-ERR"));
  CHECK(conversation.say(client, "MULTI\nCLIENT TRACKING RESUME\nEXEC\n").find("-ERR") !=
        std::string::npos);
}

TEST_CASE("what was missed comes in front of the reply, and goes on to be tracked") {
  Conversation conversation;
  const ClientId before = conversation.client_with_stream();
  conversation.say(before, "GET a\nGET b\nGET c\n");
  conversation.write("SET a 1");
  CHECK(conversation.server.take_output(before) == invalidation("a"));
  conversation.server.disconnect(before);
  conversation.write("SET b 1");
  conversation.write("SET b 2");

  const ClientId after = conversation.client();
  CHECK(conversation.resume(after, 1, 1) == invalidation("b") + stream(1, 3, 1));
  conversation.write("SET c 1");
  CHECK(conversation.server.take_output(after) == invalidation("c"));
  CHECK(conversation.server.resumptions().resumed == 1);
  CHECK(conversation.server.resumptions().told_again == 1);
}

TEST_CASE("what was sent and has not arrived is sent again, as often as it is asked for") {
  Conversation conversation;
  const ClientId first = conversation.client_with_stream();
  conversation.say(first, "GET a\nGET b\n");
  conversation.write("SET a 1");
  conversation.server.disconnect(first);

  const ClientId second = conversation.client();
  CHECK(conversation.resume(second, 1, 0) == invalidation("a") + stream(1, 2, 1));
  conversation.write("SET b 1");  // is the third
  conversation.server.disconnect(second);

  SECTION("to one who has not seen the reply") {
    const ClientId third = conversation.client();
    CHECK(conversation.resume(third, 1, 0) ==
          invalidation("a") + invalidation("b") + stream(1, 5, 1));
  }
  SECTION("to one who has") {
    const ClientId third = conversation.client();
    CHECK(conversation.resume(third, 1, 2) == invalidation("b") + stream(1, 4, 1));
  }
}

TEST_CASE("a flush, an expiry and a table that is too large are told to one who is away") {
  Conversation conversation;
  const ClientId before = conversation.client_with_stream();
  conversation.write("SET e 1 PX 5");
  conversation.say(before, "GET e\nGET k\n");
  conversation.server.disconnect(before);
  conversation.now = from_milliseconds(1'000'010);
  conversation.server.handle_time(conversation.now);
  conversation.write("FLUSHALL");
  CHECK(conversation.resume(conversation.client(), 1, 0) ==
        invalidation("e") + std::string(flush) + stream(1, 4, 1));
}

TEST_CASE("broadcasts are told to one who is away") {
  Conversation conversation;
  const ClientId before = conversation.client("BCAST PREFIX a PREFIX b");
  conversation.say(before, "CLIENT TRACKING RESUME\n");
  conversation.server.disconnect(before);
  conversation.write("SET a1 1");
  conversation.write("SET c1 1");
  const ClientId after = conversation.client("BCAST PREFIX a");
  CHECK(conversation.resume(after, 1, 0) == invalidation("a1") + stream(1, 2, 1));
  conversation.write("SET b1 1");
  CHECK(conversation.server.take_output(after) == invalidation("b1"));
}

TEST_CASE("who comes back while the old connection is still there ends that") {
  Conversation conversation;
  const ClientId before = conversation.client_with_stream();
  conversation.say(before, "GET a\n");
  const ClientId after = conversation.client();
  conversation.say(after, "GET b\n");
  CHECK(conversation.resume(after, 1, 0) == stream(1, 0, 1));
  CHECK(conversation.server.closing(before) == Closing::at_once);
  conversation.server.disconnect(before);
  conversation.write("MSET a 1 b 1");
  CHECK(conversation.server.take_output(after) == invalidation("a") + invalidation("b"));
}

TEST_CASE("own writes count behind their replies") {
  Conversation conversation;
  const ClientId before = conversation.client_with_stream();
  CHECK(conversation.say(before, "GET a\nSET a 1\n") == "_\r\n+OK\r\n" + invalidation("a"));
  conversation.server.disconnect(before);
  CHECK(conversation.resume(conversation.client(), 1, 1) == stream(1, 1, 1));
}

TEST_CASE("a stream is forgotten") {
  Conversation conversation;
  const ClientId before = conversation.client_with_stream();
  conversation.say(before, "GET a\nGET b\nGET c\nGET d\nGET e\nGET f\n");
  const auto is_refused = [&](int number = 0) {
    const ClientId after = conversation.client();
    const bool refused = conversation.resume(after, 1, number) == stream(2, 0, 0);
    // For good.
    CHECK(conversation.resume(conversation.client(), 1, number) == stream(3, 0, 0));
    return refused;
  };
  SECTION("after its time") {
    conversation.server.disconnect(before);
    conversation.now = from_milliseconds(1'010'001);
    CHECK(is_refused());
  }
  SECTION("not before it") {
    conversation.server.disconnect(before);
    conversation.now = from_milliseconds(1'010'000);
    CHECK(conversation.resume(conversation.client(), 1, 0) == stream(1, 0, 1));
  }
  SECTION("when too much was missed") {
    conversation.server.disconnect(before);
    conversation.write("MSET a 1 b 1 c 1 d 1 e 1");
    CHECK(is_refused());
  }
  SECTION("when what was sent is not kept any more") {
    conversation.write("MSET a 1 b 1 c 1 d 1 e 1");
    conversation.server.disconnect(before);
    CHECK(is_refused());
  }
  SECTION("not when what is not kept had arrived") {
    conversation.write("MSET a 1 b 1 c 1 d 1 e 1");
    conversation.server.disconnect(before);
    conversation.write("SET f 1");
    CHECK(conversation.resume(conversation.client(), 1, 5) == invalidation("f") + stream(1, 7, 1));
  }
  SECTION("by CLIENT TRACKING OFF") {
    conversation.say(before, "CLIENT TRACKING OFF\n");
    CHECK(is_refused());
  }
  SECTION("by a restart") {
    conversation.server.restart(Server::Data::kept);
    CHECK(is_refused());
  }
  SECTION("by its reader, who begins anew") {
    CHECK(conversation.say(before, "CLIENT TRACKING RESUME\n") == stream(2, 0, 0));
    CHECK(conversation.resume(conversation.client(), 1, 0) == stream(3, 0, 0));
  }
  SECTION("for no reason") {
    conversation.server.forget_stream(7);
    CHECK(is_refused());
  }
  SECTION("where it was of another connection") {
    conversation.server.forget_stream_of(before);
    CHECK(is_refused());
  }
}

TEST_CASE("only the same user has the stream") {
  Conversation conversation;
  conversation.server.disconnect(conversation.client_with_stream());
  const ClientId other = conversation.server.accept(conversation.now);
  conversation.say(other, "HELLO 3 AUTH ann any\nCLIENT TRACKING ON\n");
  CHECK(conversation.resume(other, 1, 0) == stream(2, 0, 0));
  CHECK(conversation.resume(conversation.client(), 1, 0) == stream(1, 0, 1));
}

TEST_CASE("what is not so counts as well") {
  Conversation conversation;
  const ClientId before = conversation.client_with_stream();
  CHECK_FALSE(conversation.server.tell_stray(conversation.client(), "k"));
  CHECK(conversation.server.tell_stray(before, "k"));
  CHECK(conversation.server.take_output(before) == invalidation("k"));
  conversation.server.disconnect(before);
  CHECK(conversation.resume(conversation.client(), 1, 1) == stream(1, 1, 1));
}

}  // namespace
}  // namespace plimsoll::sim::model::resumption_test
