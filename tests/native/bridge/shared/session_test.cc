// What a session does that a connection to a server does not: its bounds, its end, and what it says
// when the server is lost.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/shared/session_peer.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing {
namespace {

using bridge::SharedSession;

native::Options standalone() {
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  options.reconnect_wait_max = std::chrono::milliseconds(20);
  return options;
}

// The number that INFO shows for a field.
std::size_t info(const ValkeyServer& server, const std::string& section, std::string_view field) {
  const std::string text = server.ask("INFO " + section);
  const std::size_t at = text.find(std::string(field) + ":");
  if (at == std::string::npos) throw std::runtime_error("INFO has no " + std::string(field));
  return std::stoul(text.substr(at + field.size() + 1));
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) {
    found += 1;
  }
  return found;
}

}  // namespace

TEST_CASE("sessions of a user share a connection to the server") {
  constexpr std::size_t sessions = 50;
  const ValkeyServer server;
  SharedWorld world(server.url(), standalone());
  std::vector<std::unique_ptr<SessionPeer>> peers;
  for (std::size_t i = 0; i < sessions; ++i) {
    peers.push_back(std::make_unique<SessionPeer>(world));
    const std::string own = std::to_string(i);
    peers.back()->begin(resp("SET", "k" + own, own) + resp("GET", "k" + own));
  }
  for (std::size_t i = 0; i < sessions; ++i) {
    const std::string own = std::to_string(i);
    CHECK(peers[i]->receive_until("\r\n" + own + "\r\n").starts_with("+OK\r\n"));
  }
  constexpr std::size_t that_asks = 1;
  CHECK(info(server, "clients", "connected_clients") == 1 + that_asks);
  CHECK(world.counters().sessions == sessions);
  CHECK(world.counters().clients == 1);
  peers.clear();
  CHECK(world.counters().sessions == 0);
}

TEST_CASE("a client that takes no messages is cut off at the bound") {
  const ValkeyServer server;
  SharedWorld world(server.url(), standalone());
  SessionPeer peer(world);
  SessionPeer other(world);
  const std::string subscribed = peer.exchange(resp("HELLO", "3") + resp("SUBSCRIBE", "c"));
  CHECK(subscribed.ends_with("subscribe\r\n$1\r\nc\r\n:1\r\n"));
  constexpr std::size_t payload = std::size_t{64} << 10;
  constexpr std::size_t that_fit = SharedSession::unread_message_bytes_max / (payload + 40);
  const std::string publish = resp("PUBLISH", "c", std::string(payload, 'm'));
  for (std::size_t i = 0; i < that_fit; ++i) other.exchange(publish);
  CHECK(world.run_until([&] { return world.counters().messages == that_fit; }));
  CHECK(peer.session().why().empty());
  other.exchange(publish);
  CHECK(world.run_until([&] { return !peer.session().why().empty(); }));
  CHECK(peer.session().why().find("message_bytes_max") != std::string::npos);
  CHECK(peer.session().cause() == SharedSession::Cause::unread);
  std::string messages;
  peer.receive(messages);
  CHECK(count(messages, "message\r\n") == that_fit);
  CHECK(peer.session().has_ended());
  CHECK(other.exchange(resp("PING")) == "+PONG\r\n");
}

TEST_CASE("a session for which there is no memory says so, and blames no server") {
  const ValkeyServer server;
  SharedWorld world(server.url(), standalone(), std::size_t{8} << 20);
  SessionPeer peer(world);
  CHECK(peer.exchange(resp("PING")) == "+PONG\r\n");
  Charge all(world.account());
  for (std::size_t bytes = std::size_t{1} << 20; bytes > 0; bytes /= 2) {
    while (all.grow(bytes)) continue;
  }
  peer.begin(resp("PING"));
  CHECK(world.run_until([&] { return !peer.session().why().empty(); }));
  CHECK(peer.session().cause() == SharedSession::Cause::no_memory);
}

