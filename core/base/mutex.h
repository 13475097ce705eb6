#pragma once

#ifndef __EMSCRIPTEN__
#include <mutex>
#endif

// The lock of what several clients share. A WebAssembly instance has one thread: there it is empty.

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
