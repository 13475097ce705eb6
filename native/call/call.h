#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associated_immediate_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/prefer.hpp>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/call/operation.h"

// The default form of every call: it has already started when you get it. Await it for its value,
// or drop it, and it goes on by itself; so `client.set(...); co_await client.get(...);` runs in
// this order.

namespace plimsoll::native {

namespace detail {

template <class T>
struct ThrowingSignature {
  using type = void(std::exception_ptr, T);
};
template <>
struct ThrowingSignature<void> {
  using type = void(std::exception_ptr);
};

// The handler that awaits a Call, without its type.
template <class T>
class Waiter {
 public:
  virtual ~Waiter() = default;

  /// Calls the handler with the outcome, on the handler's executor.
  virtual void resume(Result<T> result) = 0;
};

template <class T, class Handler>
void hand_over(Handler handler, Result<T> result) {
  std::exception_ptr problem;
  if (!result) problem = std::make_exception_ptr(result.error());
  if constexpr (std::is_void_v<T>) {
    std::move(handler)(problem);
  } else {
    std::move(handler)(problem, result ? *std::move(result) : T());
  }
}

template <class T, class Handler>
class HandlerWaiter final : public Waiter<T> {
 public:
  HandlerWaiter(Handler handler, const boost::asio::any_io_executor& fallback)
      : executor_(boost::asio::prefer(boost::asio::get_associated_executor(handler, fallback),
                                      boost::asio::execution::outstanding_work.tracked)),
        handler_(std::move(handler)) {}

  void resume(Result<T> result) override {
    boost::asio::dispatch(executor_,
                          [handler = std::move(handler_), result = std::move(result)]() mutable {
                            hand_over(std::move(handler), std::move(result));
                          });
  }

 private:
  using Executor = boost::asio::associated_executor_t<Handler, boost::asio::any_io_executor>;

  std::decay_t<decltype(boost::asio::prefer(std::declval<Executor>(),
                                            boost::asio::execution::outstanding_work.tracked))>
      executor_;
  Handler handler_;
};

// What a Call and the driver share: the place where the outcome and the handler that awaits it
// meet, in either order.
//
// Invariants:
//  - The driver holds a reference (`lent_`) from lend() until complete() or destroy(); a call that
//    was done at once is never lent.
//  - `result_` is written before `done_` is set, or before the Call is returned. Then only one
//    handler takes it.
//  - If `done_` is false, `waiter_` may be set; if it is true, wait() runs the handler itself.
template <class T>
class CallState final : public Operation, public std::enable_shared_from_this<CallState<T>> {
 public:
  using Signature = typename ThrowingSignature<T>::type;

  explicit CallState(boost::asio::any_io_executor executor, Result<T> made = {})
      : Operation(true), executor_(std::move(executor)), result_(std::move(made)) {}

  /// Lends this to the driver, which owns it until complete() or destroy(). The Call owns it, too,
  /// until it is dropped or awaited.
  Operation& lend() {
    lent_ = this->shared_from_this();
    return *this;
  }

  void handle_submitted(CancelTarget& target, RequestId id) override {
    canceller_.emplace(target, id);
  }
  void handle_submitted(CancelTarget& target, std::shared_ptr<CancelPoint> point) override {
    canceller_.emplace(target, std::move(point));
  }

  /// deliver() was called before the Call was returned (the cache had the reply), so complete()
  /// will not come.
  void finish() { was_done_at_once_ = true; }

  bool deliver(const Delivery& delivery) noexcept override { return take(delivery, result_); }
  void deliver_part(const Delivery& delivery) noexcept override { take_part(delivery, result_); }

  void complete() override {
    const std::shared_ptr<CallState> self = std::move(lent_);
    std::unique_ptr<Waiter<T>> waiter;
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      waiter = std::move(waiter_);
    }
    if (waiter) waiter->resume(std::move(result_));
  }

  void destroy() override { const std::shared_ptr<CallState> self = std::move(lent_); }

  template <class Handler>
  void wait(Handler handler) {
    if (!was_done_at_once_ && has_to_wait(handler)) return;
    // Through the immediate executor: if the handler has none of its own, it runs only after the
    // initiating function has returned.
    const auto executor = boost::asio::get_associated_immediate_executor(
        handler, boost::asio::get_associated_executor(handler, executor_));
    boost::asio::dispatch(executor,
                          [handler = std::move(handler), result = std::move(result_)]() mutable {
                            hand_over(std::move(handler), std::move(result));
                          });
  }

 private:
  template <class Handler>
  bool has_to_wait(Handler& handler) {
    const std::lock_guard lock(mutex_);
    if (done_) return false;
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected() && canceller_) slot.template emplace<Canceller>(*canceller_);
    waiter_ = std::make_unique<HandlerWaiter<T, Handler>>(std::move(handler), executor_);
    return true;
  }

  const boost::asio::any_io_executor executor_;
  std::shared_ptr<CallState> lent_;
  std::optional<Canceller> canceller_;
  Result<T> result_;
  bool was_done_at_once_ = false;
  std::mutex mutex_;
  bool done_ = false;
  std::unique_ptr<Waiter<T>> waiter_;
};

}  // namespace detail

/// A call that has started. Move-only.
///
/// In an asio::awaitable `co_await std::move(call)`, or directly `co_await client.get("k")`,
/// returns the T or throws the Error. A Call is also an Asio operation with the signature
/// void(std::exception_ptr, T), so you can give it any completion token:
/// `std::move(call)(asio::use_future)`. To cancel the awaiting coroutine or handler cancels the
/// request. You may await a Call once.
template <class T>
class Call {
 public:
  explicit Call(std::shared_ptr<detail::CallState<T>> state) : state_(std::move(state)) {}

  template <boost::asio::completion_token_for<typename detail::CallState<T>::Signature> Token>
  auto operator()(Token&& token) && {
    PLIMSOLL_CHECK(state_ != nullptr);  // awaited once, and not moved from
    return boost::asio::async_initiate<Token, typename detail::CallState<T>::Signature>(
        [](auto handler, std::shared_ptr<detail::CallState<T>> state) {
          state->wait(std::move(handler));
        },
        token, std::move(state_));
  }

 private:
  std::shared_ptr<detail::CallState<T>> state_;
};

}  // namespace plimsoll::native