TEST_CASE("each client's copy of the names of its channels is paid for") {
  const ValkeyServer server;
  constexpr std::size_t limit = std::size_t{16} << 20;
  SharedWorld world(server.url(), standalone(), limit);
  const std::string name(std::size_t{100} << 10, 'n');
  std::vector<std::unique_ptr<SessionPeer>> peers;
  // Subscribes twice to the name, which is paid for once.
  const auto has_room_for_one_more = [&] {
    peers.push_back(std::make_unique<SessionPeer>(world));
    SessionPeer& peer = *peers.back();
    peer.begin(resp("SUBSCRIBE", name, name));
    std::string said;
    CHECK(world.run_until([&] {
      peer.receive(said);
      return said.starts_with("-UNSENT ") || count(said, ":1\r\n") == 2 ||
             !peer.session().why().empty();
    }));
    return count(said, ":1\r\n") == 2;
  };
  while (peers.size() * name.size() < limit && has_room_for_one_more()) continue;
  CHECK(peers.size() * name.size() < limit);
  // There is room again when others have one name less, or are gone.
  peers.pop_back();
  for (int left = 4; left > 0; --left) peers.pop_back();
  CHECK(has_room_for_one_more());
  peers.front()->begin(resp("UNSUBSCRIBE", name, name));
  CHECK(count(peers.front()->receive_until(":0\r\n"), "unsubscribe\r\n") >= 1);
  CHECK(has_room_for_one_more());
}

TEST_CASE("a session that ends takes its blocked command along") {
  const ValkeyServer server;
  SharedWorld world(server.url(), standalone());
  {
    SessionPeer peer(world);
    peer.begin(resp("BLPOP", "list", "0") + resp("SET", "k", "behind"));
    CHECK(world.run_until([&] { return info(server, "clients", "blocked_clients") == 1; }));
  }
  CHECK(world.run_until([&] { return info(server, "clients", "blocked_clients") == 0; }));
  SessionPeer other(world);
  CHECK(other.exchange(resp("RPUSH", "list", "a") + resp("LLEN", "list") + resp("EXISTS", "k")) ==
        ":1\r\n:1\r\n:0\r\n");
}

TEST_CASE("a session may end at any moment") {
  const ValkeyServer server;
  SharedWorld world(server.url(), standalone());
  const std::string commands[] = {
      resp("GET", "k"),
      resp("HELLO", "3"),
      resp("WATCH", "k"),
      resp("WATCH", "k") + resp("MULTI") + resp("SET", "k", "v") + resp("EXEC"),
      resp("MULTI") + resp("SET", "k", "v") + resp("EXEC"),
      resp("SUBSCRIBE", "c"),
      resp("SUBSCRIBE", "c") + resp("UNSUBSCRIBE"),
      resp("BLPOP", "none", "0"),
  };
  for (const std::string& each : commands) {
    for (int turns = 0; turns < 12; ++turns) {
      SessionPeer peer(world);
      peer.begin(each);
      for (int left = turns; left > 0; --left) world.run_one();
    }
  }
  SessionPeer last(world);
  CHECK(last.exchange(resp("PING")) == "+PONG\r\n");
  CHECK(world.run_until([&] { return info(server, "clients", "blocked_clients") == 0; }));
  CHECK(world.run_until([&] { return world.counters().channels == 0; }));
}

TEST_CASE("when the server is lost, each request has an answer that says what may have run") {
  ValkeyServer server;
  native::Options options = standalone();
  options.request_timeout = test_timeout(std::chrono::milliseconds(200));
  SharedWorld world(server.url(), options);
  SessionPeer peer(world);
  CHECK(peer.exchange(resp("SET", "k", "v")) == "+OK\r\n");
  server.pause();
  peer.begin(resp("INCR", "n") + resp("GET", "k") +
             resp("EVAL", "return redis.status_reply('x')", "0"));
  // Written, and not answered in time.
  std::string replies;
  CHECK(world.run_until([&] {
    peer.receive(replies);
    return count(replies, "\r\n") == 3;
  }));
  CHECK(count(replies, "-INDOUBT plimsoll-bridge: ") == 3);
  CHECK(world.counters().in_doubt == 3);
  server.kill();
  peer.begin(resp("INCR", "n"));
  // The connection is known to be lost by now, or is when the request is sent.
  const std::string lost = peer.receive_until("\r\n");
  CHECK((lost.starts_with("-UNSENT plimsoll-bridge: ") || lost.starts_with("-INDOUBT ")));
  peer.begin(resp("INCR", "n"));
  CHECK(peer.receive_until("\r\n").starts_with("-UNSENT plimsoll-bridge: "));
  server.restart();
  CHECK(world.run_until([&] { return peer.exchange(resp("PING")) == "+PONG\r\n"; }));
  CHECK(peer.exchange(resp("INCR", "n")) == ":1\r\n");
}

