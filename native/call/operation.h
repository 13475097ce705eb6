#pragma once

#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include "plimsoll/native/call/cancel_target.h"
#include "plimsoll/native/call/canceller.h"
#include "plimsoll/native/call/delivery.h"
#include "plimsoll/result.h"

// A call that is under way: what the core knows by its tag. Its outcome comes in two steps. Under
// the client's lock deliver() turns the reply into a value; outside of it complete() runs the
// caller's code.

namespace plimsoll::native {

class Operation {
 public:
  explicit Operation(bool wants_submitted) : wants_submitted_(wants_submitted) {}
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /// The core has taken the request; under the client's lock. For cancel(), where
  /// wants_submitted() says that someone may.
  virtual void handle_submitted(CancelTarget& target, RequestId id) = 0;
  /// The same of the first of several requests.
  virtual void handle_submitted(CancelTarget&, std::shared_ptr<CancelPoint>) {}
  /// The core calls it `id` as long as it waits for room, and something else then: what of that is
  /// to be kept up to date. Null: nobody may cancel it after all.
  virtual std::shared_ptr<CancelPoint> handle_waiting(CancelTarget& target, RequestId id) {
    auto point = std::make_shared<CancelPoint>();
    point->request = id;
    handle_submitted(target, point);
    return point;
  }
  bool wants_submitted() const { return wants_submitted_; }
  /// Tells handle_submitted(), if anybody wants that. Where there is no memory to cancel the call
  /// by, it goes on and cannot be cancelled: the core has taken it.
  void report_submitted(CancelTarget& target, RequestId id) noexcept {
    if (!wants_submitted_) return;
    try {
      handle_submitted(target, id);
    } catch (const std::bad_alloc&) {
    }
  }

  /// The outcome is there. Runs no code of the caller's but decode(). Returns whether the caller is
  /// told a value: an error is, where the reply could not be turned into one. Never throws, since
  /// the core has handed the outcome out, and would not do so again.
  virtual bool deliver(const Delivery& delivery) noexcept = 0;

  /// Something that comes before the outcome: one of several messages, or the refusal of one of a
  /// transaction's commands. As deliver().
  virtual void deliver_part(const Delivery&) noexcept {}

  /// Tells the caller, after deliver(), and ends this object.
  virtual void complete() = 0;

  /// Ends this object without telling anyone: its executor will run nothing any more.
  virtual void destroy() = 0;

  Operation* next = nullptr;  // in an OperationList

 protected:
  ~Operation() = default;

 private:
  const bool wants_submitted_;
};

/// Carries an operation that is delivered to where it is completed; one that never gets there is
/// destroyed.
struct DestroyOperation {
  void operator()(Operation* operation) const { operation->destroy(); }
};
using OwnedOperation = std::unique_ptr<Operation, DestroyOperation>;

/// A FIFO through Operation::next.
class OperationList {
 public:
  bool empty() const { return first_ == nullptr; }

  void push(Operation& operation) {
    operation.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &operation;
    last_ = &operation;
  }

  Operation* pop() {
    Operation* const operation = first_;
    if (operation == nullptr) return nullptr;
    first_ = operation->next;
    if (first_ == nullptr) last_ = nullptr;
    return operation;
  }

 private:
  Operation* first_ = nullptr;
  Operation* last_ = nullptr;
};

namespace detail {

namespace asio = boost::asio;

// Stands for "the handler has no executor of its own": such a handler runs where the client does.
struct NoExecutor {};

template <class Handler>
inline constexpr bool has_own_executor =
    !std::is_same_v<asio::associated_executor_t<Handler, NoExecutor>, NoExecutor>;

// Keeps the handler's executor at work until the handler has run.
template <class Handler, bool = has_own_executor<Handler>>
class HandlerWork {
 public:
  explicit HandlerWork(const Handler&) {}

  template <class Function>
  void dispatch(Function&& function) {
    std::forward<Function>(function)();
  }
};

template <class Handler>
class HandlerWork<Handler, true> {
  using Executor = asio::associated_executor_t<Handler, NoExecutor>;

 public:
  explicit HandlerWork(const Handler& handler)
      : executor_(asio::prefer(asio::associated_executor<Handler, NoExecutor>::get(handler, {}),
                               asio::execution::outstanding_work.tracked)) {}

  template <class Function>
  void dispatch(Function&& function) {
    asio::dispatch(executor_, std::forward<Function>(function));
  }

 private:
  std::decay_t<decltype(asio::prefer(std::declval<const Executor&>(),
                                     asio::execution::outstanding_work.tracked))>
      executor_;
};

}  // namespace detail

/// An operation that ends in a completion handler for Result<T>.
template <class T, class Handler>
class CallbackOperation final : public Operation {
  using Allocator =
      boost::asio::associated_allocator_t<Handler, boost::asio::recycling_allocator<void>>;
  using Traits =
      typename std::allocator_traits<Allocator>::template rebind_traits<CallbackOperation>;

 public:
  /// Memory comes from the handler's associated allocator.
  static CallbackOperation& create(Handler&& handler, Result<T> made = {}) {
    typename Traits::allocator_type allocator(allocator_of(handler));
    CallbackOperation* const at = Traits::allocate(allocator, 1);
    return *new (at) CallbackOperation(std::move(handler), std::move(made));
  }

  void handle_submitted(CancelTarget& target, RequestId id) override {
    boost::asio::get_associated_cancellation_slot(handler_).template emplace<Canceller>(target, id);
  }
  void handle_submitted(CancelTarget& target, std::shared_ptr<CancelPoint> point) override {
    boost::asio::get_associated_cancellation_slot(handler_).template emplace<Canceller>(
        target, std::move(point));
  }

  bool deliver(const Delivery& delivery) noexcept override { return take(delivery, result_); }
  void deliver_part(const Delivery& delivery) noexcept override { take_part(delivery, result_); }

  void complete() override {
    // In this order: a handler may hold its executor even when it was moved from, and must not
    // outlive the work that keeps the executor's context alive.
    detail::HandlerWork<Handler> work(std::move(work_));
    Handler handler(std::move(handler_));
    Result<T> result(std::move(result_));
    auto allocator = allocator_of(handler);
    destroy();
    if constexpr (detail::has_own_executor<Handler>) {
      work.dispatch(boost::asio::bind_allocator(
          allocator, [handler = std::move(handler), result = std::move(result)]() mutable {
            std::move(handler)(std::move(result));
          }));
    } else {
      std::move(handler)(std::move(result));
    }
  }

  void destroy() override {
    typename Traits::allocator_type allocator(allocator_of(handler_));
    this->~CallbackOperation();
    Traits::deallocate(allocator, this, 1);
  }

 private:
  CallbackOperation(Handler&& handler, Result<T> made)
      : Operation(boost::asio::get_associated_cancellation_slot(handler).is_connected()),
        work_(handler),
        handler_(std::move(handler)),
        result_(std::move(made)) {}
  ~CallbackOperation() = default;

  static Allocator allocator_of(const Handler& handler) {
    return boost::asio::get_associated_allocator(handler, boost::asio::recycling_allocator<void>());
  }

  detail::HandlerWork<Handler> work_;
  Handler handler_;
  Result<T> result_;
};

}  // namespace plimsoll::native
