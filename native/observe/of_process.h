#pragma once

#include <atomic>

#include "plimsoll/native/base/fork.h"

namespace plimsoll::native {

/// The one `State` of this process, made when it is first asked for; it is never destroyed. What a
/// child of fork() inherited is left alone: its locks may be held for ever. State has a constructor
/// that takes the fork_generation(), and keeps it as `generation`.
template <class State>
State& of_process() {
  static std::atomic<State*> current = nullptr;
  State* found = current.load();
  while (found == nullptr || found->generation != fork_generation()) {
    auto* const made = new State(fork_generation());
    if (current.compare_exchange_strong(found, made)) return *made;
    delete made;
  }
  return *found;
}

}  // namespace plimsoll::native