TEST_CASE("a message counts once, however many clients are about to take it") {
  const ValkeyServer server;
  constexpr std::size_t memory_limit = std::size_t{16} << 20;
  SharedWorld world(server.url(), standalone(), memory_limit);
  std::vector<std::unique_ptr<SessionPeer>> peers;
  for (int i = 0; i < 20; ++i) {
    peers.push_back(std::make_unique<SessionPeer>(world));
    peers.back()->exchange(resp("HELLO", "3") +
                           resp("SUBSCRIBE", "news", "of " + std::to_string(i)));
  }
  const std::string payload(memory_limit / bridge::UnreadShare::part / 4, 'm');
  SessionPeer publisher(world);
  for (int i = 0; i < 20; ++i) {
    CHECK(publisher.exchange(resp("PUBLISH", "news", payload)) == ":1\r\n");
    for (const auto& peer : peers) CHECK(peer->receive_until(payload + "\r\n").size() > 0);
  }
  CHECK(world.counters().dropped == 0);
  // Here each client has another message, and none takes it.
  for (int i = 0; i < 10; ++i) {
    publisher.exchange(resp("PUBLISH", "of " + std::to_string(i), payload));
  }
  CHECK(world.run_until([&] { return world.counters().dropped >= 6; }));
  CHECK(world.counters().dropped < 10);
  CHECK(publisher.exchange(resp("PUBLISH", "of 19", payload)) == ":1\r\n");
  CHECK(peers[19]->receive_until(payload + "\r\n").size() > 0);
}

TEST_CASE("when unread replies take too much, the session ends that has them for the longest") {
  constexpr std::size_t memory = std::size_t{8} << 20;
  constexpr std::size_t value = 300'000;
  const ValkeyServer server;
  SharedWorld world(server.url(), standalone(), memory);
  SessionPeer first(world);
  SessionPeer second(world);
  SessionPeer third(world);
  SessionPeer reader(world);
  CHECK(reader.exchange(resp("SET", "k", std::string(value, 'v'))) == "+OK\r\n");
  const auto get = [&](SessionPeer& peer) {
    const std::size_t before = peer.session().available_bytes();
    peer.begin(resp("GET", "k"));
    CHECK(world.run_until([&] { return peer.session().available_bytes() > before + value; }));
  };
  const auto now = [] { return std::chrono::steady_clock::now(); };
  get(first);
  // Of sessions with as many bytes the first has the largest burden, however slow the machine is.
  const auto began = now();
  CHECK(world.run_until([&] { return now() - began > std::chrono::milliseconds(5); }));
  get(second);
  get(third);
  CHECK(first.session().burden(now()) > second.session().burden(now()));
  CHECK(world.counters().dropped == 0);  // less than 1 MiB
  // A client that has taken all but a byte is as much of a burden.
  for (SessionPeer* const each : {&first, &second, &third}) {
    std::string taken(each->session().available_bytes() - 1, '\0');
    boost::system::error_code problem;
    if (each != &first) each->session().read_now(taken, problem);
  }
  reader.begin(resp("GET", "k"));
  CHECK(world.run_until([&] { return world.counters().dropped == 1; }));
  CHECK(first.session().has_ended());
  CHECK(first.session().why().find("does not take its replies") != std::string::npos);
  CHECK(first.session().cause() == SharedSession::Cause::unread);
  CHECK(reader.receive_until("v\r\n").size() > value);
  CHECK(second.exchange(resp("PING")).ends_with("+PONG\r\n"));
}

