#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associated_immediate_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/system_executor.hpp>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/call/handler_work.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/native/call/recycled_memory.h"

// The default form of every call: it has already started when you get it. Await it for its value,
// or drop it, and it goes on by itself; so `client.set(...); co_await client.get(...);` runs in
// this order.

namespace plimsoll::inline v0::native {

namespace detail {

template <class T>
struct ThrowingSignature {
  using type = void(std::exception_ptr, T);
};
template <>
struct ThrowingSignature<void> {
  using type = void(std::exception_ptr);
};

template <class T, class Handler>
void hand_over(Handler&& handler, Result<T>&& result) {
  std::exception_ptr problem;
  if (!result) problem = std::make_exception_ptr(result.error());
  if constexpr (std::is_void_v<T>) {
    std::forward<Handler>(handler)(std::move(problem));
  } else if (result) {
    std::forward<Handler>(handler)(std::move(problem), std::move(*result));
  } else {
    std::forward<Handler>(handler)(std::move(problem), T());
  }
}

// A handler without an immediate executor of its own has one of the default's type, whatever that
// is.
template <class Handler>
inline constexpr bool has_own_immediate_executor = std::is_same_v<
    boost::asio::associated_immediate_executor_t<Handler, boost::asio::any_io_executor>,
    boost::asio::associated_immediate_executor_t<Handler, boost::asio::system_executor>>;

// The handler that awaits a Call, without its type.
template <class T>
class Waiter {
 public:
  virtual ~Waiter() = default;

  /// Calls the handler with the outcome, on the handler's executor. For Operation::complete().
  virtual void resume(Result<T>&& result) = 0;
  /// The same for an outcome that was there when the handler came: if the handler has no immediate
  /// executor of its own, it runs only after the initiating function has returned.
  virtual void resume_at_once(Result<T>&& result, const boost::asio::any_io_executor& client) = 0;
  /// Whether resume() in a turn of the client does the same as resume_at_once().
  virtual bool may_wait_for_turn() const = 0;
  /// Operation::is_on().
  virtual bool is_on(const boost::asio::execution_context& context) const = 0;
};

template <class T, class Handler>
class HandlerWaiter final : public Waiter<T> {
 public:
  /// `handler`: a Handler, which is copied if it is an lvalue: its owner may use it again.
  template <class Given>
  HandlerWaiter(Given&& handler, const boost::asio::any_io_executor& client)
      : work_(handler, client), handler_(std::forward<Given>(handler)) {}

  void resume(Result<T>&& result) override {
    if constexpr (has_own_executor<Handler>) {
      if (work_.is_elsewhere()) {
        return boost::asio::dispatch(work_.take(), continuation(std::move(result)));
      }
    }
    hand_over(std::move(handler_), std::move(result));
  }

  void resume_at_once(Result<T>&& result, const boost::asio::any_io_executor& client) override {
    const auto executor = boost::asio::get_associated_immediate_executor(
        handler_, boost::asio::get_associated_executor(handler_, client));
    boost::asio::dispatch(executor, continuation(std::move(result)));
  }

  bool may_wait_for_turn() const override {
    return !has_own_immediate_executor<Handler> && !work_.is_elsewhere();
  }

  bool is_on(const boost::asio::execution_context& context) const override {
    return detail::is_on(handler_, context);
  }

 private:
  auto continuation(Result<T>&& result) {
    return [handler = std::move(handler_), result = std::move(result)]() mutable {
      hand_over(std::move(handler), std::move(result));
    };
  }

  HandlerWork<Handler> work_;
  Handler handler_;
};

// What a Call and the driver share: the place where the outcome and the handler that awaits it
// meet, in either order.
//
// Who owns it, by its phase:
//
//     started ---- wait() -------> awaited     the driver, until complete() or destroy()
//     (both) ----- drop() -------> dropped     the driver, until complete() or destroy()
//        |-------- complete() ---> done        the Call; wait() may make it `awaited` again
//        '-------- destroy() ----> abandoned   the Call: there will be no outcome
//
// Invariants:
//  - `result_` is written before the phase is `done`, and `waiter_` before it is `awaited`.
//  - A call that was done at once is lent to the driver only once it is awaited.
template <class T>
class CallState final : public Operation {
  using Allocator = RecyclingAllocator<CallState>;

 public:
  using Signature = typename ThrowingSignature<T>::type;

  /// `client`: the client's executor, which must live until the Call and the driver are done.
  static CallState& create(const boost::asio::any_io_executor& client) {
    CallState* const at = Allocator().allocate(1);
    return *new (at) CallState(client);
  }
  /// The same with a result that is there already, and that deliver() fills.
  static CallState& create(const boost::asio::any_io_executor& client, Result<T> made) {
    CallState& state = create(client);
    state.result_ = std::move(made);
    return state;
  }

  void handle_submitted(CallTarget& target, RequestId id) override {
    canceller_.emplace(target, id);
  }
  void handle_submitted(CallTarget& target, std::shared_ptr<CancelPoint> point) override {
    canceller_.emplace(target, std::move(point));
  }

