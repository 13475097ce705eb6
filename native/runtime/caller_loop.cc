#include "plimsoll/native/runtime/caller_loop.h"

#include <chrono>
#include <thread>

#include "plimsoll/core/base/check.h"
#include "plimsoll/native/base/without_signals.h"

namespace plimsoll::native {
namespace {

// How long nobody has driven when the background thread takes the loop; and, while callers follow
// one another, how often this thread looks.
constexpr std::chrono::milliseconds look_interval{1};

}  // namespace

thread_local constinit const CallerLoop* CallerLoop::of_this_thread_ = nullptr;

void CallerLoop::start() {
  if (started_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(starting_);
  if (started_.load(std::memory_order_relaxed)) return;
  const WithoutSignals without;
  std::thread([this] { serve(); }).detach();
  started_.store(true, std::memory_order_release);
}

bool CallerLoop::enter(Waiter& waiter, Patience patience) {
  if (runs_here()) return false;
  waiter.patience_ = patience;
  const std::lock_guard lock(mutex_);
  if (driver_ == Driver::none) {
    claim_for_caller(waiter);
    of_this_thread_ = this;
  } else if (driver_ == Driver::background ||
             (driver_ == Driver::patient_caller && patience == Patience::none)) {
    // Asked now, so that the driver can leave while this thread makes its request.
    ask_to_step_down();
  }
  return true;
}

void CallerLoop::wait(Waiter& waiter) noexcept {
  if (!waiter.drives_) {
    std::unique_lock lock(mutex_);
    if (waiter.done_) return;
    if (driver_ == Driver::none) {
      claim_for_caller(waiter);
    } else {
      push(waiter);
      waiter.wake_.wait(lock, [&] { return waiter.done_ || waiter.drives_; });
    }
  }
  while (!waiter.done_) {
    run();
    if (waiter.done_) break;
    // Asked to step down. From now on this caller only waits.
    std::unique_lock lock(mutex_);
    waiter.drives_ = false;
    push(waiter);
    leave();
    waiter.wake_.wait(lock, [&] { return waiter.done_ || waiter.drives_; });
  }
  if (!waiter.drives_) return;
  of_this_thread_ = nullptr;
  const std::lock_guard lock(mutex_);
  leave();
}

void CallerLoop::finish(Waiter& waiter) noexcept {
  if (&waiter == current_) {
    waiter.done_ = true;
    context_.stop();  // run() returns after this handler
    return;
  }
  const std::lock_guard lock(mutex_);
  waiter.done_ = true;
  if (!waiter.queued_) return;
  unlink(waiter);
  // Under the lock, because the waiter is gone as soon as it can have the lock.
  waiter.wake_.notify_one();
}

// The caller holds the lock. `waiter` is null for the background thread.
void CallerLoop::claim(Driver driver, Waiter* waiter) {
  driver_ = driver;
  ++drives_;
  current_ = waiter;
  context_.restart();
  if (waiter != nullptr) waiter->drives_ = true;
}

// The caller holds the lock.
void CallerLoop::claim_for_caller(Waiter& waiter) {
  claim(waiter.patience_ == Patience::none ? Driver::caller : Driver::patient_caller, &waiter);
}

// Runs the loop until it is stopped: the driver's own outcome is there, or it is asked to leave.
void CallerLoop::run() noexcept {
  of_this_thread_ = this;
  context_.run();
  of_this_thread_ = nullptr;
}

// The caller holds the lock, and has run the loop. Hands it to the next caller.
void CallerLoop::leave() {
  steps_down_ = false;
  if (Waiter* const next = last_impatient()) {
    unlink(*next);
    claim(Driver::caller, next);
    next->wake_.notify_one();
    return;
  }
  driver_ = Driver::none;
  current_ = nullptr;
  if (!background_sleeps_) return;
  background_sleeps_ = false;
  background_.notify_one();
}

// The caller holds the lock.
void CallerLoop::ask_to_step_down() {
  if (steps_down_) return;
  steps_down_ = true;
  context_.stop();
}

void CallerLoop::push(Waiter& waiter) {
  waiter.queued_ = true;
  waiter.before_ = last_;
  waiter.after_ = nullptr;
  (last_ == nullptr ? first_ : last_->after_) = &waiter;
  last_ = &waiter;
}

void CallerLoop::unlink(Waiter& waiter) {
  waiter.queued_ = false;
  (waiter.before_ == nullptr ? first_ : waiter.before_->after_) = waiter.after_;
  (waiter.after_ == nullptr ? last_ : waiter.after_->before_) = waiter.before_;
}

CallerLoop::Waiter* CallerLoop::last_impatient() const {
  Waiter* waiter = last_;
  while (waiter != nullptr && waiter->patience_ != Patience::none) waiter = waiter->before_;
  return waiter;
}

// The background thread.
void CallerLoop::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const std::uint64_t seen = drives_;
    background_.wait_for(lock, look_interval);
    if (driver_ != Driver::none) {
      if (drives_ != seen) continue;
      // The same caller for all that time: leave() wakes this thread.
      background_sleeps_ = true;
      background_.wait(lock, [this] { return !background_sleeps_; });
    } else if (drives_ == seen) {
      claim(Driver::background, nullptr);
      lock.unlock();
      run();
      lock.lock();
      leave();
    }
  }
}

}  // namespace plimsoll::native
