#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_immediate_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cached.h"

// Code that asks again as soon as it has its answer, and whose answer is there at once. It must not
// keep everything else from its executor: then the invalidation of what it reads would never be
// read either.

namespace plimsoll::testing::cached_loops_test {
namespace {

namespace asio = boost::asio;
using Text = std::optional<std::string>;

// Some times what a turn completes at once (driver.cc), so that the posted handler is long overdue.
constexpr int reads_max = 20'000;

// A client of an executor that the test runs, with a key in its cache that another client changes
// after the loop under test has begun.
class CachedLoop {
 public:
  CachedLoop() : other_(connected(unix_url())) {
    value_of(other_.set("loop:flag", "old", asio::use_future));
    native::Options options = patient_options();
    options.client_side_cache = cache_;
    native::connect(
        io_.get_executor(), unix_url(), options,
        [&](native::Result<native::Client> made) { client_ = std::move(made).value(); });
    while (!client_) io_.run_one();
    bool has_read = false;
    client_->get("loop:flag", [&](native::Result<Text>) { has_read = true; });
    while (!has_read) io_.run_one();
  }

  /// Called for each reply. Returns whether the loop is to read again.
  bool goes_on(const native::Result<Text>& reply) {
    ++reads_;
    if (reads_ == 1) {
      asio::post(io_, [this] {
        reads_before_others_ = reads_;
        if (client_is_open_) value_of(other_.set("loop:flag", "new", asio::use_future));
      });
    }
    if (client_is_open_ && reply.value() == "new") has_seen_ = true;
    const bool others_ran = reads_before_others_ != 0;
    return client_is_open_ ? !has_seen_ : !others_ran && reads_ < reads_max;
  }

  /// Runs the executor until the loop has ended.
  void run(const std::function<bool()>& has_ended) {
    while (!has_ended()) io_.run_one();
    CHECK(reads_before_others_ > 0);
    CHECK(reads_before_others_ < reads_max);
  }

  void close() {
    bool is_closed = false;
    client_->close([&](native::Result<void>) { is_closed = true; });
    while (!is_closed) io_.run_one();
    client_is_open_ = false;
  }

  asio::io_context& io() { return io_; }
  native::Client& client() { return *client_; }

 private:
  asio::io_context io_;
  const std::shared_ptr<native::ClientSideCache> cache_ = make();
  std::optional<native::Client> client_;
  native::Client other_;
  bool client_is_open_ = true;
  int reads_ = 0;
  int reads_before_others_ = 0;
  bool has_seen_ = false;
};

void read_in_callbacks(CachedLoop& loop, bool& has_ended) {
  loop.client().get("loop:flag", [&](native::Result<Text> reply) {
    has_ended = !loop.goes_on(reply);
    if (!has_ended) read_in_callbacks(loop, has_ended);
  });
}

asio::awaitable<void> read_in_coroutine(CachedLoop& loop, bool& has_ended) {
  do {
    has_ended = !loop.goes_on(native::Result<Text>(co_await loop.client().get("loop:flag")));
  } while (!has_ended);
}

TEST_CASE("a loop of cached reads lets other handlers run, and sees the invalidation") {
  CachedLoop loop;
  bool has_ended = false;
  SECTION("in callbacks") { read_in_callbacks(loop, has_ended); }
  SECTION("in a coroutine") {
    asio::co_spawn(loop.io(), read_in_coroutine(loop, has_ended), asio::detached);
  }
  loop.run([&] { return has_ended; });
}

TEST_CASE("a loop of calls that are refused lets other handlers run") {
  CachedLoop loop;
  loop.close();
  bool has_ended = false;
  read_in_callbacks(loop, has_ended);
  loop.run([&] { return has_ended; });
}

TEST_CASE("a cached value that was not awaited yet outlives its client") {
  CachedLoop loop;
  auto call = loop.client().get("loop:flag");
  loop.close();
  Text got;
  asio::co_spawn(
      loop.io(), [&]() -> asio::awaitable<void> { got = co_await std::move(call); },
      asio::detached);
  while (!got) loop.io().run_one();
  CHECK(got == "old");
}

struct ThrowsWhenCopied {
  ThrowsWhenCopied() = default;
  ThrowsWhenCopied(ThrowsWhenCopied&&) = default;
  ThrowsWhenCopied(const ThrowsWhenCopied&) { throw std::runtime_error("copied"); }
  void operator()(const std::exception_ptr&, const Text&) const {}
};

TEST_CASE("a handler whose copy throws leaves the call to its owner, who gives it back") {
  CachedLoop loop;
  auto call = loop.client().get("loop:flag");
  const ThrowsWhenCopied handler;
  CHECK_THROWS_AS(std::move(call)(handler), std::runtime_error);
}

TEST_CASE("a handler with an immediate executor gets a cached value there") {
  CachedLoop loop;
  asio::thread_pool pool(1);
  auto call = loop.client().get("loop:flag");
  std::promise<std::thread::id> ran;
  auto there = ran.get_future();
  const auto note = [&](const std::exception_ptr&, const Text&) {
    ran.set_value(std::this_thread::get_id());
  };
  SECTION("of its own type") {
    std::move(call)(asio::bind_immediate_executor(pool.get_executor(), note));
  }
  SECTION("of any type") {
    const asio::any_io_executor any(pool.get_executor());
    std::move(call)(asio::bind_immediate_executor(any, note));
  }
  std::promise<std::thread::id> expected;
  asio::post(pool, [&] { expected.set_value(std::this_thread::get_id()); });
  CHECK(finish(std::move(there)) == finish(expected.get_future()));
  pool.join();
}

}  // namespace
}  // namespace plimsoll::testing::cached_loops_test
