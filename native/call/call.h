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
#include "plimsoll/native/call/call_origin.h"
#include "plimsoll/native/call/call_target.h"
#include "plimsoll/native/call/canceller.h"
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

// The handler that awaits a Call, without its type. What resumes or destroys it ends it, in one
// virtual call: each awaited request pays for that.
template <class T>
class Waiter {
 public:
  /// A waiter of this size takes no memory of its own; that of a coroutine is smaller.
  static constexpr std::size_t bytes_inline = 96;

  /// Calls the handler with the outcome, on the handler's executor. For Operation::complete().
  virtual void resume(Result<T>&& result) = 0;
  /// The same for an outcome that was there when the handler came: if the handler has no immediate
  /// executor of its own, it runs only after the initiating function has returned.
  virtual void resume_at_once(Result<T>&& result, const boost::asio::any_io_executor& client) = 0;
  virtual void destroy() = 0;
  /// Whether resume() in a turn of the client does the same as resume_at_once().
  virtual bool may_wait_for_turn() const = 0;
  /// Operation::is_on().
  virtual bool is_on(const boost::asio::execution_context& context) const = 0;

 protected:
  ~Waiter() = default;
};

template <class T, class Handler>
class HandlerWaiter final : public Waiter<T> {
 public:
  /// `handler`: a Handler, which is copied if it is an lvalue: its owner may use it again. `room`:
  /// of Waiter::bytes_inline, in which the waiter lies if it fits.
  template <class Given>
  static HandlerWaiter& create(Given&& handler, const boost::asio::any_io_executor& client,
                               void* room) {
    if constexpr (fits_inline()) {
      return *new (room) HandlerWaiter(std::forward<Given>(handler), client);
    } else {
      return *new HandlerWaiter(std::forward<Given>(handler), client);
    }
  }

  void resume(Result<T>&& result) override {
    const DestroyAtEnd end{*this};
    if constexpr (has_own_executor<Handler>) {
      if (work_.is_elsewhere()) {
        return boost::asio::dispatch(work_.take(), continuation(std::move(result)));
      }
    }
    hand_over(std::move(handler_), std::move(result));
  }

  void resume_at_once(Result<T>&& result, const boost::asio::any_io_executor& client) override {
    const DestroyAtEnd end{*this};
    const auto executor = boost::asio::get_associated_immediate_executor(
        handler_, boost::asio::get_associated_executor(handler_, client));
    boost::asio::dispatch(executor, continuation(std::move(result)));
  }

  void destroy() override {
    if constexpr (fits_inline()) {
      std::destroy_at(this);
    } else {
      delete this;
    }
  }

  bool may_wait_for_turn() const override {
    return !has_own_immediate_executor<Handler> && !work_.is_elsewhere();
  }

  bool is_on(const boost::asio::execution_context& context) const override {
    return detail::is_on(handler_, context);
  }

 private:
  struct DestroyAtEnd {
    HandlerWaiter& self;
    ~DestroyAtEnd() { self.destroy(); }
  };

  template <class Given>
  HandlerWaiter(Given&& handler, const boost::asio::any_io_executor& client)
      : work_(handler, client), handler_(std::forward<Given>(handler)) {}

  static consteval bool fits_inline() {
    return sizeof(HandlerWaiter) <= Waiter<T>::bytes_inline &&
           alignof(HandlerWaiter) <= alignof(std::max_align_t);
  }

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

  /// `origin`: of the client, whose execution context must live until the Call and the driver are
  /// done.
  static CallState& create(const std::shared_ptr<CallOrigin>& origin) {
    CallState* const at = Allocator().allocate(1);
    return *new (at) CallState(origin);
  }
  /// The same with a result that is there already, and that deliver() fills.
  static CallState& create(const std::shared_ptr<CallOrigin>& origin, Result<T> made) {
    CallState& state = create(origin);
    state.result_ = std::move(made);
    return state;
  }

