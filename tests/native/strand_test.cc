#include "plimsoll/native/base/strand.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::strand_test {
namespace {

namespace asio = boost::asio;
using native::HandlerThreads;
using native::Strand;

// What handlers keep alive, as they do a client.
struct Owner {
  explicit Owner(asio::any_io_executor on, HandlerThreads threads = HandlerThreads::several)
      : executor(std::move(on)), strand(executor, threads) {}

  const asio::any_io_executor executor;
  Strand strand;
};

// A context with two threads, of which one is held up inside of the strand.
class HeldUp {
 public:
  // `last_act`: what the handler does that holds the thread up, before it leaves.
  explicit HeldUp(std::function<void()> last_act = [] {}) {
    owner_->strand.post([owner = owner_, this, last_act = std::move(last_act)] {
      is_inside_.set_value();
      go_on_.get_future().wait();
      last_act();
    });
    is_inside_.get_future().wait();
  }
  ~HeldUp() { leave(); }

  Strand& strand() { return owner_->strand; }
  std::shared_ptr<Owner>& owner() { return owner_; }

  // Posts `call`, and returns once the other thread has found the strand taken.
  void post(std::function<void()> call) {
    owner_->strand.post([owner = owner_, call = std::move(call)] { call(); });
    settle();
  }
  // Returns once the other thread has run all that was posted before.
  void settle() {
    std::promise<void> done;
    asio::post(*context_, [&] { done.set_value(); });
    done.get_future().wait();
  }

  // Lets the thread inside go on, and waits until the threads have nothing to do any more.
  void leave() {
    if (!threads_.front().joinable()) return;
    go_on_.set_value();
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
  }
  // The same, and ends the executor, which destroys what it has not run.
  void leave_and_end() {
    leave();
    context_.reset();
  }

  // What has left run() as an exception.
  int thrown() const { return thrown_; }
  asio::io_context& context() { return *context_; }

 private:
  void run() {
    try {
      context_->run();
    } catch (const std::runtime_error&) {
      ++thrown_;
    }
  }

  std::unique_ptr<asio::io_context> context_ = std::make_unique<asio::io_context>();
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_->get_executor()};
  std::shared_ptr<Owner> owner_ = std::make_shared<Owner>(context_->get_executor());
  std::promise<void> is_inside_;
  std::promise<void> go_on_;
  std::atomic<int> thrown_ = 0;
  std::vector<std::thread> threads_ = [this] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back([this] { run(); });
    return threads;
  }();
};

TEST_CASE("handlers run one at a time, however many threads there are, and none is lost") {
  constexpr int posts = 20'000;
  int calls = 0;  // no atomic: TSan would see two at a time
  int nested = 0;
  {
    asio::thread_pool pool(4);
    const auto owner = std::make_shared<Owner>(pool.get_executor());
    for (int i = 0; i < posts; ++i) {
      owner->strand.post([&, owner] {
        if (++calls % 3 == 0) owner->strand.post([&, owner] { ++nested; });
      });
    }
    pool.join();
  }
  CHECK(calls == posts);
  CHECK(nested == posts / 3);
}

TEST_CASE("the handlers of timers run one at a time, too") {
  constexpr int timers_count = 500;
  int calls = 0;
  {
    asio::thread_pool pool(4);
    const auto owner = std::make_shared<Owner>(pool.get_executor());
    std::vector<asio::steady_timer> timers;
    for (int i = 0; i < timers_count; ++i) {
      timers.emplace_back(owner->executor, std::chrono::microseconds(i % 7));
      timers.back().async_wait(
          owner->strand.bind([&, owner](const boost::system::error_code&) { ++calls; }));
    }
    pool.join();
  }
  CHECK(calls == timers_count);
}

TEST_CASE("a handler that comes while another is inside waits, in order, and blocks no thread") {
  std::vector<int> order;
  HeldUp held([&] { order.push_back(0); });
  for (int i = 1; i <= 5; ++i) held.post([&, i] { order.push_back(i); });
  CHECK(order.empty());
  held.leave();
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("an exception leaves through the executor, and those that wait run after it") {
  std::vector<int> order;
  HeldUp held([] { throw std::runtime_error("inside"); });
  for (int i = 1; i <= 2; ++i) held.post([&, i] { order.push_back(i); });
  held.post([] { throw std::runtime_error("one that has waited"); });
  for (int i = 3; i <= 4; ++i) held.post([&, i] { order.push_back(i); });
  held.leave();
  CHECK(held.thrown() == 2);  // each ends a thread's run()
  held.context().restart();
  held.context().run();
  CHECK(order == std::vector<int>{1, 2, 3, 4});
  bool entered = false;
  held.strand().post([&, owner = held.owner()] { entered = true; });
  held.context().restart();
  held.context().run();
  CHECK(entered);
}

TEST_CASE("what waits when the executor ends is destroyed, and what it keeps alive, too") {
  HeldUp held([&] {
    held.context().stop();
    throw std::runtime_error("inside");
  });
  bool ran = false;
  for (int i = 0; i < 3; ++i) held.post([&] { ran = true; });
  const std::weak_ptr<Owner> owner = held.owner();
  held.owner().reset();
  held.leave_and_end();
  CHECK(owner.expired());
  CHECK_FALSE(ran);
}

TEST_CASE("the handler that ran last may be the last that keeps the strand alive") {
  int calls = 0;
  HeldUp held;
  for (int i = 0; i < 3; ++i) held.post([&] { ++calls; });
  const std::weak_ptr<Owner> owner = held.owner();
  held.owner().reset();
  held.leave();
  CHECK(calls == 3);
  CHECK(owner.expired());
}

TEST_CASE("a thread goes back to its executor after waiting_at_once_max that have waited") {
  constexpr int posts = 3 * Strand::waiting_at_once_max;
  asio::io_context context;
  const auto owner = std::make_shared<Owner>(context.get_executor());
  std::vector<int> order;
  std::size_t run_before_others = 0;
  owner->strand.post([&, owner] {
    for (int i = 0; i < posts; ++i) owner->strand.post([&order, owner, i] { order.push_back(i); });
    context.poll();
    asio::post(context, [&] { run_before_others = order.size(); });
  });
  context.run();
  CHECK(run_before_others == Strand::waiting_at_once_max);
  REQUIRE(order.size() == posts);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("a handler that runs its executor enters the strand no second time") {
  asio::io_context context;
  const auto owner = std::make_shared<Owner>(context.get_executor());
  std::vector<int> order;
  owner->strand.post([&, owner] {
    owner->strand.post([&, owner] { order.push_back(2); });
    context.poll();
    order.push_back(1);
  });
  context.run();
  CHECK(order == std::vector<int>{1, 2});
}

}  // namespace
}  // namespace plimsoll::testing::strand_test
