#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

// Runs the handlers of one client one at a time, on an executor whose context several threads may
// run. Unlike asio::strand it is no executor: the client's sockets and timers are on the user's
// executor itself, and what they call is bound to the strand. A handler that finds nobody else
// inside runs where Asio calls it, after one atomic operation. Through asio::strand each handler is
// wrapped twice, into memory that is allocated for it: 2,300 instructions and five allocations for
// a request that is alone (`./dev bench budget`, get_one_in_flight).
//
//   socket.async_wait(wait_read, strand.bind([self = hold(), this](error_code) { ... }));
//
// Invariants:
//  - A handler keeps the strand alive: it owns what the strand is a part of.
//  - state_ is null while nobody is inside. Otherwise a thread is, and runs those that wait before
//    it leaves: first waiting_, which only this thread touches, then the list of state_, in which
//    the last is first. They run in the order in which they found the strand taken, which need not
//    be the order in which they were posted.
//  - No more can wait than the client has operations under way: two waits for each connection, its
//    timers, and the few handlers that its turns post.

namespace plimsoll::inline v0::native {

/// How many threads may run an executor's handlers at a time.
enum class HandlerThreads : std::uint8_t { one, several };

class Strand {
 public:
  /// Keeps a reference to `executor`.
  Strand(const boost::asio::any_io_executor& executor, HandlerThreads threads)
      : executor_(executor), threads_(threads) {}
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  const boost::asio::any_io_executor& executor() const { return executor_; }

  /// How many that have waited a thread runs before it goes back to what else the executor has.
  static constexpr int waiting_at_once_max = 64;

  /// A handler that keeps the strand alive, bound to it: for an operation on executor().
  template <class Handler>
  auto bind(Handler handler) {
    return Bound<Handler>(*this, std::move(handler));
  }

  /// Calls `handler`, which keeps the strand alive, later on executor().
  template <class Handler>
  void post(Handler handler) {
    // Before post() returns, another thread may have run the handler, and destroyed the strand.
    const boost::asio::any_io_executor executor = executor_;
    boost::asio::post(executor, bind(std::move(handler)));
  }

 private:
  // A handler that came while another one was inside.
  struct Waiting {
    virtual ~Waiting() = default;
    virtual void run() = 0;
    Waiting* next = nullptr;
  };
  template <class Call>
  struct WaitingCall final : Waiting {
    explicit WaitingCall(Call&& held) : call(std::move(held)) {}
    void run() override { call(); }
    Call call;
  };
  class Leftovers;

  template <class Handler>
  class Bound {
   public:
    Bound(Strand& strand, Handler&& handler) : strand_(&strand), handler_(std::move(handler)) {}

    template <class... Arguments>
    void operator()(Arguments&&... arguments) {
      if (strand_->threads_ == HandlerThreads::one) {
        return handler_(std::forward<Arguments>(arguments)...);
      }
      if (strand_->enter()) [[likely]] {
        return strand_->run([&] { handler_(std::forward<Arguments>(arguments)...); });
      }
      if constexpr (sizeof...(Arguments) == 0) {
        strand_->wait_with(std::move(handler_));
      } else {
        strand_->wait_with([handler = std::move(handler_),
                            ... held = std::decay_t<Arguments>(std::forward<Arguments>(
                                arguments))]() mutable { handler(std::move(held)...); });
      }
    }

   private:
    Strand* strand_;
    Handler handler_;
  };

  bool enter() {
    Waiting* nobody = nullptr;
    return state_.compare_exchange_strong(nobody, inside(), std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  // Leaves, if nobody waits.
  bool leave() {
    Waiting* alone = inside();
    return waiting_ == nullptr &&
           state_.compare_exchange_strong(alone, nullptr, std::memory_order_release,
                                          std::memory_order_relaxed);
  }

  // Inside: calls `call`, runs those that wait, and leaves.
  template <class Call>
  void run(const Call& call) {
    std::unique_ptr<Waiting> last;  // to run: it may keep the strand alive
    try {
      call();
      if (!leave()) [[unlikely]]
        run_waiting(last);
    } catch (...) {
      hand_on();
      throw;
    }
  }

  // For a handler that found a thread inside. If there is no memory for it to wait in, it is posted
  // once more: Asio keeps the memory that the handler was in, and is likely to use it for the post.
  template <class Call>
  void wait_with(Call call) {
    std::unique_ptr<Waiting> waiting(new (std::nothrow) WaitingCall<Call>(std::move(call)));
    waiting ? wait(std::move(waiting)) : post(std::move(call));
  }

  void wait(std::unique_ptr<Waiting> call);
  std::unique_ptr<Waiting> take_next();
  void run_waiting(std::unique_ptr<Waiting>& running);
  void hand_on() noexcept;
  void go_on() {
    run([] {});
  }

  // What state_ is while somebody is inside and nobody waits. Nothing is read there.
  Waiting* inside() { return reinterpret_cast<Waiting*>(this); }

  const boost::asio::any_io_executor& executor_;
  const HandlerThreads threads_;
  std::atomic<Waiting*> state_ = nullptr;
  Waiting* waiting_ = nullptr;
};

}  // namespace plimsoll::inline v0::native
