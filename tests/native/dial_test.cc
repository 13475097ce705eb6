#include "plimsoll/native/driver/dial.h"

#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/loopback.h"

// Dialling several addresses of one server: some refuse, some say nothing at all.

namespace plimsoll::testing::dial_test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using native::Dial;
using native::HandlerThreads;
using native::in_turns;
using native::Strand;

tcp::endpoint at(std::uint16_t port) { return {asio::ip::make_address("127.0.0.1"), port}; }

// A listening socket whose queue is full: the system answers no further attempt to connect.
class SilentPort {
 public:
  SilentPort() {
    checked(::listen(socket_.number(), 0), "listen");
    const ServerAddress address = tcp_address(port());
    for (int i = 0; i < 4; ++i) {
      Descriptor client(checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket"));
      ::connect(client.number(), reinterpret_cast<const sockaddr*>(&address.storage), address.size);
      waiting_.push_back(std::move(client));
    }
  }
  std::uint16_t port() const { return port_of(socket_); }

 private:
  const Descriptor socket_ = bind_tcp(0);
  std::vector<Descriptor> waiting_;
};

struct Listener {
  Listener() { checked(::listen(socket.number(), 16), "listen"); }
  std::uint16_t port() const { return port_of(socket); }
  const Descriptor socket = bind_tcp(0);
};

struct Outcome {
  int calls = 0;
  error_code problem;
  std::uint16_t port = 0;  // of the server that was reached
};

Outcome dial(Dial::Addresses addresses) {
  asio::io_context context;
  const asio::any_io_executor executor = context.get_executor();
  Strand strand(executor, HandlerThreads::one);
  Outcome outcome;
  const auto dial = std::make_shared<Dial>(
      nullptr, strand, std::move(addresses), [&](const error_code& problem, Dial::Socket socket) {
        ++outcome.calls;
        outcome.problem = problem;
        if (problem) return;
        const auto server = socket.remote_endpoint();
        outcome.port = ntohs(reinterpret_cast<const sockaddr_in*>(server.data())->sin_port);
      });
  dial->start();
  context.run_for(patience());
  return outcome;
}

TEST_CASE("an address that says nothing does not hold the others up") {
  const SilentPort silent;
  const Listener good;
  const Outcome outcome = dial({at(silent.port()), at(good.port())});
  CHECK(outcome.calls == 1);
  CHECK_FALSE(outcome.problem);
  CHECK(outcome.port == good.port());
}

TEST_CASE("an address that refuses is followed by the next, the last one's problem is told") {
  const Descriptor first = bind_tcp(0);
  const Descriptor second = bind_tcp(0);
  const Listener good;
  CHECK(dial({at(port_of(first)), at(port_of(second)), at(good.port())}).port == good.port());
  const Outcome outcome = dial({at(port_of(first)), at(port_of(second))});
  CHECK(outcome.calls == 1);
  CHECK(outcome.problem == asio::error::connection_refused);
}

TEST_CASE("the first address that answers is taken, and the others are let go") {
  const Listener first;
  const Listener second;
  CHECK(dial({at(first.port()), at(second.port())}).port == first.port());
}

TEST_CASE("a dial that was stopped tells nothing") {
  const SilentPort silent;
  asio::io_context context;
  const asio::any_io_executor executor = context.get_executor();
  Strand strand(executor, HandlerThreads::one);
  bool told = false;
  const auto dial =
      std::make_shared<Dial>(nullptr, strand, Dial::Addresses{at(silent.port()), at(silent.port())},
                             [&](const error_code&, Dial::Socket) { told = true; });
  dial->start();
  context.poll();
  dial->stop();
  context.run_for(patience());
  CHECK_FALSE(told);
}

TEST_CASE("a dial that was stopped keeps its owner, with the strand, until its handlers have run") {
  struct Owner {
    asio::io_context& context;
    const asio::any_io_executor executor = context.get_executor();
    Strand strand{executor, HandlerThreads::several};
  };
  const SilentPort silent;
  asio::io_context context;
  auto owner = std::make_shared<Owner>(context);
  const std::weak_ptr<Owner> kept = owner;
  auto dial = std::make_shared<Dial>(owner, owner->strand,
                                     Dial::Addresses{at(silent.port()), at(silent.port())},
                                     [](const error_code&, Dial::Socket) {});
  dial->start();
  context.poll();
  dial->stop();
  dial.reset();
  owner.reset();
  CHECK_FALSE(kept.expired());
  context.run_for(patience());
  CHECK(kept.expired());
}

TEST_CASE("a client whose executor ends while it dials is let go, and so is its caller") {
  const SilentPort silent;
  auto context = std::make_unique<asio::io_context>();
  auto token = std::make_shared<int>();
  const std::weak_ptr<int> kept = token;
  native::connect(context->get_executor(), "valkey://127.0.0.1:" + std::to_string(silent.port()),
                  patient_options(), [token = std::move(token)](const auto&) {});
  context->poll();
  REQUIRE_FALSE(kept.expired());
  context.reset();
  CHECK(kept.expired());
}

TEST_CASE("the families of addresses take turns, beginning with the first one's") {
  const auto four = [](std::uint16_t port) { return Dial::Protocol::endpoint(at(port)); };
  const auto six = [](std::uint16_t port) {
    return Dial::Protocol::endpoint(tcp::endpoint(asio::ip::make_address("::1"), port));
  };
  CHECK(in_turns({six(1), six(2), six(3), four(4), four(5)}) ==
        Dial::Addresses{six(1), four(4), six(2), four(5), six(3)});
  CHECK(in_turns({four(1), six(2), six(3)}) == Dial::Addresses{four(1), six(2), six(3)});
  CHECK(in_turns({}).empty());
  CHECK(in_turns(Dial::Addresses(40, four(1))).size() == native::dial_addresses_max);
}

}  // namespace
}  // namespace plimsoll::testing::dial_test
