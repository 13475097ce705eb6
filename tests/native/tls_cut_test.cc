#include <cstddef>
#include <string>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/increments.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"
#include "plimsoll/tests/native/tls_world.h"
#include "plimsoll/tests/support/fault_proxy.h"

// TLS that ends where it should not: cut at its bytes, cut without its own word for the end, broken
// by garbage, or begun and not gone on with.

namespace plimsoll::testing::tls_cut_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Error;
using native::Options;
using namespace std::chrono_literals;

constexpr std::size_t increments_count = 3;

// Cuts are this far apart. Nothing in TLS is a multiple of it: records are met in all their parts.
constexpr std::size_t stride = 37;

Options eager_options() {
  Options options = trusting(shared_authority());
  options.reconnect_wait_max = 10ms;  // = reconnect_wait_min
  return options;
}

std::string url_of(const FaultProxy& proxy) { return "valkeys://" + proxy.address(); }

void forget_increments() { shared_tls_server().ask("FLUSHALL"); }

std::size_t conversation_bytes(Direction direction) {
  FaultProxy proxy(shared_tls_server().port());
  Increments work;
  Client client = connected(url_of(proxy), eager_options());
  work.start(client, increments_count);
  CHECK(eventually([&] { return work.completed() == increments_count; }));
  forget_increments();
  return static_cast<std::size_t>(proxy.bytes(direction));
}

TEST_CASE("TLS may be cut anywhere: the client gets over it, its outcomes are true") {
  const auto direction = GENERATE(Direction::to_server, Direction::to_client);
  const auto cut = GENERATE(Cut::reset, Cut::close, Cut::half_close);
  const std::size_t all = conversation_bytes(direction);
  FaultProxy proxy(shared_tls_server().port());
  for (std::size_t bytes = 0; bytes < all; bytes += stride) {
    INFO(bytes << " of " << all << " bytes");
    proxy.cut_after(direction, bytes, cut);
    Increments work;
    Client client = connected(url_of(proxy), eager_options());
    work.start(client, increments_count);
    REQUIRE(eventually([&] { return work.all_ended(); }));
    REQUIRE(work.broken_promises(client) == "");
    REQUIRE(work.count(ErrorCode::lost_in_doubt) + work.completed() == increments_count);
    forget_increments();
  }
}

TEST_CASE("the TLS handshake of a new connection, a resumed one, may be cut anywhere as well") {
  const auto direction = GENERATE(Direction::to_server, Direction::to_client);
  const std::size_t all = conversation_bytes(direction);
  FaultProxy proxy(shared_tls_server().port());
  Increments work;
  Client client = connected(url_of(proxy), eager_options());
  for (std::size_t bytes = 0; bytes < all; bytes += stride) {
    INFO(bytes << " of " << all << " bytes");
    proxy.cut_after(direction, bytes, Cut::reset);
    proxy.cut_all(Cut::reset);
    work.start(client, increments_count);
    REQUIRE(eventually([&] { return work.all_ended(); }));
  }
  CHECK(work.broken_promises(client) == "");
  forget_increments();
}

TEST_CASE("a connection that is cut without TLS's word for the end is lost, as any") {
  FaultProxy proxy(shared_tls_server().port());
  ConnectionLog log;
  Options options = eager_options();
  log.listen(options);
  Client client = connected(url_of(proxy), options);
  value_of(client.set("large", std::string(1 << 20, 'x'), use_future));
  proxy.swallow();
  auto call = client.get("large", use_future);
  proxy.cut_all_and_heal(Cut::close);
  const Error error = error_of(std::move(call));
  CHECK(error.code() == ErrorCode::lost_in_doubt);
  CHECK(eventually([&] { return log.story() == "connected disconnected connected"; }));
  CHECK(log.last_error()->code() == ErrorCode::connection_lost);
}

// A peer that says `words` to a client's first words, and what becomes of connect().
Error said(std::string_view words, Options options) {
  Listener listener;
  auto connecting =
      native::connect("valkeys://" + listener.address(), std::move(options), use_future);
  Peer peer = listener.accept();
  peer.send(words);
  return error_of(std::move(connecting));
}

TEST_CASE("garbage for a TLS handshake is an error at once") {
  const std::string garbage = GENERATE(
      std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("\0\0\0\0\0\0\0\0", 8),
      std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string(100'000, '\xff'),
      std::string("\x16\x03\x03\x00\x04\x02\xff\xff\xff", 9),  // a message that is too long
      std::string("\x16\x03\x03\xff\xff", 5) + std::string(70'000, 'x'),  // a record that is
      std::string("\x17\x03\x03\x00\x01x", 6),                            // data before keys
      std::string("\x15\x03\x03\x00\x02\x02\x28", 7));                    // handshake_failure
  const Error error = said(garbage, trusting(shared_authority()));
  CHECK(error.code() == ErrorCode::tls_failed);
  CHECK(error.executed() == Executed::no);
}

TEST_CASE("half a TLS handshake, and silence, ends within connect_timeout") {
  Options options = trusting(shared_authority());
  options.connect_timeout = test_timeout(200ms);
  const Error error = said(std::string_view("\x16\x03\x03\x00\x7a\x02\x00", 7), options);
  CHECK(error.code() == ErrorCode::tls_failed);
  CHECK_THAT(error.what(), ContainsSubstring("it began to, and fell silent"));
}

TEST_CASE("a TLS handshake that is ended is tried again") {
  Listener listener;
  Options options = trusting(shared_authority());
  options.connect_timeout = test_timeout(300ms);
  auto connecting = native::connect("valkeys://" + listener.address(), options, use_future);
  for (int i = 0; i < 3; ++i) {
    Peer peer = listener.accept();
    if (i == 1) peer.send(std::string_view("\x16\x03\x03\x00\x7a\x02\x00", 7));
    i == 2 ? peer.reset() : peer.close();
  }
  const Error error = error_of(std::move(connecting));
  CHECK((error.code() == ErrorCode::connect_failed || error.code() == ErrorCode::tls_failed));
}

TEST_CASE("many threads serve a TLS client as one does") {
  boost::asio::thread_pool pool(4);
  FaultProxy proxy(shared_tls_server().port());
  Increments work;
  {
    Client client =
        finish(native::connect(pool.get_executor(), url_of(proxy), eager_options(), use_future))
            .value();
    for (int round = 0; round < 5; ++round) {
      const std::size_t ended = work.ended();
      work.start(client, 200);
      CHECK(eventually([&] { return work.ended() > ended; }));
      proxy.cut_all(Cut::reset);
    }
    CHECK(eventually([&] { return work.all_ended(); }));
    CHECK(work.broken_promises(client) == "");
    forget_increments();
  }
  pool.join();
}

}  // namespace
}  // namespace plimsoll::testing::tls_cut_test
