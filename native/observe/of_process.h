#pragma once

#include <atomic>

#include "plimsoll/native/base/fork.h"

namespace plimsoll::inline v0::native {

/// Returns the one `State` of this process, created at the first call and never destroyed. A child
/// of fork() gets a new one and leaves its parent's alone: the locks in the parent's may be held
/// for ever, by threads that the child does not have. State's constructor takes
/// current_fork_count() and stores it as `fork_count`.
template <class State>
State& of_process() {
  static std::atomic<State*> current = nullptr;
  State* found = current.load();
  while (found == nullptr || found->fork_count != current_fork_count()) {
    auto* const made = new State(current_fork_count());
    if (current.compare_exchange_strong(found, made)) return *made;
    delete made;
  }
  return *found;
}

}  // namespace plimsoll::inline v0::native
