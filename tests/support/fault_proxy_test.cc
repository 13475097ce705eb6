#include "plimsoll/tests/support/fault_proxy.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing::fault_proxy_test {
namespace {

using namespace std::chrono_literals;

bool eventually(auto condition) {
  const auto deadline = std::chrono::steady_clock::now() + test_timeout(5s);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// A server that says nothing by itself, behind a proxy.
struct World {
  World() : listener(bind_tcp(0)) { ::listen(listener.number(), 16); }

  Descriptor connect() const { return connect_to(tcp_address(proxy.port())); }
  Descriptor accept() const {
    pollfd wanted{.fd = listener.number(), .events = POLLIN, .revents = 0};
    ::poll(&wanted, 1, static_cast<int>(test_timeout(5s).count()));
    return Descriptor(::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
  }

  Descriptor listener;
  FaultProxy proxy{port_of(listener)};
};

void send(const Descriptor& to, std::string_view text) {
  ::send(to.number(), text.data(), text.size(), MSG_NOSIGNAL);
}

constexpr std::string_view silence = "(silence)";
constexpr std::string_view ended = "(end)";
constexpr std::string_view was_reset = "(reset)";

// The next `count` bytes, or what came in their place. Silence is what did not come in a moment.
std::string receive(const Descriptor& from, std::size_t count, std::chrono::milliseconds limit) {
  std::string text;
  while (text.size() < count) {
    pollfd wanted{.fd = from.number(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, static_cast<int>(limit.count())) == 0) return text.append(silence);
    std::array<char, 65536> piece;
    const std::size_t wish = std::min(piece.size(), count - text.size());
    const ssize_t got = ::recv(from.number(), piece.data(), wish, 0);
    if (got == 0) return text.append(ended);
    if (got < 0) return text.append(was_reset);
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::string receive(const Descriptor& from, std::size_t count) {
  return receive(from, count, test_timeout(5s));
}

bool is_silent(const Descriptor& from) { return receive(from, 1, 20ms) == silence; }

TEST_CASE("bytes pass both ways, and are counted") {
  World world;
  const Descriptor client = world.connect();
  const Descriptor server = world.accept();
  send(client, "question");
  CHECK(receive(server, 8) == "question");
  send(server, "answer");
  CHECK(receive(client, 6) == "answer");
  CHECK(world.proxy.connections() == 1);
  CHECK(world.proxy.open_connections() == 1);
  CHECK(world.proxy.bytes(Direction::to_server) == 8);
  CHECK(world.proxy.bytes(Direction::to_client) == 6);
}

TEST_CASE("an end passes in its direction alone, and the connection is over after both") {
  World world;
  Descriptor client = world.connect();
  const Descriptor server = world.accept();
  ::shutdown(client.number(), SHUT_WR);
  CHECK(receive(server, 1) == ended);
  send(server, "still here");
  CHECK(receive(client, 10) == "still here");
  ::shutdown(server.number(), SHUT_WR);
  CHECK(receive(client, 1) == ended);
  CHECK(eventually([&] { return world.proxy.open_connections() == 0; }));
}

TEST_CASE("a reset passes as well") {
  World world;
  Descriptor client = world.connect();
  const Descriptor server = world.accept();
  client.reset();
  CHECK(receive(server, 1) == was_reset);
}

TEST_CASE("a proxy without a server resets who comes, until there is one") {
  World world;
  world.listener.close();
  const Descriptor client = world.connect();
  CHECK(receive(client, 1) == was_reset);
  CHECK(world.proxy.connections() == 1);
}

TEST_CASE("a proxy that refuses has no connections, and takes them at the same port later") {
  World world;
  const Descriptor client = world.connect();
  const Descriptor server = world.accept();
  world.proxy.refuse();
  CHECK(receive(client, 1) == was_reset);
  CHECK(receive(server, 1) == was_reset);
  CHECK_FALSE(world.connect().open());
  CHECK(errno == ECONNREFUSED);
  world.proxy.heal();
  const Descriptor again = world.connect();
  const Descriptor onward = world.accept();
  send(again, "x");
  CHECK(receive(onward, 1) == "x");
}

TEST_CASE("all connections are cut and the faults ended in one step") {
  World world;
  world.proxy.swallow();
  const Descriptor deaf = world.connect();
  const Descriptor never = world.accept();
  send(deaf, "lost");
  CHECK(is_silent(never));
  world.proxy.cut_all_and_heal(Cut::reset);
  CHECK(receive(deaf, 1) == was_reset);
  const Descriptor next = world.connect();
  const Descriptor onward = world.accept();
  send(next, "x");
  CHECK(receive(onward, 1) == "x");
}

TEST_CASE("what was swallowed never arrives, but later connections work") {
  World world;
  Descriptor client = world.connect();
  const Descriptor server = world.accept();
  world.proxy.swallow();
  send(client, "lost");
  CHECK(is_silent(server));
  world.proxy.heal();
  send(client, "lost too");
  CHECK(is_silent(server));
  client.close();
  CHECK(is_silent(server));  // as with a machine that is off the net
  const Descriptor other = world.connect();
  const Descriptor onward = world.accept();
  send(other, "x");
  CHECK(receive(onward, 1) == "x");
}

TEST_CASE("what stalls arrives when it is healed") {
  World world;
  const Descriptor client = world.connect();
  const Descriptor server = world.accept();
  world.proxy.stall();
  send(client, "late");
  CHECK(is_silent(server));
  world.proxy.heal();
  CHECK(receive(server, 4) == "late");
}

TEST_CASE("a stalled connection fills up, and loses nothing") {
  World world;
  const Descriptor client = world.connect();
  const Descriptor server = world.accept();
  world.proxy.stall();
  const std::string piece(100'000, 'x');
  std::size_t sent = 0;
  for (;;) {
    const ssize_t count = ::send(client.number(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count < 0) break;
    sent += static_cast<std::size_t>(count);
  }
  CHECK(errno == EAGAIN);
  world.proxy.heal();
  CHECK(receive(server, sent) == std::string(sent, 'x'));
}

TEST_CASE("a connection is cut in place of exactly the byte that was named, in both directions") {
  World world;
  for (std::size_t bytes = 0; bytes <= 4; ++bytes) {
    INFO(bytes << " bytes");
    const std::string_view text = "word";
    {
      world.proxy.cut_after(Direction::to_server, bytes, Cut::reset);
      const Descriptor client = world.connect();
      const Descriptor server = world.accept();
      send(client, text);
      CHECK(receive(server, bytes) == text.substr(0, bytes));
      if (bytes < text.size()) CHECK(receive(client, 1) == was_reset);
      if (bytes == text.size()) CHECK(is_silent(client));
    }
    {
      world.proxy.cut_after(Direction::to_client, bytes, Cut::reset);
      const Descriptor client = world.connect();
      const Descriptor server = world.accept();
      send(server, text);
      CHECK(receive(client, bytes) == text.substr(0, bytes));
      if (bytes < text.size()) CHECK(receive(client, 1) == was_reset);
      if (bytes == text.size()) CHECK(is_silent(client));
    }
  }
}

TEST_CASE("a cut may be an orderly end, of both directions or of one") {
  World world;
  SECTION("both") {
    world.proxy.cut_after(Direction::to_server, 2, Cut::close);
    const Descriptor client = world.connect();
    const Descriptor server = world.accept();
    send(client, "word");
    CHECK(receive(server, 4) == "wo" + std::string(ended));
    CHECK(receive(client, 1) == ended);
  }
  SECTION("one") {
    world.proxy.cut_after(Direction::to_server, 2, Cut::half_close);
    const Descriptor client = world.connect();
    const Descriptor server = world.accept();
    send(client, "word");
    CHECK(receive(server, 4) == "wo" + std::string(ended));
    send(server, "go on");
    CHECK(receive(client, 5) == "go on");
  }
}

TEST_CASE("a cut may be silence, for ever or until it heals") {
  World world;
  const Cut cut = GENERATE(Cut::swallow, Cut::stall);
  world.proxy.cut_after(Direction::to_client, 2, cut);
  const Descriptor client = world.connect();
  const Descriptor server = world.accept();
  send(server, "word");
  CHECK(receive(client, 2) == "wo");
  CHECK(is_silent(client));
  send(client, "x");
  CHECK(receive(server, 1) == "x");  // the other direction goes on
  world.proxy.heal();
  if (cut == Cut::stall) CHECK(receive(client, 2) == "rd");
  if (cut == Cut::swallow) CHECK(is_silent(client));
}

TEST_CASE("all connections are cut at once, and a healed proxy cuts no more") {
  World world;
  const Descriptor one = world.connect();
  const Descriptor first = world.accept();
  world.proxy.cut_after(Direction::to_server, 0, Cut::close);
  world.proxy.cut_all(Cut::reset);
  CHECK(receive(one, 1) == was_reset);
  CHECK(receive(first, 1) == was_reset);
  world.proxy.heal();
  const Descriptor two = world.connect();
  const Descriptor second = world.accept();
  send(two, "x");
  CHECK(receive(second, 1) == "x");
}

}  // namespace
}  // namespace plimsoll::testing::fault_proxy_test