TEST_CASE("what waits for a silent server does not keep a bridge from its end") {
  ValkeyServer server;
  native::Options options = standalone();
  options.close_timeout = std::chrono::milliseconds(20);
  SharedWorld world(server.url(), options);
  SessionPeer peer(world);
  CHECK(peer.exchange(resp("PING")) == "+PONG\r\n");
  server.pause();
  peer.begin(resp("INCR", "n") + resp("MULTI") + resp("INCR", "n") + resp("EXEC"));
  world.run_one();
  peer.session().close();
  world.close();
  CHECK(world.run_until([&] { return world.counters().clients == 0; }));
  server.resume();
}

TEST_CASE("a server that is being connected, and is silent, does not keep a bridge from its end") {
  ValkeyServer server;
  native::Options options = standalone();
  options.connect_timeout = std::chrono::hours(1);
  SharedWorld world(server.url(), options);
  server.pause();
  {
    SessionPeer peer(world);
    peer.begin(resp("PING"));
    for (int turns = 0; turns < 20; ++turns) world.run_one();
  }
  world.close();
  CHECK(world.comes_to_rest());
}

TEST_CASE("a WATCH that was lost lets no transaction commit") {
  const ValkeyServer server;
  native::Options options = standalone();
  options.blocking_connections_max = 1;
  SharedWorld world(server.url(), options);
  SessionPeer peer(world);
  const std::string transaction = resp("MULTI") + resp("SET", "a", "lost") + resp("EXEC");
  constexpr std::string_view nothing = "+OK\r\n+QUEUED\r\n*-1\r\n";

  const auto kill_watching = [&server] {
    const std::string clients = server.ask("CLIENT LIST");
    const std::size_t watching = clients.find("cmd=watch");
    REQUIRE(watching != std::string::npos);
    const std::size_t at = clients.find("id=", clients.rfind("\n", watching));
    server.ask("CLIENT KILL ID " + clients.substr(at + 3, clients.find(' ', at) - at - 3));
    server.ask("SET a other");
  };

  // Its connection dies, and EXEC finds out.
  CHECK(peer.exchange(resp("WATCH", "a")) == "+OK\r\n");
  kill_watching();
  world.run_some(20);
  CHECK(peer.exchange(transaction) == nothing);
  CHECK(peer.exchange(resp("GET", "a")) == "$5\r\nother\r\n");

  // Its connection dies, and the next WATCH finds out.
  CHECK(peer.exchange(resp("WATCH", "a")) == "+OK\r\n");
  kill_watching();
  CHECK(peer.exchange(resp("WATCH", "b")).starts_with("-"));
  CHECK(peer.exchange(transaction) == nothing);
  CHECK(peer.exchange(resp("GET", "a")) == "$5\r\nother\r\n");
  // The next one is as any other.
  CHECK(peer.exchange(transaction) == "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");

  // There is no connection for it.
  SessionPeer holder(world);
  CHECK(holder.exchange(resp("WATCH", "x")) == "+OK\r\n");
  const std::string refused = peer.exchange(resp("WATCH", "a") + transaction);
  CHECK(refused.starts_with("-UNSENT plimsoll-bridge: "));
  CHECK(refused.ends_with(nothing));
  CHECK(
      peer.exchange(resp("WATCH", "a") + resp("UNWATCH") + transaction).ends_with("*1\r\n+OK\r\n"));

  // Another client would do what comes next.
  CHECK(holder.exchange(resp("HELLO", "3")).starts_with("-NOPERM plimsoll-bridge: "));
}

