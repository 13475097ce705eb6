#include "plimsoll/native/base/strand.h"

#include <new>

namespace plimsoll::inline v0::native {

// The thread that was inside may have left meanwhile.
void Strand::wait(std::unique_ptr<Waiting> call) {
  for (Waiting* last = state_.load(std::memory_order_relaxed);;) {
    if (last == nullptr) {
      if (enter()) return run([&] { call->run(); });
      last = state_.load(std::memory_order_relaxed);
      continue;
    }
    call->next = last == inside() ? nullptr : last;
    // The thread inside owns it from here on.
    if (state_.compare_exchange_weak(last, call.get(), std::memory_order_release,
                                     std::memory_order_relaxed)) {
      static_cast<void>(call.release());
      return;
    }
  }
}

// Inside: returns who has waited longest, or leaves and returns null.
std::unique_ptr<Strand::Waiting> Strand::take_next() {
  if (leave()) return nullptr;
  if (waiting_ == nullptr) {
    Waiting* last = state_.exchange(inside(), std::memory_order_acquire);
    while (last != nullptr) {  // turns the list around
      Waiting* const before = last->next;
      last->next = waiting_;
      waiting_ = std::exchange(last, before);
    }
  }
  return std::unique_ptr<Waiting>(std::exchange(waiting_, waiting_->next));
}

// What has run is destroyed only when the next one is there, or the strand was left.
void Strand::run_waiting(std::unique_ptr<Waiting>& running) {
  for (int i = 0; i < waiting_at_once_max; ++i) {
    std::unique_ptr<Waiting> next = take_next();
    if (next == nullptr) return;
    running = std::move(next);
    running->run();
  }
  hand_on();
}

// Those that still wait when a thread goes, in the handler that runs them. If the executor ends
// before that, they are destroyed, and with them the clients that they keep alive.
class Strand::Leftovers {
 public:
  explicit Leftovers(Strand& strand) : strand_(&strand) {}
  Leftovers(const Leftovers&) = delete;
  Leftovers& operator=(const Leftovers&) = delete;
  ~Leftovers() {
    std::unique_ptr<Waiting> last;
    while (strand_ != nullptr) {
      std::unique_ptr<Waiting> next = strand_->take_next();
      if (next == nullptr) return;
      last = std::move(next);
    }
  }

  Strand& take() { return *std::exchange(strand_, nullptr); }

 private:
  Strand* strand_;  // null: they run, or have run
};

// Inside, when this thread has to go: a handler has thrown, and the exception leaves through the
// executor, or the thread has run waiting_at_once_max. Those that wait go on in a handler of their
// own. If there is no memory for that handler they run at once, and if one of them throws then, the
// process ends.
void Strand::hand_on() noexcept {
  if (leave()) return;
  std::shared_ptr<Leftovers> leftovers;
  try {
    leftovers = std::make_shared<Leftovers>(*this);
    boost::asio::post(executor_, [leftovers] { leftovers->take().go_on(); });
  } catch (const std::bad_alloc&) {
    if (leftovers) leftovers->take();
    go_on();
  }
}

}  // namespace plimsoll::inline v0::native
