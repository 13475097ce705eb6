#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <thread>
#include <utility>

#include "plimsoll/native/call/call_target.h"
#include "plimsoll/native/call/delivery.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/native/driver/driver.h"
#include "plimsoll/native/runtime/caller_loop.h"
#include "plimsoll/result.h"

// How a thread waits for a call: the call's state lies on the thread's stack, and the thread runs
// the event loop, or sleeps, until the outcome is in it.

namespace plimsoll::inline v0::native {

using Patience = CallerLoop::Patience;

/// The error of a blocking call from a callback of the client: that would wait for itself.
Error refused_in_callback();
/// The error of a call in a child of fork() on a client that it inherited.
Error inherited_by_fork();

template <class T>
class BlockingOperation final : public Operation {
 public:
  explicit BlockingOperation(CallerLoop& loop) : Operation(false), loop_(loop) {}

  void handle_submitted(CallTarget&, RequestId) override {}
  void handle_submitted(CallTarget&, std::shared_ptr<CancelPoint>) override {}
  bool deliver(const Delivery& delivery) noexcept override { return take(delivery, result_); }
  void deliver_part(const Delivery& delivery) noexcept override { take_part(delivery, result_); }
  void complete() override { loop_.finish(waiter_); }
  // The loop lives as long as the process, and so do its handlers.
  void destroy() override {
    result_.fail(Error(ErrorCode::closed, Executed::maybe, "the client is gone"));
    loop_.finish(waiter_);
  }

  /// Ends the call with this outcome, in place of deliver() and complete().
  void end(Result<T> result) {
    result_ = std::move(result);
    loop_.finish(waiter_);
  }

  CallerLoop::Waiter& waiter() { return waiter_; }
  Result<T> take_result() { return std::move(result_); }

 private:
  CallerLoop& loop_;
  CallerLoop::Waiter waiter_;
  Result<T> result_;
};

namespace detail {

// Calls `begin`, which submits `operation`, and waits for the outcome.
template <class T, class Begin>
Result<T> begin_and_wait(Driver& driver, CallerLoop& loop, BlockingOperation<T>& operation,
                         Patience patience, Begin&& begin) {
  if (driver.inherited()) return inherited_by_fork();
  if (!loop.enter(operation.waiter(), patience)) return refused_in_callback();
  try {
    if (operation.waiter().drives()) {
      driver.run_turn_with([&] {
        begin();
        // So that the requests of the others leave in the same write. Returns at once if no other
        // thread wants this processor.
        if (operation.waiter().has_company()) std::this_thread::yield();
      });
    } else {
      begin();
    }
  } catch (const std::bad_alloc&) {
    operation.end(no_memory_to_deliver(Executed::no));
  }
  loop.wait(operation.waiter());
  return operation.take_result();
}

}  // namespace detail

/// Calls `begin(handler)`, which must start a call with that handler as its completion token, and
/// waits for the outcome. Errors besides those of the call: refused_in_callback(),
/// inherited_by_fork(), out_of_memory.
template <class T, class Begin>
Result<T> block(Driver& driver, Patience patience, const Begin& begin) {
  CallerLoop& loop = *driver.caller_loop();
  BlockingOperation<T> operation(loop);
  return detail::begin_and_wait(driver, loop, operation, patience, [&] {
    begin([&operation](Result<T> result) { operation.end(std::move(result)); });
  });
}

}  // namespace plimsoll::inline v0::native
