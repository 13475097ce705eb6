#include <future>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"

// Connecting to a server that is scripted: what the client says, and what comes of the answers.

namespace plimsoll::testing::handshake_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Result;
using namespace std::chrono_literals;

native::Options hasty_options() {
  native::Options options = patient_options();
  options.connect_timeout = test_timeout(100ms);
  return options;
}

TEST_CASE("a client introduces itself with all that its options say, in one go") {
  Listener listener;
  native::Options options = patient_options();
  options.client_name = "ship";
  const std::string url = "valkey://jane:s%20cret@" + listener.address() + "/7";
  auto connecting = native::connect(url, options, use_future);
  Peer peer = listener.accept();
  CHECK(peer.receive() == "HELLO 3 AUTH jane s cret SETNAME ship");
  CHECK(peer.receive() == "CLIENT SETINFO LIB-NAME plimsoll");
  CHECK_THAT(peer.receive(), ContainsSubstring("CLIENT SETINFO LIB-VER "));
  CHECK(peer.receive() == "SELECT 7");
  CHECK(peer.receive() == "PING");
  peer.send(std::string(handshake_replies) + "+PONG\r\n");
  CHECK(finish(std::move(connecting)));
}

TEST_CASE("a server that does not know CLIENT SETINFO is served all the same") {
  Listener listener;
  auto connecting = native::connect(listener.url(), patient_options(), use_future);
  Peer peer = listener.accept();
  peer.send(std::string(hello_reply) + "-ERR unknown subcommand\r\n-NOPERM no\r\n+PONG\r\n");
  Client client = value_of(std::move(connecting));
  auto call = client.get("k", use_future);
  peer.receive_handshake();
  REQUIRE(peer.receive() == "GET k");
  peer.send("$1\r\nv\r\n");
  CHECK(value_of(std::move(call)) == "v");
}

struct Refusal {
  std::string words;
  ErrorCode code;
  std::string_view what_to_do;
};

TEST_CASE("a handshake refused for good has its code, the server's words, and what to do") {
  const Refusal refusal = GENERATE(
      Refusal{"NOPROTO unsupported protocol version", ErrorCode::unsupported_protocol, "Redis 6"},
      Refusal{"NOAUTH HELLO must be called with the client already authenticated",
              ErrorCode::authentication_failed, "password in the options or the address"},
      Refusal{"ERR unknown command 'HELLO', with args beginning with: '3' ",
              ErrorCode::unsupported_protocol, "with HELLO"},
      Refusal{"WRONGPASS invalid username-password pair or user is disabled.",
              ErrorCode::authentication_failed, "a user that is on in ACL LIST"});
  Listener listener;
  auto connecting = native::connect(listener.url(), patient_options(), use_future);
  Peer peer = listener.accept();
  peer.send("-" + refusal.words + "\r\n+OK\r\n+OK\r\n-NOAUTH Authentication required.\r\n");
  const native::Error error = error_of(std::move(connecting));
  CHECK(error.code() == refusal.code);
  CHECK(error.executed() == Executed::no);
  CHECK(error.server_text() == refusal.words);
  CHECK(error.server_code() == refusal.words.substr(0, refusal.words.find(' ')));
  CHECK_THAT(error.what(), ContainsSubstring(std::string(refusal.what_to_do)));
}

TEST_CASE("a handshake refused with words that nobody knows is a server error with these words") {
  Listener listener;
  auto connecting = native::connect(listener.url(), patient_options(), use_future);
  Peer peer = listener.accept();
  peer.send("-ERR out of order\r\n+OK\r\n+OK\r\n+PONG\r\n");
  const native::Error error = error_of(std::move(connecting));
  CHECK(error.code() == ErrorCode::server_error);
  CHECK(error.server_text() == "ERR out of order");
}

TEST_CASE("a server that repeats what it was sent has no password repeated") {
  Listener listener;
  native::Options options = patient_options();
  options.username = "jane";
  options.password = "hush";
  auto connecting = native::connect(listener.url(), options, use_future);
  Peer peer = listener.accept();
  peer.send(
      "-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'jane' 'hush' \r\n+OK\r\n"
      "+OK\r\n+PONG\r\n");
  const native::Error error = error_of(std::move(connecting));
  CHECK(error.server_text() == "ERR unknown command 'HELLO'");
  CHECK_THAT(error.what(), !ContainsSubstring("hush"));
}

TEST_CASE("a refused database has its code and the server's words") {
  Listener listener;
  auto connecting = native::connect(listener.url() + "/99", patient_options(), use_future);
  Peer peer = listener.accept();
  peer.send(std::string(hello_reply) + "+OK\r\n+OK\r\n-ERR DB index is out of range\r\n+PONG\r\n");
  const native::Error error = error_of(std::move(connecting));
  CHECK(error.code() == ErrorCode::unknown_database);
  CHECK(error.server_text() == "ERR DB index is out of range");
}

