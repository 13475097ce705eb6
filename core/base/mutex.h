#pragma once

#ifndef __EMSCRIPTEN__
#include <atomic>
#include <cstdint>
#endif

// The lock for everything that several clients or threads share. Almost always nobody else holds
// it, and it is held for some hundred instructions; so taking it and giving it back are inline: two
// atomic operations, where std::mutex makes two calls of the C library for every request. In
// WebAssembly, where an instance has one thread, it is empty.

namespace plimsoll::inline v0 {

#ifdef __EMSCRIPTEN__
class Mutex {
 public:
  void lock() {}
  void unlock() {}
};
#else
/// Not recursive. A waiting thread spins for a moment, then sleeps.
class Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() {
    State expected = unlocked;
    const bool taken = state_.compare_exchange_strong(expected, locked, std::memory_order_acquire,
                                                      std::memory_order_relaxed);
    if (!taken) [[unlikely]]
      lock_contended();
  }

  void unlock() {
    if (state_.exchange(unlocked, std::memory_order_release) == contended) [[unlikely]]
      state_.notify_one();
  }

 private:
  using State = std::uint32_t;
  static constexpr State unlocked = 0;
  static constexpr State locked = 1;
  static constexpr State contended = 2;  // locked, and a thread may sleep until it is not

  // Leaves the state `contended`, although this thread may be the last that waited: to wake nobody
  // costs a system call, not to wake a sleeper would be a hang.
  [[gnu::noinline, gnu::cold]] void lock_contended() {
    while (state_.exchange(contended, std::memory_order_acquire) != unlocked) {
      state_.wait(contended, std::memory_order_relaxed);
    }
  }

  std::atomic<State> state_ = unlocked;
};
#endif

/// Holds a Mutex for as long as it lives.
class [[nodiscard]] Lock {
 public:
  explicit Lock(Mutex& mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace plimsoll::inline v0
