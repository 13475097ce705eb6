#pragma once

#ifndef __EMSCRIPTEN__
#include <mutex>
#endif

// The lock for everything that several clients share. The lock is empty in WebAssembly, where an
// instance has one thread.

namespace plimsoll {

#ifdef __EMSCRIPTEN__
struct Mutex {
  void lock() {}
  void unlock() {}
};
struct Lock {
  explicit Lock(Mutex&) {}
};
#else
using Mutex = std::mutex;
using Lock = std::lock_guard<std::mutex>;
#endif

}  // namespace plimsoll