TEST_CASE("a handshake that is answered with something else is a protocol error") {
  const std::string_view reply = GENERATE("+OK\r\n", "*0\r\n", "%1\r\n$5\r\nproto\r\n:2\r\n",
                                          "HTTP/1.1 200 OK\r\n\r\n", "_\r\n");
  Listener listener;
  auto connecting = native::connect(listener.url(), patient_options(), use_future);
  Peer peer = listener.accept();
  peer.send(reply);
  const native::Error error = error_of(std::move(connecting));
  CHECK(error.code() == ErrorCode::protocol_error);
}

TEST_CASE("a server that will be ready soon is asked again") {
  const std::string_view not_yet =
      GENERATE("-LOADING Valkey is loading the dataset in memory\r\n",
               "-MASTERDOWN Link with MASTER is down\r\n", "-BUSY Valkey is busy\r\n",
               "-ERR max number of clients reached\r\n",
               "-DENIED Running in protected mode because protected mode is enabled\r\n", "");
  Listener listener;
  auto connecting = native::connect(listener.url(), patient_options(), use_future);
  for (int attempt = 0; attempt < 3; ++attempt) {
    Peer peer = listener.accept();
    peer.send(not_yet);
    if (not_yet.empty()) {
      peer.close();
    } else {
      peer.receive_handshake();
      CHECK(peer.receive().empty());  // the client gives this connection up
    }
  }
  Peer peer = listener.accept();
  peer.shake_hands();
  CHECK(finish(std::move(connecting)));
}

TEST_CASE("a server that is not ready in time is an error with its words") {
  Listener listener;
  native::Options options = patient_options();
  // The next attempt would be too late: a wait that ends in time might be cut in its handshake.
  options.reconnect_wait_min = options.reconnect_wait_max = 1000h;
  auto connecting = native::connect(listener.url(), options, use_future);
  const auto over = [&] { return connecting.wait_for(0s) == std::future_status::ready; };
  while (eventually([&] { return over() || listener.has_waiting(); }) && !over()) {
    Peer peer = listener.accept();
    peer.send("-LOADING Valkey is loading the dataset in memory\r\n");
    while (!peer.receive().empty()) {
    }
  }
  CHECK(error_of(std::move(connecting)).server_text() ==
        "LOADING Valkey is loading the dataset in memory");
}

TEST_CASE("a handshake that breaks off at any byte is tried again") {
  Listener listener;
  for (std::size_t sent = 0; sent < handshake_replies.size(); ++sent) {
    INFO(sent << " bytes");
    auto connecting = native::connect(listener.url(), patient_options(), use_future);
    Peer cut = listener.accept();
    cut.receive_handshake();
    cut.send(handshake_replies.substr(0, sent));
    cut.close();
    Peer whole = listener.accept();
    whole.shake_hands();
    CHECK(finish(std::move(connecting)));
  }
}

TEST_CASE("a handshake that comes byte by byte is whole in the end") {
  Listener listener;
  auto connecting = native::connect(listener.url(), patient_options(), use_future);
  Peer peer = listener.accept();
  for (const char& byte : handshake_replies) peer.send({&byte, 1});
  CHECK(finish(std::move(connecting)));
}

TEST_CASE("a server that never answers the handshake fails the connect within its time") {
  Listener listener;
  auto connecting = native::connect(listener.url(), hasty_options(), use_future);
  Peer peer = listener.accept();
  const native::Error error = error_of(std::move(connecting));
  CHECK(error.code() == ErrorCode::connect_failed);
  CHECK(error.executed() == Executed::no);
  CHECK_THAT(error.what(), ContainsSubstring("did not answer the handshake"));
}

TEST_CASE("a server that never accepts fails the connect within its time") {
  const Listener listener(0);
  // The queue of connections that are not accepted yet is full after a few.
  std::vector<std::future<Result<Client>>> connecting;
  for (int i = 0; i < 4; ++i) {
    connecting.push_back(native::connect(listener.url(), hasty_options(), use_future));
  }
  for (auto& each : connecting) {
    CHECK(error_of(std::move(each)).code() == ErrorCode::connect_failed);
  }
}

TEST_CASE("pushes in the handshake are passed over") {
  Listener listener;
  auto connecting = native::connect(listener.url(), patient_options(), use_future);
  Peer peer = listener.accept();
  peer.send(">1\r\n+hello\r\n" + std::string(hello_reply) + ">1\r\n+x\r\n+OK\r\n+OK\r\n+PONG\r\n");
  CHECK(finish(std::move(connecting)));
}

}  // namespace
}  // namespace plimsoll::testing::handshake_test
