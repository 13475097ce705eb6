#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/core/client/credit_window.h"
#include "plimsoll/stream_reader.h"
#include "plimsoll/tests/native/bridge/bridge_peer.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/test_timeout.h"

// The native client and a bridge that does what the test says.

namespace plimsoll::testing::scripted_bridge_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using websocket::Opcode;

// A client, and its connection to a bridge.
struct Bridged {
  explicit Bridged(Options options = patient_options()) {
    log.listen(options);
    auto connecting = native::connect("ws://" + listener.address() + "/main", options, use_future);
    peer.emplace(listener.accept());
    peer->shake_hands();
    client = value_of(std::move(connecting));
  }

  Listener listener;
  ConnectionLog log;
  std::optional<BridgePeer> peer;
  Client client;
};

std::string error_of_answer(std::string_view answer, ErrorCode code) {
  Listener listener;
  Options options = patient_options();
  options.token = "geheim";
  // Of what may heal there is one attempt.
  options.connect_timeout = test_timeout(std::chrono::milliseconds(500));
  options.reconnect_wait_min = options.reconnect_wait_max = std::chrono::hours(1);
  auto connecting = native::connect("ws://" + listener.address(), options, use_future);
  BridgePeer peer(listener.accept());
  peer.receive_request();
  peer.send(answer);
  const native::Error error = error_of(std::move(connecting));
  CHECK(error.code() == code);
  CHECK_THAT(error.what(), !ContainsSubstring("geheim"));
  return error.what();
}

TEST_CASE("what the bridge answers in the server's place says what became of the request") {
  struct Row {
    std::string_view word;
    ErrorCode code;
    Executed executed;
  };
  const Row row = GENERATE(Row{"INDOUBT", ErrorCode::lost_in_doubt, Executed::maybe},
                           Row{"UNSENT", ErrorCode::lost_unsent, Executed::no},
                           Row{"TOOLARGE", ErrorCode::reply_too_large, Executed::yes});
  Options options = patient_options();
  options.read_resends_max = 3;
  Bridged bridged(options);
  auto call = bridged.client.get("a", use_future);
  bridged.peer->receive_until("a\r\n");
  bridged.peer->send_data("-" + std::string(row.word) + " plimsoll-bridge: in its words\r\n");
  const native::Error error = error_of(std::move(call));
  CHECK(error.code() == row.code);
  CHECK(error.executed() == row.executed);
  CHECK(error.server_text() == "in its words");
  CHECK(error.server_code().empty());
  CHECK(std::string(error.what()) == std::string(name(row.code)) + ": in its words");
  // The connection is well, and a read was not sent again by itself.
  auto next = bridged.client.get("b", use_future);
  const std::string request = bridged.peer->receive_until("b\r\n");
  CHECK(request == "*2\r\n$3\r\nGET\r\n$1\r\nb\r\n");
  bridged.peer->send_data("$1\r\nv\r\n");
  CHECK(value_of(std::move(next)) == "v");
  CHECK(bridged.client.statistics().client.counters.connections == 1);
}

