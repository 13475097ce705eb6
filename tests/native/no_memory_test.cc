#include <algorithm>
#include <cstdlib>
#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/native/base/strand.h"
#include "plimsoll/scan.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"

// The allocator refuses one piece of memory, each one after the other, while a client tells what
// came: every call is told once all the same, and the client serves on. It refuses memory from the
// first reply of a turn to the last callback: a handler that Asio cannot allocate is lost.

namespace {

// Allocations of this thread until the one that is refused; negative: none is.
thread_local int allocations_left = -1;
int next_allocations_left = 0;

}  // namespace

void* operator new(std::size_t size) {
  if (allocations_left >= 0 && allocations_left-- == 0) throw std::bad_alloc();
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// A sanitizer's own would not call the one above.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return ::operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace plimsoll::testing::no_memory_test {
namespace {

// A reply from which on next_allocations_left counts.
struct Arming {};
Status decode(const Value&, Arming&) {
  allocations_left = next_allocations_left;
  return {};
}

namespace asio = boost::asio;
using native::Client;
using native::Result;
using Text = std::optional<std::string>;

// A client on a context of the test's own, and the server that it speaks to, in one thread.
class World {
 public:
  // `addresses`: of the client, all of the same server.
  explicit World(int addresses = 1) {
    native::Options options = patient_options();
    for (int i = 1; i < addresses; ++i) options.seeds.push_back(listener_.address());
    native::connect(context_.get_executor(), listener_.url(), options,
                    [this](Result<Client> connected) { client_ = *std::move(connected); });
    context_.poll();
    peer_.emplace(listener_.accept());
    // The client connects, and says HELLO, as soon as it is run.
    peer_->send(handshake_replies);
    run_until([this] { return client_.has_value(); });
    for (int i = 0; i < handshake_requests_count; ++i) peer_->receive();
  }

  Client& client() { return *client_; }
  Peer& peer() { return *peer_; }

  // Sends what was called.
  void flush() {
    context_.restart();
    context_.poll();
  }

  // Runs the client until `done`, whatever exceptions come out of its executor meanwhile.
  void run_until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + patience();
    while (!done()) {
      try {
        context_.restart();
        if (context_.run_one_until(deadline) == 0) throw std::logic_error("a call did not end");
      } catch (const std::bad_alloc&) {
      }
    }
  }

 private:
  asio::io_context context_;
  Listener listener_;
  std::optional<Client> client_;
  std::optional<Peer> peer_;
};

// Counts outcomes; those that are errors have to say that memory was missing, or what was to come.
class Outcomes {
 public:
  // Of so many calls: with the last, memory is refused no more.
  explicit Outcomes(int calls) : calls_(calls) {}

  template <class T>
  auto told(std::optional<ErrorCode> expected = std::nullopt) {
    return [this, expected](const Result<T>& result) {
      if (++count_ == calls_) has_struck_ = std::exchange(allocations_left, -1) < 0;
      if (result) {
        CHECK_FALSE(expected);
      } else if (result.error().code() == ErrorCode::out_of_memory) {
        ++without_memory_;
        CHECK(result.error().executed() == Executed::yes);
      } else {
        CHECK(result.error().code() == expected);
      }
    };
  }
  int count() const { return count_; }
  int without_memory() const { return without_memory_; }
  bool has_struck() const { return has_struck_; }

 private:
  const int calls_;
  int count_ = 0;
  int without_memory_ = 0;
  bool has_struck_ = false;
};

// Calls that end in values, in errors and in aggregates; what the server answers to them.
constexpr int calls = 13;
void call_all(Client& client, Outcomes& outcomes) {
  client.command<Arming>({"PING"}, outcomes.told<Arming>());
  for (int i = 0; i < 4; ++i) {
    client.get("string", outcomes.told<Text>());
    client.get("list", outcomes.told<Text>(ErrorCode::server_error));
    client.lrange("list", 0, -1, outcomes.told<std::vector<std::string>>());
  }
}

std::string answers_to_all() {
  const std::string text = "a text of more characters than a std::string has room for in itself";
  const std::string bulk = "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  std::string answers = "+PONG\r\n";
  for (int i = 0; i < 4; ++i) {
    answers += bulk + "-WRONGTYPE Operation against a key of the wrong kind\r\n";
    answers += "*2\r\n" + bulk + bulk;
  }
  return answers;
}

TEST_CASE("whichever allocation is refused while outcomes are told, each call is told its own") {
  World world;
  int without_memory = 0;
  for (int allocations = 0, struck = true; struck; ++allocations) {
    INFO("allocation " << allocations);
    Outcomes outcomes(calls);
    call_all(world.client(), outcomes);
    world.flush();
    for (int i = 0; i < calls; ++i) world.peer().receive();
    next_allocations_left = allocations;
    world.peer().send(answers_to_all());
    world.run_until([&] { return outcomes.count() == calls; });
    struck = outcomes.has_struck();
    without_memory += outcomes.without_memory();
    world.flush();
    REQUIRE(outcomes.count() == calls);
  }
  CHECK(without_memory > 8);
}

TEST_CASE(
    "whichever allocation is refused while a client ends, each call is told, and close(), too") {
  const int addresses = GENERATE(1, 2);
  bool struck = true;
  for (int allocations = 0; struck; ++allocations) {
    INFO(addresses << " addresses, allocation " << allocations);
    World world(addresses);
    int told = 0;
    int closed = 0;
    world.client().command<Arming>({"PING"}, [&](const Result<Arming>&) { ++told; });
    world.client().get("string", [&](const Result<Text>& result) {
      ++told;
      CHECK_FALSE(result);
    });
    world.client().close([&](const auto&...) { ++closed; });
    world.flush();
    world.peer().receive();
    world.peer().receive();
    next_allocations_left = allocations;
    world.peer().send("+PONG\r\nno protocol\r\n");
    world.run_until([&] { return told == 2 && closed == 1; });
    struck = std::exchange(allocations_left, -1) < 0;
    REQUIRE(told == 2);
    REQUIRE(closed == 1);
  }
}

TEST_CASE("a page of a scan that there was no memory for is asked for again") {
  World world;
  native::KeyScan scan(world.client());
  const std::string key(64, 'k');
  const std::string page = "*2\r\n$2\r\n17\r\n*1\r\n$64\r\n" + key + "\r\n";
  std::optional<native::KeyScan::Page> told;
  for (int allocations = 0; !told; ++allocations) {
    INFO("allocation " << allocations);
    int outcomes = 0;
    world.client().command<Arming>({"PING"}, [](const Result<Arming>&) {});
    scan.next([&](Result<native::KeyScan::Page> result) {
      allocations_left = -1;
      ++outcomes;
      if (result) {
        told = *std::move(result);
      } else {
        CHECK(result.error().code() == ErrorCode::out_of_memory);
      }
    });
    world.flush();
    world.peer().receive();
    CHECK(world.peer().receive() == "SCAN 0");
    next_allocations_left = allocations;
    world.peer().send("+PONG\r\n" + page);
    world.run_until([&] { return outcomes == 1; });
  }
  CHECK(*told == std::vector{key});
  CHECK(scan.cursor() == "17");
}

TEST_CASE("handlers that wait behind one that throws run, whichever allocation is refused") {
  const bool while_they_come = GENERATE(false, true);
  struct Owner {
    asio::io_context context;
    const asio::any_io_executor executor = context.get_executor();
    native::Strand strand{executor, native::HandlerThreads::several};
  };
  bool struck = true;
  for (int allocations = 0; struck; ++allocations) {
    INFO("allocation " << allocations);
    Owner owner;
    std::vector<int> order;
    order.reserve(3);
    owner.strand.post([&] {
      for (int i = 1; i <= 3; ++i) owner.strand.post([&order, i] { order.push_back(i); });
      if (while_they_come) allocations_left = allocations;
      owner.context.poll();  // they find this one inside
      if (!while_they_come) allocations_left = allocations;
      throw 0;
    });
    bool has_thrown = false;
    try {
      owner.context.run();
    } catch (int) {
      has_thrown = true;
    }
    struck = std::exchange(allocations_left, -1) < 0;
    CHECK(has_thrown);
    owner.context.restart();
    owner.context.run();
    std::sort(order.begin(), order.end());  // one that found no memory to wait in comes behind
    REQUIRE(order == std::vector{1, 2, 3});
  }
}

}  // namespace
}  // namespace plimsoll::testing::no_memory_test
