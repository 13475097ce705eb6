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

// A server that breaks the protocol once the client is connected.

namespace plimsoll::testing::misbehaving_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using namespace std::chrono_literals;

TEST_CASE("garbage fails what is under way with a protocol error that says where and what") {
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  auto first = client.get("a", use_future);
  auto second = client.get("b", use_future);
  auto third = client.get("c", use_future);
  for (int i = 0; i < 3; ++i) peer.receive();
  peer.send("$1\r\nv\r\nHTTP/1.1 400 Bad Request\r\n\r\n");
  CHECK(value_of(std::move(first)) == "v");
  const native::Error error = error_of(std::move(second));
  CHECK(error.code() == ErrorCode::protocol_error);
  CHECK(error.executed() == Executed::maybe);
  CHECK_THAT(error.what(), ContainsSubstring("at byte") && ContainsSubstring("expected"));
  CHECK(error_of(std::move(third)).code() == ErrorCode::protocol_error);
}

TEST_CASE("after garbage the connection is replaced, and what was not sent yet goes on") {
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  auto call = client.get("a", use_future);
  peer.receive();
  peer.send("?\r\n");
  error_of(std::move(call));
  CHECK(peer.receive().empty());  // the end
  auto next = client.get("b", use_future);
  Peer replacement = listener.accept();
  replacement.shake_hands();
  CHECK(replacement.receive() == "GET b");
  replacement.send("$1\r\nv\r\n");
  CHECK(value_of(std::move(next)) == "v");
  CHECK_THAT(client.statistics().last_problem, ContainsSubstring("protocol_error"));
}

TEST_CASE("where no connection may be replaced, garbage closes the client, and calls say why") {
  Listener listener;
  native::Options options = patient_options();
  options.reconnect_attempts_max = 0;
  auto [client, peer] = listener.connect(options);
  auto call = client.get("a", use_future);
  peer.receive();
  peer.send("?\r\n");
  error_of(std::move(call));
  CHECK(peer.receive().empty());
  const native::Error error = error_of(client.get("b", use_future));
  CHECK(error.code() == ErrorCode::closed);
  CHECK(error.executed() == Executed::no);
  CHECK_THAT(error.what(), ContainsSubstring("protocol_error"));
}

TEST_CASE("a length beyond the limits is a protocol error, and allocates nothing") {
  const std::string_view header =
      GENERATE("$99999999999999999999\r\n", "$536870913\r\n", "*4294967296\r\n", "%134217729\r\n",
               "$-2\r\n", "*-7\r\n");
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  auto call = client.get("a", use_future);
  peer.receive();
  peer.send(header);
  CHECK(error_of(std::move(call)).code() == ErrorCode::protocol_error);
  CHECK(client.statistics().memory.peak < 2 * 1024 * 1024);
}

TEST_CASE("a huge length that is within the limits takes memory only for what comes") {
  const std::string_view header = GENERATE("$536870912\r\n", "*134217728\r\n", "%67108864\r\n");
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  auto call = client.get("a", use_future);
  auto other = client.get("b", use_future);
  peer.receive();
  peer.receive();
  peer.send(header);
  peer.send("+x\r\n");
  const auto before = client.statistics().client.counters.bytes_read;
  CHECK(eventually([&] { return client.statistics().client.counters.bytes_read >= before; }));
  CHECK(client.statistics().memory.used < 2 * 1024 * 1024);
  peer.close();
  CHECK(error_of(std::move(call)).code() == ErrorCode::lost_in_doubt);
  CHECK(error_of(std::move(other)).code() == ErrorCode::lost_in_doubt);
}

TEST_CASE("nesting beyond the limit fails its own call alone") {
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  auto call = client.command({"GET", "a"}, use_future);
  auto next = client.get("b", use_future);
  for (int i = 0; i < 2; ++i) peer.receive();
  for (int i = 0; i < 100; ++i) peer.send("*1\r\n");
  peer.send(":1\r\n$1\r\nv\r\n");
  CHECK(error_of(std::move(call)).code() == ErrorCode::reply_too_large);
  CHECK(value_of(std::move(next)) == "v");
}

TEST_CASE("a reply that nobody asked for ends the connection, with the server's words if any") {
  Listener listener;
  native::Options options = patient_options();
  options.reconnect_attempts_max = 0;
  auto [client, peer] = listener.connect(options);
  SECTION("an error") {
    peer.send("-ERR I am leaving\r\n");
    CHECK(peer.receive().empty());
    const native::Error error = error_of(client.get("a", use_future));
    CHECK(error.code() == ErrorCode::closed);
    CHECK_THAT(error.what(), ContainsSubstring("a reply that no request asked for") &&
                                 ContainsSubstring("ERR I am leaving"));
  }
  SECTION("behind one that was asked for") {
    auto call = client.get("a", use_future);
    peer.receive();
    peer.send("$1\r\nv\r\n$1\r\nw\r\n");
    CHECK(value_of(std::move(call)) == "v");
    CHECK(peer.receive().empty());
    CHECK(error_of(client.get("a", use_future)).code() == ErrorCode::closed);
  }
}