TEST_CASE("a stream's reader takes a loss of which the bridge tells for its own") {
  Bridged bridged;
  native::StreamReaderOptions reading;
  reading.group = "g";
  reading.consumer = "c";
  reading.streams = {"s"};
  native::StreamReader reader(bridged.client, reading);
  auto batch = reader.next(use_future);
  bridged.peer->receive_until("$3\r\n0-0\r\n");  // what the consumer was given before
  bridged.peer->send_data("%1\r\n$1\r\ns\r\n*0\r\n");
  BridgePeer waiting(bridged.listener.accept());
  waiting.shake_hands();
  waiting.receive_until("$1\r\n>\r\n");
  waiting.send_data("-INDOUBT plimsoll-bridge: the server was lost\r\n");
  bridged.peer->receive_until("PING\r\n");
  bridged.peer->send_data("+PONG\r\n");
  bridged.peer->receive_until("$3\r\n0-0\r\n");
  bridged.peer->send_data("%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
  const native::StreamBatch given = value_of(std::move(batch));
  CHECK(given.origin == native::StreamBatch::Origin::pending);
  CHECK(given.size() == 1);
}

TEST_CASE("a request names host, upstream, subprotocols and token") {
  Listener listener;
  Options options = patient_options();
  options.token = "t.k";
  auto connecting = native::connect("ws://" + listener.address() + "/main", options, use_future);
  BridgePeer peer(listener.accept());
  const std::string request = peer.receive_request();
  CHECK(request.starts_with("GET /main HTTP/1.1\r\nHost: " + listener.address() + "\r\n"));
  CHECK_THAT(request, ContainsSubstring("\r\nSec-WebSocket-Protocol: plimsoll.resp.v1, resp\r\n") &&
                          ContainsSubstring("\r\nAuthorization: Bearer t.k\r\n"));
  peer.send("HTTP/1.1 404 Not Found\r\n\r\n");
  CHECK(error_of(std::move(connecting)).code() == ErrorCode::invalid_option);
}

TEST_CASE("each status has its code, and a sentence that says what to do") {
  struct Case {
    int status;
    ErrorCode code;
    const char* text;
  };
  const Case row = GENERATE(
      Case{307, ErrorCode::invalid_option, "redirects are not followed"},
      Case{200, ErrorCode::unsupported_protocol, "expected the address of plimsoll-bridge"},
      Case{400, ErrorCode::unsupported_protocol, "does not take the request"},
      Case{401, ErrorCode::authentication_failed, "does not take this token"},
      Case{403, ErrorCode::permission_denied, "does not let this token reach this upstream"},
      Case{404, ErrorCode::invalid_option, "no upstream of this name"},
      Case{408, ErrorCode::connect_failed, "too late"},
      Case{421, ErrorCode::invalid_option, "does not go by the host in the address"},
      Case{429, ErrorCode::too_many_clients, "expected fewer of them, or higher limits"},
      Case{500, ErrorCode::connect_failed, "the bridge refused the connection"},
      Case{502, ErrorCode::connect_failed, "could not reach the server"},
      Case{503, ErrorCode::connect_failed, "it is full, or shutting down"});
  const std::string number = std::to_string(row.status);
  const std::string answer = "HTTP/1.1 " + number + " x\r\nRetry-After: 7\r\n\r\n";
  CHECK_THAT(error_of_answer(answer, row.code),
             ContainsSubstring(row.text) &&
                 ContainsSubstring("status " + number + ", to try again after 7"));
}

TEST_CASE("what answers and is no bridge ends connect(), saying what it seems to be") {
  struct Case {
    std::string answer;
    ErrorCode code;
    const char* text;
  };
  const Case row = GENERATE(
      Case{"-ERR unknown command 'GET'\r\n", ErrorCode::unsupported_protocol,
           "valkey:// in it for a server"},
      Case{"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
           ErrorCode::unsupported_protocol, "Sec-WebSocket-Accept is that of another request"},
      Case{"HTTP/1.1 200 OK\r\nX: " + std::string(9000, 'x'), ErrorCode::unsupported_protocol,
           "the header of its answer has no end"},
      Case{"\x15\x03\x01", ErrorCode::tls_failed, "wss:// for a bridge"});
  CHECK_THAT(error_of_answer(row.answer, row.code), ContainsSubstring(row.text));
}

TEST_CASE("a bridge that ends the connection before it has answered is told, and tried again") {
  Listener listener;
  auto connecting = native::connect("ws://" + listener.address(), patient_options(), use_future);
  {
    BridgePeer first(listener.accept());
    first.receive_request();
  }
  BridgePeer peer(listener.accept());
  peer.shake_hands();
  const Client client = value_of(std::move(connecting));
  CHECK_THAT(client.statistics().last_problem,
             ContainsSubstring("the connection ended before the bridge had answered"));
}

TEST_CASE("a bridge that says nothing is told as such before time is over") {
  Listener listener;
  Options options = patient_options();
  options.connect_timeout = test_timeout(std::chrono::milliseconds(500));
  options.reconnect_wait_min = options.reconnect_wait_max = std::chrono::hours(1);
  auto connecting = native::connect("ws://" + listener.address(), options, use_future);
  BridgePeer peer(listener.accept());
  const native::Error error = error_of(std::move(connecting));
  CHECK(error.code() == ErrorCode::connect_failed);
  CHECK_THAT(error.what(), ContainsSubstring("the bridge does not answer the request"));
}

TEST_CASE("each code of a close is told with the bridge's reason") {
  struct Case {
    unsigned code;
    const char* text;
  };
  const Case row = GENERATE(
      Case{1000, "the bridge ended the connection"}, Case{1001, "the bridge is shutting down"},
      Case{1008, "the bridge ended the connection by its rules"},
      Case{1009, "the bridge takes no request of that size"},
      Case{1011, "the bridge lost the server"}, Case{1013, "the bridge has no memory left"},
      Case{4321, "the bridge closed the connection"});
  Bridged bridged;
  bridged.peer->send(server_close(row.code, "so\x01 it is"));
  CHECK(eventually([&] { return bridged.log.story() == "connected disconnected"; }));
  CHECK_THAT(bridged.log.last_error()->what(),
             ContainsSubstring(row.text) &&
                 ContainsSubstring("close " + std::to_string(row.code) + ": so? it is"));
  // It is answered in kind.
  const auto payload = bridged.peer->receive_close();
  CHECK(payload == std::string{static_cast<char>(row.code >> 8), static_cast<char>(row.code)});
}

TEST_CASE("what comes with the close is delivered before it") {
  Bridged bridged;
  auto got = bridged.client.get("k", use_future);
  bridged.peer->receive_until("k\r\n");
  bridged.peer->send(server_message(std::string("\0$1\r\nv\r\n", 8)) + server_close(1001, ""));
  CHECK(value_of(std::move(got)) == "v");
}

TEST_CASE("pings are answered with what they bring, the last of several") {
  Bridged bridged;
  bridged.peer->send(server_frame(Opcode::ping, "one") + server_frame(Opcode::pong, "x") +
                     server_frame(Opcode::ping, "two"));
  const BridgePeer::Frame pong = bridged.peer->receive_frame();
  CHECK(pong.opcode == Opcode::pong);
  CHECK((pong.payload == "two" || pong.payload == "one"));  // they may have come apart
}

TEST_CASE("frames that break the protocol end the connection, and are answered with a code") {
  struct Case {
    std::string frame;
    std::string close;
    const char* text;
  };
  const Case row = GENERATE(
      Case{server_frame(Opcode::text, "+OK\r\n"), "\x03\xeb", "a text message"},
      Case{"\x82\x81", "\x03\xea", "a masked frame"},
      Case{server_message("\2"), "\x03\xea", "a message of a type that bridges do not send"});
  Bridged bridged;
  bridged.peer->send(row.frame);
  CHECK(bridged.peer->receive_close() == row.close);
  CHECK(eventually([&] { return bridged.log.story() == "connected disconnected"; }));
  CHECK_THAT(bridged.log.last_error()->what(), ContainsSubstring(row.text));
}

TEST_CASE("what is behind the answer to the opening is read, also where nothing follows") {
  Listener listener;
  auto connecting = native::connect("ws://" + listener.address(), patient_options(), use_future);
  BridgePeer peer(listener.accept());
  peer.accept(websocket::protocol_bare, server_frame(Opcode::ping, "early"));
  BridgePeer::Frame frame = peer.receive_frame();
  while (frame.opcode != Opcode::pong) frame = peer.receive_frame();
  CHECK(frame.payload == "early");
  // The handshake of RESP came as it is, without type bytes.
  peer.send(server_message(handshake_replies));
  value_of(std::move(connecting));
}

TEST_CASE("a bridge that sends more than it was granted is told so, and left") {
  Bridged bridged;
  const std::uint64_t left = bridged.peer->granted();
  // The client may read it in parts, so each part has to be one of a reply.
  std::string reply = "$1000000\r\n";
  reply.resize(left + 1, 'v');
  bridged.peer->send_data(reply);
  CHECK(bridged.peer->receive_close() == "\x0f\xa8");  // 4008
  CHECK(eventually([&] { return bridged.log.story() == "connected disconnected"; }));
  CHECK_THAT(bridged.log.last_error()->what(),
             ContainsSubstring("the bridge sent more than it was granted"));
}

TEST_CASE("an idle connection has granted little, and grants anew as replies are read") {
  Bridged bridged;
  CHECK(bridged.peer->granted() <= CreditWindow::first_window_bytes + handshake_replies.size());
  std::uint64_t sent = handshake_replies.size();
  auto got = bridged.client.get("k", use_future);
  bridged.peer->receive_until("k\r\n");
  const std::string value(1'000'000, 'v');
  std::string reply = "$1000000\r\n" + value + "\r\n";
  while (!reply.empty()) {
    bridged.peer->receive_grant(sent + 1);
    const std::string piece = reply.substr(0, bridged.peer->granted() - sent);
    reply.erase(0, piece.size());
    sent += piece.size();
    bridged.peer->send_data(piece);
  }
  CHECK(value_of(std::move(got)) == value);
}

TEST_CASE("a client that closes says so to the bridge") {
  Bridged bridged;
  auto closed = bridged.client.close(use_future);
  CHECK(bridged.peer->receive_close() == "\x03\xe8");  // 1000
  value_of(std::move(closed));
}

TEST_CASE("a request that a slow bridge takes in pieces arrives whole and in order") {
  Bridged bridged;
  const std::string value(3'000'000, 'v');
  auto set = bridged.client.set("k", value, use_future);
  auto get = bridged.client.get("last", use_future);
  const std::string received = bridged.peer->receive_until("last\r\n");
  CHECK(received == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n" + value +
                        "\r\n*2\r\n$3\r\nGET\r\n$4\r\nlast\r\n");
  bridged.peer->send_data("+OK\r\n_\r\n");
  value_of(std::move(set));
  CHECK_FALSE(value_of(std::move(get)));
}

}  // namespace
}  // namespace plimsoll::testing::scripted_bridge_test
