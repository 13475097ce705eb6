#include <future>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/native/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"

// Connecting to a server that is scripted: what the client says, and what comes of the answers.

namespace plimsoll::testing {
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
  peer.send(std::string(handshake_replies) + "+OK\r\n");
  CHECK(finish(std::move(connecting)));
}

TEST_CASE("a server that does not know CLIENT SETINFO is served all the same") {
  Listener listener;
  auto connecting = native::connect(listener.url(), patient_options(), use_future);
  Peer peer = listener.accept();
  peer.send(std::string(hello_reply) + "-ERR unknown subcommand\r\n-NOPERM no\r\n");
  Client client = value_of(std::move(connecting));
  auto call = client.ping(use_future);
  for (int i = 0; i < 3; ++i) peer.receive();
  REQUIRE(peer.receive() == "PING");
  peer.send("+PONG\r\n");
  CHECK(value_of(std::move(call)) == "PONG");
}

TEST_CASE("a refused handshake is a server error with the server's words, at once") {
  const std::string text = GENERATE(
      "NOPROTO unsupported protocol version", "NOAUTH HELLO must be called with the client",
      "ERR unknown command 'HELLO', with args beginning with: '3' ",
      "WRONGPASS invalid username-password pair or user is disabled.");
  Listener listener;
  auto connecting = native::connect(listener.url(), patient_options(), use_future);
  Peer peer = listener.accept();
  peer.send("-" + text + "\r\n+OK\r\n+OK\r\n");
  const native::Error error = error_of(std::move(connecting));
  CHECK(error.code() == ErrorCode::server_error);
  CHECK(error.server_text() == text);
  CHECK(error.server_code() == text.substr(0, text.find(' ')));
}

TEST_CASE("a refused database is a server error with the server's words") {
  Listener listener;
  auto connecting = native::connect(listener.url() + "/99", patient_options(), use_future);
  Peer peer = listener.accept();
  peer.send(std::string(handshake_replies) + "-ERR DB index is out of range\r\n");
  CHECK(error_of(std::move(connecting)).server_text() == "ERR DB index is out of range");
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
               "-ERR max number of clients reached\r\n", "");
  Listener listener;
  auto connecting = native::connect(listener.url(), patient_options(), use_future);
  for (int attempt = 0; attempt < 3; ++attempt) {
    Peer peer = listener.accept();
    peer.send(not_yet);
    if (not_yet.empty()) {
      peer.close();
    } else {
      for (int i = 0; i < 3; ++i) peer.receive();
      CHECK(peer.receive().empty());  // the client gives this connection up
    }
  }
  Peer peer = listener.accept();
  peer.shake_hands();
  CHECK(finish(std::move(connecting)));
}

TEST_CASE("a server that is not ready in time is an error with its words") {
  Listener listener;
  auto connecting = native::connect(listener.url(), hasty_options(), use_future);
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
    for (int i = 0; i < 3; ++i) cut.receive();
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
  peer.send(">1\r\n+hello\r\n" + std::string(hello_reply) + ">1\r\n+x\r\n+OK\r\n+OK\r\n");
  CHECK(finish(std::move(connecting)));
}

}  // namespace
}  // namespace plimsoll::testing
