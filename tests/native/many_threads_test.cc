#include <atomic>
#include <future>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/shared_server.h"

// One client under many threads, for ThreadSanitizer: what a lock or an atomic phase guards is
// touched from all sides at once.

namespace plimsoll::testing::many_threads_test {
namespace {

namespace asio = boost::asio;
using asio::use_future;
using native::Call;
using native::Client;
using native::Result;
using Text = std::optional<std::string>;

constexpr int threads_count = 8;
constexpr int rounds = 150;

template <class Work>
void on_threads(const Work& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

// A call with its cancellation, which may come before, with or after the outcome.
struct Cancelled {
  asio::cancellation_signal signal;
  std::promise<bool> ended;

  void run(Client& client, bool yields) {
    client.get("threads", asio::bind_cancellation_slot(signal.slot(), [this](Result<Text> value) {
                 const bool expected = value || value.error().code() == ErrorCode::cancelled;
                 ended.set_value(expected);
               }));
    if (yields) std::this_thread::yield();
    signal.emit(asio::cancellation_type::total);
  }
};

TEST_CASE("every call of eight threads has one outcome, cancelled or not") {
  Client client = connected(unix_url(), patient_options());
  std::atomic<int> as_expected = 0;
  on_threads([&](int thread) {
    for (int round = 0; round < rounds; ++round) {
      Cancelled call;
      call.run(client, (thread + round) % 2 == 0);
      if (finish(call.ended.get_future())) ++as_expected;
    }
  });
  CHECK(as_expected == threads_count * rounds);
}

TEST_CASE("a call may be awaited, late or at once, or dropped, while its reply comes") {
  Client client = connected(unix_url(), patient_options());
  std::atomic<int> answered = 0;
  std::atomic<int> awaited = 0;
  on_threads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int round = 0; round < rounds; ++round) {
      Call<std::string> call = client.echo("threads");
      switch (random() % 3) {
        case 0: continue;
        case 1: std::this_thread::yield(); break;
        default: break;
      }
      ++awaited;
      auto value = std::move(call)(use_future);
      if (finish(std::move(value)) == "threads") ++answered;
    }
  });
  CHECK(answered == awaited);
}

TEST_CASE("calls of eight threads end with their client") {
  for (int round = 0; round < 20; ++round) {
    Client client = connected(unix_url(), patient_options());
    std::atomic<int> ended = 0;
    std::vector<std::future<Result<Text>>> calls(threads_count);
    on_threads([&](int thread) {
      for (int i = 0; i < 20; ++i) client.incr("threads:count");
      calls[static_cast<std::size_t>(thread)] = client.get("threads", use_future);
    });
    client = Client();
    for (auto& call : calls) {
      const Result<Text> value = finish(std::move(call));
      if (value || value.error().code() != ErrorCode::timed_out) ++ended;
    }
    CHECK(ended == threads_count);
  }
}

}  // namespace
}  // namespace plimsoll::testing::many_threads_test
