#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "plimsoll/native/runtime/sleepers.h"

// The event loop of clients whose callers block. The callers run it themselves: to hand each
// request to another thread and to be woken by it would cost more than the request.
//
//   CallerLoop::Waiter waiter;
//   if (!loop.enter(waiter, patience)) ...  // a call from a handler of this loop: refused
//   start(...);                             // leads to loop.finish(waiter), in a handler
//   loop.wait(waiter);
//
// One thread at a time runs the loop, so its executor needs no strand:
//  - A caller that finds nobody there runs it until finish() was called for itself. Then it hands
//    the loop to the caller that came last, whose outcome is likely to come last, and wakes nobody
//    else.
//  - The others sleep until finish() was called for them, or the loop is handed to them. Those
//  whose
//    replies came in one read are woken by one system call.
//  - A patient caller (a command that blocks, a wait for messages) leaves the loop to any other
//    caller that comes, and gets it back only if it calls again.
//  - The background thread runs the loop while no caller does. It looks once in `look_interval`
//    whether a caller has run the loop since, so calls that follow one another never wake it. A
//    caller that comes takes the loop from it.
//
// Never destroyed: it belongs to the Runtime.

namespace plimsoll::inline v0::native {

class CallerLoop {
 public:
  /// How long the caller expects to wait.
  enum class Patience : std::uint8_t { none, waits_long };

  /// A call that blocks, on the stack of its caller.
  class Waiter {
   public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    /// Whether this thread runs the loop. Between enter() and wait().
    bool drives() const { return drives_.load(std::memory_order_relaxed); }

    /// Whether other callers were just served together with this one, and are likely to call again
    /// now. Between enter() and wait().
    bool has_company() const { return has_company_; }

   private:
    friend class CallerLoop;

    // As soon as one of these is true, the waiter may be gone.
    std::atomic<bool> done_ = false;
    std::atomic<bool> drives_ = false;

    bool has_company_ = false;
    Patience patience_ = Patience::none;

    // Guarded by mutex_.
    bool sleeps_ = false;
    unsigned place_ = 0;
    Waiter* before_ = nullptr;
    Waiter* after_ = nullptr;
  };

  CallerLoop() = default;
  CallerLoop(const CallerLoop&) = delete;
  CallerLoop& operator=(const CallerLoop&) = delete;

  /// Starts the background thread if it does not run yet. Throws std::system_error.
  void start();

  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  /// Whether this thread runs the loop, so that it must not block: it is in a handler.
  bool runs_here() const { return of_this_thread_ == this; }

  /// Begins a call: runs the loop, if nobody does. Every enter() needs a wait(). Returns false if
  /// runs_here(): then the caller must not wait.
  [[nodiscard]] bool enter(Waiter& waiter, Patience patience);

  /// Returns once finish() was called. A handler that throws ends the process, as on the shared
  /// thread.
  void wait(Waiter& waiter) noexcept;

  /// Ends the wait. Only in a handler of this loop, or between enter() and wait() in the waiter's
  /// thread.
  void finish(Waiter& waiter) noexcept;

 private:
  enum class Driver : std::uint8_t { none, caller, patient_caller, background };

  void claim(Driver driver, Waiter* waiter);
  void claim_for_caller(Waiter& waiter);
  void run() noexcept;
  void sleep(const Waiter& waiter);
  void leave();
  Sleepers::Places take_woken();
  void wake_soon() noexcept;
  void ask_to_step_down();
  void push(Waiter& waiter);
  void unlink(Waiter& waiter);
  void serve();

  static thread_local constinit const CallerLoop* of_this_thread_;

  // The hint 1 says that one thread at a time runs the context, which saves some locking.
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};

  std::mutex starting_;
  std::atomic<bool> started_ = false;

  std::mutex mutex_;

  // Guarded by mutex_.
  Driver driver_ = Driver::none;
  std::uint64_t drives_ = 0;        // how often the loop was taken
  bool steps_down_ = false;         // the driver was asked to leave the loop
  bool background_sleeps_ = false;  // until the loop is free
  std::condition_variable background_;
  Waiter* last_ = nullptr;  // of the sleeping callers that may get the loop, in order

  unsigned places_taken_ = 0;     // modulo Sleepers::places_count: the place of the next sleeper
  Sleepers::Places woken_ = 0;    // the places of callers that must be woken
  bool wakes_soon_ = false;       // a handler for woken_ is posted
  bool served_together_ = false;  // a caller slept while another one ran the loop for it

  Sleepers sleepers_;
  Waiter* current_ = nullptr;  // the caller who drives; used by the thread that runs the loop
};

}  // namespace plimsoll::inline v0::native