  /// deliver() was called before the Call was returned, because the cache of `client` had the
  /// reply. So complete() will not come, unless wait() asks for it.
  void finish(CallTarget& client) {
    canceller_.emplace(client, RequestId());  // cancels nothing: wait() gives it to nobody
    phase_.store(Phase::done, std::memory_order_relaxed);
  }

  bool deliver(const Delivery& delivery) noexcept override { return take(delivery, result_); }
  void deliver_part(const Delivery& delivery) noexcept override { take_part(delivery, result_); }

  void complete() override {
    const Phase before = phase_.exchange(Phase::done, std::memory_order_acq_rel);
    if (before == Phase::started) return;
    const FreeAtEnd end{*this};
    if (before == Phase::awaited) waiter_->resume(std::move(result_));
  }

  bool is_on(const boost::asio::execution_context& context) const override {
    return phase_.load(std::memory_order_acquire) == Phase::awaited && waiter_->is_on(context);
  }

  void destroy() override {
    if (phase_.exchange(Phase::abandoned, std::memory_order_acq_rel) != Phase::started) free();
  }

  /// The Call gives this a handler, and then lets go of it by wait().
  template <class Handler>
  void take_waiter(Handler&& handler) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected() && canceller_ &&
        phase_.load(std::memory_order_acquire) == Phase::started) {
      slot.template emplace<Canceller>(*canceller_);
    }
    emplace_waiter(std::forward<Handler>(handler));
  }
  void wait() {
    Phase before = Phase::started;
    if (phase_.compare_exchange_strong(before, Phase::awaited, std::memory_order_acq_rel)) return;
    if (before == Phase::done && waits_for_turn()) return;
    const FreeAtEnd end{*this};
    if (before == Phase::done) waiter_->resume_at_once(std::move(result_), client_);
  }

  /// The Call lets go of this: nobody will await it.
  void drop() {
    if (phase_.exchange(Phase::dropped, std::memory_order_acq_rel) != Phase::started) free();
  }

 private:
  enum class Phase : std::uint8_t { started, awaited, dropped, done, abandoned };

  struct FreeAtEnd {
    CallState& self;
    ~FreeAtEnd() { self.free(); }
  };

  // A waiter of this size takes no memory of its own; that of a coroutine is smaller.
  static constexpr std::size_t waiter_bytes_inline = 96;

  explicit CallState(const boost::asio::any_io_executor& client)
      : Operation(true), client_(client) {}
  ~CallState() {
    if (waiter_ == nullptr) return;
    is_waiter_inline() ? std::destroy_at(waiter_) : delete waiter_;
  }

  // Lets the client complete() this, if that is right for the waiter: in a turn of the client it
  // costs half of what a post to the executor does. From then on the driver owns this.
  bool waits_for_turn() {
    if (!canceller_ || !waiter_->may_wait_for_turn()) return false;
    const std::shared_ptr<CallTarget> client = canceller_->target();
    if (!client) return false;
    phase_.store(Phase::awaited, std::memory_order_relaxed);
    return client->complete_soon(*this);
  }

  void free() {
    this->~CallState();
    Allocator().deallocate(this, 1);
  }

  bool is_waiter_inline() const { return static_cast<const void*>(waiter_) == waiter_room_; }

  template <class Handler>
  void emplace_waiter(Handler&& handler) {
    using Made = HandlerWaiter<T, std::decay_t<Handler>>;
    if constexpr (sizeof(Made) <= waiter_bytes_inline &&
                  alignof(Made) <= alignof(std::max_align_t)) {
      waiter_ = new (waiter_room_) Made(std::forward<Handler>(handler), client_);
    } else {
      waiter_ = new Made(std::forward<Handler>(handler), client_);
    }
  }

  const boost::asio::any_io_executor client_;
  std::atomic<Phase> phase_ = Phase::started;
  Waiter<T>* waiter_ = nullptr;
  std::optional<Canceller> canceller_;
  Result<T> result_;
  alignas(std::max_align_t) std::byte waiter_room_[waiter_bytes_inline];
};

template <class T>
struct DropCall {
  void operator()(CallState<T>* state) const { state->drop(); }
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
  explicit Call(detail::CallState<T>& state) : state_(&state) {}

  template <boost::asio::completion_token_for<typename detail::CallState<T>::Signature> Token>
  auto operator()(Token&& token) && {
    PLIMSOLL_CHECK(state_ != nullptr);  // awaited once, and not moved from
    return boost::asio::async_initiate<Token, typename detail::CallState<T>::Signature>(
        [](auto&& handler, State state) {
          state->take_waiter(std::forward<decltype(handler)>(handler));
          state.release()->wait();
        },
        token, std::move(state_));
  }

 private:
  using State = std::unique_ptr<detail::CallState<T>, detail::DropCall<T>>;

  State state_;
};

}  // namespace plimsoll::inline v0::native
