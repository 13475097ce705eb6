#pragma once

#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution_context.hpp>

#include "plimsoll/native/call/call_target.h"
#include "plimsoll/native/call/canceller.h"
#include "plimsoll/native/call/delivery.h"
#include "plimsoll/native/call/handler_work.h"
#include "plimsoll/native/call/recycled_memory.h"
#include "plimsoll/result.h"

// A call that is under way. Its address is the tag that the core gets. The outcome comes in two
// steps. First deliver() turns the reply into a value, under the client's lock if the reply comes
// from the server. Then complete() runs the caller's code, never under the lock.
//
// Invariants:
//  - Each submission gets one deliver() and then one complete(), or destroy() at any time.
//  - complete() and destroy() end the object. Only Steps may submit itself again in complete().
//  - deliver() does not throw: the core gives an outcome only once.

namespace plimsoll::inline v0::native {

class Operation {
 public:
  explicit Operation(bool wants_submitted) : wants_submitted_(wants_submitted) {}
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /// The core has accepted the request as `id`, by which cancel() can end it. Called under the
  /// client's lock, and only if wants_submitted() is true.
  virtual void handle_submitted(CallTarget& target, RequestId id) = 0;
  /// The same for an operation of several requests, when the first one is submitted. `point` always
  /// has the request that is under way.
  virtual void handle_submitted(CallTarget&, std::shared_ptr<CancelPoint>) {}
  /// The request waits for room as `id`, and gets another id when it is admitted. Returns the point
  /// in which the caller must note the new id. Null: nothing can cancel the request.
  virtual std::shared_ptr<CancelPoint> handle_waiting(CallTarget& target, RequestId id) {
    auto point = std::make_shared<CancelPoint>();
    point->request = id;
    handle_submitted(target, point);
    return point;
  }
  bool wants_submitted() const { return wants_submitted_; }
  /// Calls handle_submitted() if wants_submitted() is true. If there is no memory for the
  /// cancellation, the call goes on and cannot be cancelled, because the core has accepted the
  /// request already.
  void report_submitted(CallTarget& target, RequestId id) noexcept {
    if (wants_submitted_) note_submitted(target, id);
  }

  /// Takes the outcome. Of the caller's code, only decode() runs. Returns whether the caller gets a
  /// value; it gets an error also if the reply could not be decoded. Never throws, because the core
  /// gives an outcome only once.
  virtual bool deliver(const Delivery& delivery) noexcept = 0;

  /// Takes a part that comes before the outcome: one of several messages, or the refusal of a
  /// command in a transaction. Same rules as for deliver().
  virtual void deliver_part(const Delivery&) noexcept {}

  /// Gives the outcome to the caller, after deliver(), and ends this object. Never under the
  /// client's lock.
  virtual void complete() = 0;

  /// Ends this object without an outcome, because its executor will run nothing any more.
  virtual void destroy() = 0;

  /// Whether the caller's handler runs on an executor of its own that belongs to `context`.
  virtual bool is_on(const boost::asio::execution_context&) const { return false; }

  Operation* next = nullptr;  // the link of an OperationList

 protected:
  ~Operation() = default;

 private:
  void note_submitted(CallTarget& target, RequestId id) noexcept {
    try {
      handle_submitted(target, id);
    } catch (const std::bad_alloc&) {
    }
  }

  const bool wants_submitted_;
};

/// Owns an operation between deliver() and complete(), for example in a posted handler. If the
/// handler never runs, the operation is destroyed.
struct DestroyOperation {
  void operator()(Operation* operation) const { operation->destroy(); }
};
using OwnedOperation = std::unique_ptr<Operation, DestroyOperation>;

/// A FIFO of operations, linked through Operation::next: to push allocates nothing.
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

/// An operation that ends by calling a completion handler with Result<T>.
template <class T, class Handler>
class CallbackOperation final : public Operation {
  using Allocator = boost::asio::associated_allocator_t<Handler, RecyclingAllocator<std::byte>>;
  using Traits =
      typename std::allocator_traits<Allocator>::template rebind_traits<CallbackOperation>;
  static constexpr bool has_own_allocator =
      !std::is_same_v<Allocator, RecyclingAllocator<std::byte>>;