TEST_CASE(
    "a session for which there is no connection yet refuses what has come, and tries anew later") {
  ValkeyServer server;
  native::Options options = standalone();
  options.connect_timeout = std::chrono::milliseconds(100);
  SharedWorld world(server.url(), options);
  SessionPeer peer(world);
  server.kill();
  const std::string refused = "-UNSENT plimsoll-bridge: there is no connection to the server\r\n";
  peer.begin(resp("SET", "a", "1") + resp("SUBSCRIBE", "news") + resp("WATCH", "a") +
             resp("MULTI"));
  const std::string all = refused + refused + refused + refused;
  CHECK(peer.receive_until(all) == all);
  server.restart();
  const auto set = [&] {
    peer.begin(resp("SET", "a", "2"));
    return peer.receive_until("\r\n");
  };
  CHECK(eventually([&] { return set() == "+OK\r\n"; }));
  CHECK(peer.exchange(resp("GET", "a")) == "$1\r\n2\r\n");
}

TEST_CASE("no token has all connections for commands that block, and for WATCH") {
  const ValkeyServer server;
  native::Options options = standalone();
  options.blocking_connections_max = 4;
  SharedWorld world(server.url(), options);
  constexpr std::string_view refused =
      "-UNSENT plimsoll-bridge: this token has its share of the connections for commands that "
      "block\r\n";
  {
    std::vector<std::unique_ptr<SessionPeer>> greedy;
    for (int i = 0; i < 3; ++i) {
      SessionPeer& peer = *greedy.emplace_back(std::make_unique<SessionPeer>(world, "greedy"));
      i == 0 ? peer.begin(resp("BLPOP", "list", "0")) : (void)peer.exchange(resp("WATCH", "a"));
    }
    SessionPeer one_more(world, "greedy");
    CHECK(one_more.exchange(resp("BLPOP", "list", "0")) == refused);
    CHECK(one_more.exchange(resp("WATCH", "a") + resp("MULTI") + resp("EXEC")) ==
          std::string(refused) + "+OK\r\n*-1\r\n");
    CHECK(one_more.exchange(resp("LPUSH", "other", "1") + resp("BLPOP", "none", "other", "0"))
              .ends_with(refused));  // it might have waited

    SessionPeer modest(world, "modest");
    CHECK(modest.exchange(resp("WATCH", "a")) == "+OK\r\n");
    CHECK(
        modest.exchange(resp("MULTI") + resp("SET", "a", "1") + resp("EXEC")).ends_with("+OK\r\n"));
    CHECK(modest.exchange(resp("BLPOP", "other", "0")).starts_with("*2\r\n"));

    CHECK(greedy[1]->exchange(resp("UNWATCH")) == "+OK\r\n");
    CHECK(one_more.exchange(resp("WATCH", "a")) == "+OK\r\n");
    CHECK(greedy[1]->exchange(resp("WATCH", "a")) == refused);
  }
  // Those who have gone, amid BLPOP and WATCH, have none any more.
  std::vector<std::unique_ptr<SessionPeer>> later;
  for (int i = 0; i < 3; ++i) {
    later.push_back(std::make_unique<SessionPeer>(world, "greedy"));
    CHECK(later.back()->exchange(resp("WATCH", "a")) == "+OK\r\n");
  }
}

