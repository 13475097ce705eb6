// The server of text pages: who may hold it up, and for how long.

#include "plimsoll/native/observe/page_server.h"

#include <atomic>
#include <list>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/observe/http_peer.h"

namespace plimsoll::testing::page_server_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using native::PageServer;
using native::PageServerLimits;
using native::TextPage;

// A server in this thread, which waits for hours unless it is ended.
struct World {
  explicit World(PageServer::Find find) {
    const PageServerLimits limits{.connections_max = 2, .exchange_timeout = std::chrono::hours(1)};
    server = std::make_shared<PageServer>(context.get_executor(), limits, std::move(find), refused);
    server->start({asio::ip::address_v4::loopback(), 0});
  }

  std::uint16_t port() const { return server->endpoint().port(); }

  // Until nothing more can be done now.
  void go_on() {
    while (context.poll() > 0) context.restart();
    context.restart();
  }

  asio::io_context context{1};
  std::shared_ptr<std::atomic<std::uint64_t>> refused =
      std::make_shared<std::atomic<std::uint64_t>>(0);
  std::shared_ptr<PageServer> server;
};

awaitable<TextPage> short_page(const std::string&) { co_return TextPage{.text = "a page\n"}; }

awaitable<TextPage> long_page(const std::string&) {
  co_return TextPage{.text = std::string(std::size_t{64} << 20, 'x')};
}

TEST_CASE("peers that say nothing hold up no end") {
  World world(short_page);
  HttpPeer silent(world.port());
  HttpPeer amid_a_request(world.port());
  amid_a_request.say("GET /metrics HTTP/1.1\r\nHost:");
  world.go_on();
  world.server->abort();
  world.context.run();
  CHECK(silent.hear().empty());
  CHECK(amid_a_request.hear().empty());
}

TEST_CASE("a peer that does not read its answer holds up no end") {
  World world(long_page);
  HttpPeer peer(world.port());
  peer.say("GET / HTTP/1.1\r\n\r\n");
  world.go_on();
  world.server->abort();
  world.context.run();
  CHECK(peer.hear().size() < std::size_t{64} << 20);
}

TEST_CASE("a page that is not made yet holds up no end") {
  bool is_asked = false;
  asio::io_context* context = nullptr;
  World world([&](const std::string&) -> awaitable<TextPage> {
    is_asked = true;
    asio::steady_timer timer(*context, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
    co_return TextPage{};
  });
  context = &world.context;
  HttpPeer peer(world.port());
  peer.say("GET / HTTP/1.1\r\n\r\n");
  world.go_on();
  CHECK(is_asked);
  world.server->abort();
  world.context.run();
  CHECK(peer.hear().empty());
}

TEST_CASE("there are as many peers at a time as the limit says, and a place is free again after") {
  World world(short_page);
  std::list<HttpPeer> peers;
  for (int i = 0; i < 2; ++i) peers.emplace_back(world.port());
  world.go_on();
  CHECK(world.refused->load() == 0);
  HttpPeer third(world.port());
  world.go_on();
  CHECK(third.hear().empty());
  CHECK(world.refused->load() == 1);
  peers.pop_front();
  world.go_on();
  HttpPeer fourth(world.port());
  fourth.say("GET / HTTP/1.1\r\n\r\n");
  world.go_on();
  CHECK(body_of(fourth.hear()) == "a page\n");
  world.server->abort();
  world.context.run();
}

}  // namespace
}  // namespace plimsoll::testing::page_server_test