  void handle_submitted(CallTarget& target, RequestId id) override {
    note_target(target);
    id_ = id;
  }
  void handle_submitted(CallTarget& target, std::shared_ptr<CancelPoint> point) override {
    note_target(target);
    point_ = std::move(point);
  }

  /// deliver() was called before the Call was returned, because the cache had the reply. So
  /// complete() will not come, unless wait() asks for it.
  void finish() { phase_.store(Phase::done, std::memory_order_relaxed); }

  bool deliver(const Delivery& delivery) noexcept override { return take(delivery, result_); }
  void deliver_part(const Delivery& delivery) noexcept override { take_part(delivery, result_); }

  void complete() override {
    const Phase before = phase_.exchange(Phase::done, std::memory_order_acq_rel);
    if (before == Phase::started) return;
    const FreeAtEnd end{*this};
    if (before == Phase::awaited) take_waiter().resume(std::move(result_));
  }

  bool is_on(const boost::asio::execution_context& context) const override {
    return phase_.load(std::memory_order_acquire) == Phase::awaited && waiter_->is_on(context);
  }

  void destroy() override {
    if (phase_.exchange(Phase::abandoned, std::memory_order_acq_rel) != Phase::started) free();
  }

  /// The Call gives this a handler, and then lets go of it by wait().
  template <class Handler>
  void set_waiter(Handler&& handler) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected() && was_submitted_ &&
        phase_.load(std::memory_order_acquire) == Phase::started) {
      if (point_) {
        slot.template emplace<Canceller>(origin_, point_);
      } else {
        slot.template emplace<Canceller>(origin_, id_);
      }
    }
    waiter_ = &HandlerWaiter<T, std::decay_t<Handler>>::create(std::forward<Handler>(handler),
                                                               origin_->executor(), waiter_room_);
  }
  void wait() {
    Phase before = Phase::started;
    if (phase_.compare_exchange_strong(before, Phase::awaited, std::memory_order_acq_rel)) return;
    if (before == Phase::done && waits_for_turn()) return;
    const FreeAtEnd end{*this};
    if (before == Phase::done) {
      take_waiter().resume_at_once(std::move(result_), origin_->executor());
    }
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

  explicit CallState(const std::shared_ptr<CallOrigin>& origin)
      : Operation(true), origin_(origin) {}
  ~CallState() {
    if (waiter_ != nullptr) waiter_->destroy();
  }

  Waiter<T>& take_waiter() { return *std::exchange(waiter_, nullptr); }

  void note_target(CallTarget& target) {
    was_submitted_ = true;
    if (origin_ != target.origin()) [[unlikely]]
      change_origin(target.origin());
  }
  // connect() begins with an origin that has no client yet.
  [[gnu::noinline]] void change_origin(const std::shared_ptr<CallOrigin>& origin) {
    origin_ = origin;
  }

  // Lets the client complete() this, if that is right for the waiter: in a turn of the client it
  // costs half of what a post to the executor does. From then on the driver owns this.
  bool waits_for_turn() {
    if (!waiter_->may_wait_for_turn()) return false;
    const std::shared_ptr<CallTarget> client = origin_->target();
    if (!client) return false;
    phase_.store(Phase::awaited, std::memory_order_relaxed);
    return client->complete_soon(*this);
  }

  void free() {
    this->~CallState();
    Allocator().deallocate(this, 1);
  }

  std::shared_ptr<CallOrigin> origin_;
  std::atomic<Phase> phase_ = Phase::started;
  bool was_submitted_ = false;  // can be cancelled: by point_, or if that is null by id_
  RequestId id_ = 0;
  std::shared_ptr<CancelPoint> point_;
  Waiter<T>* waiter_ = nullptr;
  Result<T> result_;
  alignas(std::max_align_t) std::byte waiter_room_[Waiter<T>::bytes_inline];
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
          state->set_waiter(std::forward<decltype(handler)>(handler));
          state.release()->wait();
        },
        token, std::move(state_));
  }

 private:
  using State = std::unique_ptr<detail::CallState<T>, detail::DropCall<T>>;

  State state_;
};

}  // namespace plimsoll::inline v0::native