TEST_CASE("pushes that nobody asked for are counted and passed over") {
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  peer.send(">2\r\n+message\r\n$1\r\nx\r\n");
  auto call = client.get("a", use_future);
  peer.receive();
  peer.send(">1\r\n*2\r\n:1\r\n:2\r\n$1\r\nv\r\n>1\r\n:7\r\n");
  CHECK(value_of(std::move(call)) == "v");
  CHECK(eventually([&] { return client.statistics().client.counters.pushed == 3; }));
}

TEST_CASE("half a reply and then silence ends by the deadline, in whichever part it stops") {
  const std::string_view half = GENERATE("", "$", "$5", "$5\r", "$5\r\n", "$5\r\nab", "$5\r\nabcde",
                                         "$5\r\nabcde\r", "*2\r\n", "*2\r\n:1\r\n", "%1\r\n+a\r\n");
  Listener listener;
  native::Options options = patient_options();
  options.request_timeout = test_timeout(50ms);
  auto [client, peer] = listener.connect(options);
  auto call = client.command({"ANY", "a"}, use_future);
  peer.receive();
  peer.send(half);
  const native::Error error = error_of(std::move(call));
  CHECK(error.code() == ErrorCode::timed_out);
  CHECK(error.executed() == Executed::maybe);
}

TEST_CASE("the rest of a reply that comes after the deadline keeps the connection in step") {
  Listener listener;
  native::Options options = patient_options();
  options.request_timeout = test_timeout(100ms);
  auto [client, peer] = listener.connect(options);
  auto late = client.get("a", use_future);
  peer.receive();
  peer.send("$5\r\nab");
  CHECK(error_of(std::move(late)).code() == ErrorCode::timed_out);
  peer.send("cde\r\n");
  for (int i = 0; i < 3; ++i) {
    auto call = client.get("b", use_future);
    REQUIRE(peer.receive() == "GET b");
    peer.send("$1\r\n" + std::to_string(i) + "\r\n");
    CHECK(value_of(std::move(call)) == std::to_string(i));
  }
}

TEST_CASE("a reply that comes byte by byte is whole in the end") {
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  auto call = client.command({"ANY"}, use_future);
  peer.receive();
  const std::string_view reply =
      "*3\r\n$3\r\na\r\n\r\n%1\r\n+k\r\n,1.5\r\n|1\r\n+x\r\n:1\r\n#t\r\n";
  for (const char& byte : reply) {
    const auto read = client.statistics().client.counters.bytes_read;
    peer.send({&byte, 1});
    REQUIRE(eventually([&] { return client.statistics().client.counters.bytes_read > read; }));
  }
  CHECK(value_of(std::move(call)).to_string() == R"(["a\x0d\x0a", {k: 1.5}, true])");
}

TEST_CASE("a reset connection loses what is under way, and says so") {
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  auto call = client.get("a", use_future);
  peer.receive();
  peer.reset();
  const native::Error error = error_of(std::move(call));
  CHECK(error.code() == ErrorCode::lost_in_doubt);
  CHECK_THAT(error.what(), ContainsSubstring(listener.address()) && ContainsSubstring("reset"));
}

// All that a server says in a conversation, cut short after each byte.
TEST_CASE("a server that closes at any byte loses only what it had not answered") {
  const std::string replies = "$1\r\n1\r\n$-1\r\n*2\r\n$1\r\n3\r\n_\r\n";
  const std::vector<std::size_t> ends{7, 12, 26};  // of each reply
  for (std::size_t sent = 0; sent <= replies.size(); ++sent) {
    // One each: a client that ends may have connected again before, and would be accepted next.
    Listener listener;
    auto [client, peer] = listener.connect(patient_options());
    auto first = client.get("a", use_future);
    auto second = client.get("b", use_future);
    auto third = client.mget({"c", "d"}, use_future);
    for (int i = 0; i < 3; ++i) peer.receive();
    peer.send(std::string_view(replies).substr(0, sent));
    peer.close();
    const auto a = finish(std::move(first));
    const auto b = finish(std::move(second));
    const auto c = finish(std::move(third));
    INFO(sent << " bytes");
    CHECK(a.has_value() == (sent >= ends[0]));
    CHECK(b.has_value() == (sent >= ends[1]));
    CHECK(c.has_value() == (sent >= ends[2]));
    for (const native::Error* error :
         {a ? nullptr : &a.error(), b ? nullptr : &b.error(), c ? nullptr : &c.error()}) {
      if (error == nullptr) continue;
      CHECK(error->code() == ErrorCode::lost_in_doubt);
      CHECK(error->executed() == Executed::maybe);
      CHECK_THAT(error->what(), ContainsSubstring("the server closed the connection"));
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::misbehaving_test