 public:
  /// Takes memory from the handler's associated allocator. `handler`: a Handler, which is copied
  /// if it is an lvalue: its owner may use it for other calls. `client`: the client's executor, on
  /// which complete() will be called.
  template <class Given>
  static CallbackOperation& create(Given&& handler, const boost::asio::any_io_executor& client) {
    typename Traits::allocator_type allocator(allocator_of(handler));
    CallbackOperation* const at = Traits::allocate(allocator, 1);
    return *new (at) CallbackOperation(std::forward<Given>(handler), client);
  }
  /// The same with a result that is there already, and that deliver() fills.
  template <class Given>
  static CallbackOperation& create(Given&& handler, const boost::asio::any_io_executor& client,
                                   Result<T> made) {
    CallbackOperation& operation = create(std::forward<Given>(handler), client);
    operation.result_ = std::move(made);
    return operation;
  }

  void handle_submitted(CallTarget& target, RequestId id) override {
    boost::asio::get_associated_cancellation_slot(handler_).template emplace<Canceller>(
        target.origin(), id);
  }
  void handle_submitted(CallTarget& target, std::shared_ptr<CancelPoint> point) override {
    boost::asio::get_associated_cancellation_slot(handler_).template emplace<Canceller>(
        target.origin(), std::move(point));
  }

  bool deliver(const Delivery& delivery) noexcept override { return take(delivery, result_); }
  void deliver_part(const Delivery& delivery) noexcept override { take_part(delivery, result_); }

  void complete() override {
    if constexpr (detail::has_own_executor<Handler>) {
      if (work_.is_elsewhere()) return complete_elsewhere();
    }
    if constexpr (has_own_allocator) return complete_after_release();
    // The handler runs where it lies, although it may throw: to move it and its result out first
    // would be a third of what this costs.
    const DestroyAtEnd end{*this};
    std::move(handler_)(std::move(result_));
  }

  bool is_on(const boost::asio::execution_context& context) const override {
    return detail::is_on(handler_, context);
  }

  void destroy() override {
    typename Traits::allocator_type allocator(allocator_of(handler_));
    this->~CallbackOperation();
    Traits::deallocate(allocator, this, 1);
  }

 private:
  struct DestroyAtEnd {
    CallbackOperation& self;
    ~DestroyAtEnd() { self.destroy(); }
  };

  template <class Given>
  CallbackOperation(Given&& handler, const boost::asio::any_io_executor& client)
      : Operation(boost::asio::get_associated_cancellation_slot(handler).is_connected()),
        work_(handler, client),
        handler_(std::forward<Given>(handler)) {}
  ~CallbackOperation() = default;

  // Moves the handler out, and ends this. Asks the handler for its allocator first: one that was
  // moved from may have none.
  Handler take_handler() {
    typename Traits::allocator_type allocator(allocator_of(handler_));
    Handler handler(std::move(handler_));
    this->~CallbackOperation();
    Traits::deallocate(allocator, this, 1);
    return handler;
  }

  // An allocator of the handler's own gets its memory back before the handler runs, so that the
  // handler can use it again: Asio promises that.
  void complete_after_release() {
    Result<T> result(std::move(result_));
    Handler handler = take_handler();
    std::move(handler)(std::move(result));
  }

  void complete_elsewhere() {
    // The order matters: a handler may hold its executor even after it was moved from, and must not
    // outlive the work that keeps the executor's context alive. So `work` is first and is destroyed
    // last.
    const auto work = work_.take();
    Result<T> result(std::move(result_));
    Handler handler = take_handler();
    const Allocator allocator = allocator_of(handler);
    boost::asio::dispatch(
        work, boost::asio::bind_allocator(
                  allocator, [handler = std::move(handler), result = std::move(result)]() mutable {
                    std::move(handler)(std::move(result));
                  }));
  }

  static Allocator allocator_of(const Handler& handler) {
    return boost::asio::get_associated_allocator(handler, RecyclingAllocator<std::byte>());
  }

  detail::HandlerWork<Handler> work_;
  Handler handler_;
  Result<T> result_;
};

}  // namespace plimsoll::inline v0::native
