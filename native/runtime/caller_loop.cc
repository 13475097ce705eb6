#include "plimsoll/native/runtime/caller_loop.h"

#include <chrono>
#include <new>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

#include "plimsoll/native/base/stay_loaded.h"
#include "plimsoll/native/base/without_signals.h"

namespace plimsoll::inline v0::native {
namespace {

// How long nobody has driven when the background thread takes the loop; and, while callers follow
// one another, how often this thread looks.
constexpr std::chrono::milliseconds look_interval{1};

// The callers that were just woken are likely to make their next requests now, which then leave in
// one write. Returns at once if no thread waits for this processor.
void let_others_submit() { std::this_thread::yield(); }

}  // namespace

thread_local constinit const CallerLoop* CallerLoop::of_this_thread_ = nullptr;

void CallerLoop::start() {
  if (started_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(starting_);
  if (started_.load(std::memory_order_relaxed)) return;
  stay_loaded();
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
    waiter.has_company_ = std::exchange(served_together_, false);
  } else if (driver_ == Driver::background ||
             (driver_ == Driver::patient_caller && patience == Patience::none)) {
    // Asked now, so that the driver can leave while this thread makes its request.
    ask_to_step_down();
  }
  return true;
}

void CallerLoop::wait(Waiter& waiter) noexcept {
  if (!waiter.drives()) {
    {
      const std::lock_guard lock(mutex_);
      if (waiter.done_.load(std::memory_order_relaxed)) return;
      if (driver_ == Driver::none) {
        claim_for_caller(waiter);
      } else {
        push(waiter);
      }
    }
    sleep(waiter);
    if (waiter.drives()) let_others_submit();
  }
  while (!waiter.done_.load(std::memory_order_relaxed)) {
    run();
    if (waiter.done_.load(std::memory_order_relaxed)) break;
    // Asked to step down. From now on this caller only waits.
    {
      const std::lock_guard lock(mutex_);
      waiter.drives_.store(false, std::memory_order_relaxed);
      push(waiter);
    }
    leave();
    sleep(waiter);
  }
  if (!waiter.drives()) return;
  of_this_thread_ = nullptr;
  leave();
}

// Until the waiter drives or is done.
void CallerLoop::sleep(const Waiter& waiter) {
  for (;;) {
    const Sleepers::Ticket ticket = sleepers_.ticket();
    if (waiter.done_.load(std::memory_order_acquire)) return;
    if (waiter.drives_.load(std::memory_order_acquire)) return;
    sleepers_.sleep(ticket, waiter.place_);
  }
}

void CallerLoop::finish(Waiter& waiter) noexcept {
  if (&waiter == current_) {
    waiter.done_.store(true, std::memory_order_relaxed);
    context_.stop();  // run() returns after this handler
    return;
  }
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiter.sleeps_) {
      unlink(waiter);
      woken_ |= Sleepers::Places{1} << waiter.place_;
      served_together_ = true;
      wakes = !std::exchange(wakes_soon_, true);
    }
    waiter.done_.store(true, std::memory_order_release);
  }
  if (wakes) wake_soon();
}

// Wakes the sleepers after this handler, when there may be more of them: those whose replies were
// read together.
void CallerLoop::wake_soon() noexcept {
  const auto wake = [this] {
    const Sleepers::Places places = take_woken();
    if (places == 0) return;
    sleepers_.wake(places);
    let_others_submit();
  };
  try {
    boost::asio::post(context_, wake);
  } catch (const std::bad_alloc&) {
    wake();
  }
}

Sleepers::Places CallerLoop::take_woken() {
  const std::lock_guard lock(mutex_);
  wakes_soon_ = false;
  return std::exchange(woken_, 0);
}

// The caller holds the lock. `waiter` is null for the background thread.
void CallerLoop::claim(Driver driver, Waiter* waiter) {
  driver_ = driver;
  ++drives_;
  current_ = waiter;
  context_.restart();
  if (waiter != nullptr) waiter->drives_.store(true, std::memory_order_release);
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

// The caller has run the loop. Hands it to the next caller, and wakes all that are done.
void CallerLoop::leave() {
  Sleepers::Places woken = 0;
  {
    const std::lock_guard lock(mutex_);
    steps_down_ = false;
    woken = std::exchange(woken_, 0);
    if (Waiter* const next = last_) {
      unlink(*next);
      woken |= Sleepers::Places{1} << next->place_;
      claim(Driver::caller, next);
    } else {
      driver_ = Driver::none;
      current_ = nullptr;
      if (background_sleeps_) {
        background_sleeps_ = false;
        background_.notify_one();
      }
    }
  }
  if (woken != 0) sleepers_.wake(woken);
}

// The caller holds the lock.
void CallerLoop::ask_to_step_down() {
  if (steps_down_) return;
  steps_down_ = true;
  context_.stop();
}

// The caller holds the lock.
void CallerLoop::push(Waiter& waiter) {
  waiter.sleeps_ = true;
  waiter.place_ = places_taken_++ % Sleepers::places_count;
  if (waiter.patience_ != Patience::none) return;  // the loop is not handed to it
  waiter.before_ = last_;
  waiter.after_ = nullptr;
  if (last_ != nullptr) last_->after_ = &waiter;
  last_ = &waiter;
}

// The caller holds the lock.
void CallerLoop::unlink(Waiter& waiter) {
  waiter.sleeps_ = false;
  if (waiter.patience_ != Patience::none) return;
  if (waiter.before_ != nullptr) waiter.before_->after_ = waiter.after_;
  (waiter.after_ == nullptr ? last_ : waiter.after_->before_) = waiter.before_;
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
      leave();
      lock.lock();
    }
  }
}

}  // namespace plimsoll::inline v0::native
