#pragma once

#include "plimsoll/core/base/cxx20.h"

// CHECK states what the code relies on, in every build. It catches our own mistakes only: what a
// peer, a file or a user can cause is an Error (error.h). A failed CHECK calls a hook, which a host
// may replace (the WebAssembly module's hook rejects its promises), and then ends the process.

namespace plimsoll::inline v0 {

using CheckHook = void (*)(const char* condition, const char* file, int line);

/// Replaces the hook that a failed CHECK calls before the process ends. The default hook prints to
/// stderr natively and does nothing in WebAssembly, where the trap itself reaches the host.
void set_check_hook(CheckHook hook);

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace plimsoll::inline v0

// Every page downloads the WebAssembly module, so the module leaves out the conditions' texts; the
// file and the line identify the CHECK.
#ifdef __wasm__
#define PLIMSOLL_CHECK_TEXT(condition) ""
#else
#define PLIMSOLL_CHECK_TEXT(condition) #condition
#endif

#define PLIMSOLL_CHECK(condition) \
  (static_cast<bool>(condition)   \
       ? static_cast<void>(0)     \
       : ::plimsoll::check_failed(PLIMSOLL_CHECK_TEXT(condition), __FILE__, __LINE__))