TEST_CASE("no token has all names of channels") {
  const ValkeyServer server;
  SharedWorld world(server.url(), standalone(), std::size_t{256} << 20);
  const auto subscribe = [](std::size_t first, std::size_t count) {
    std::string command = "*" + std::to_string(1 + count) + "\r\n$9\r\nSUBSCRIBE\r\n";
    for (std::size_t i = first; i < first + count; ++i) {
      command += "$7\r\n" + std::to_string(1'000'000 + i) + "\r\n";
    }
    return command;
  };
  const auto try_all = [&](SessionPeer& peer, std::size_t first, std::size_t count) {
    peer.exchange(resp("HELLO", "3"));
    return !peer.exchange(subscribe(first, count)).starts_with('-');
  };
  std::vector<std::unique_ptr<SessionPeer>> greedy;
  std::size_t names = 0;
  for (bool has_more = true; has_more && names < 100'000;) {
    greedy.push_back(std::make_unique<SessionPeer>(world, "greedy"));
    has_more = try_all(*greedy.back(), names, 1000);
    if (has_more) names += 1000;
  }
  CHECK(names == 49'000);  // of 65,535
  CHECK_FALSE(try_all(*greedy.back(), 0, 1000));
  CHECK(greedy.back()->exchange(subscribe(0, 200)) ==
        "-UNSENT plimsoll-bridge: few names of channels are left, and this token has many\r\n");
  SessionPeer modest(world, "modest");
  CHECK(try_all(modest, names, 1000));
  // Those that are asked for count before the server has confirmed them.
  greedy.clear();
  for (int i = 0; i < 60; ++i) {
    greedy.push_back(std::make_unique<SessionPeer>(world, "hasty"));
    greedy.back()->exchange(resp("HELLO", "3"));
    greedy.back()->begin(subscribe(static_cast<std::size_t>(i) * 1000, 1000));
  }
  CHECK(world.run_until([&] { return greedy.back()->session().available_bytes() > 0; }));
  SessionPeer another(world, "another");
  CHECK(try_all(another, 70'000, 1000));
  greedy.resize(10);
  SessionPeer again(world, "greedy");
  CHECK(try_all(again, 60'000, 1000));
}

TEST_CASE("a reply beyond the client's bound says that the command has run") {
  const ValkeyServer server;
  native::Options options = standalone();
  options.reply_bytes_max = 1'000'000;
  SharedWorld world(server.url(), options);
  SessionPeer peer(world);
  const std::string large(900'000, 'v');
  CHECK(peer.exchange(resp("SET", "k", large)) == "+OK\r\n");
  CHECK(peer.exchange(resp("GET", "k")) == "$900000\r\n" + large + "\r\n");
  CHECK(peer.exchange(resp("APPEND", "k", large)) == ":1800000\r\n");
  CHECK(peer.exchange(resp("GET", "k") + resp("PING")).starts_with("-TOOLARGE plimsoll-bridge: "));
}

TEST_CASE("a command that shared connections cannot carry is refused by name") {
  const ValkeyServer server;
  SharedWorld world(server.url(), standalone());
  SessionPeer peer(world);
  const auto refused = [&](const std::string& command) {
    return peer.exchange(command).starts_with("-NOPERM plimsoll-bridge: ");
  };
  CHECK(refused(resp("CLIENT", "TRACKING", "ON")));
  CHECK(refused(resp("CLIENT", "NO-TOUCH", "ON")));
  CHECK(refused(resp("SELECT", "1")));
  CHECK(refused(resp("WAIT", "0", "1")));
  CHECK(refused(resp("MONITOR")));
  CHECK(refused(resp("AUTH", "x")));
  CHECK(refused(resp("CLIENT", "REPLY", "OFF")));
  CHECK(peer.exchange(resp("MULTI") + resp("SELECT", "1") + resp("EXEC"))
            .ends_with("-EXECABORT Transaction discarded because of previous errors.\r\n"));
  CHECK(
      peer.exchange(resp("MULTI") + resp("BLPOP", "k", "0") + resp("EXEC")) ==
      "+OK\r\n-NOPERM plimsoll-bridge: BLPOP is not possible here: it may wait, and stands within "
      "MULTI\r\n-EXECABORT Transaction discarded because of previous errors.\r\n");
  CHECK(peer.exchange(resp("PING")) == "+PONG\r\n");
}

TEST_CASE("what the server says to a queued command is told with EXEC, and nothing has run") {
  const ValkeyServer server;
  SharedWorld world(server.url(), standalone());
  SessionPeer peer(world);
  const std::string said = peer.exchange(resp("MULTI") + resp("SET", "k", "v") + resp("NOSUCH") +
                                         resp("EXEC") + resp("GET", "k"));
  INFO(said);
  CHECK(said.find("-EXECABORT Transaction discarded because of: ERR unknown command 'NOSUCH'") !=
        std::string::npos);
  CHECK(said.ends_with("\r\n$-1\r\n"));
}

}  // namespace plimsoll::testing
