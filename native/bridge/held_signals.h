#pragma once

#include <signal.h>

namespace plimsoll::bridge {

/// Holds SIGHUP and SIGUSR1 back until the program can handle them, since without a handler each of
/// them would end it: an operator, or a unit's ExecReload, may send one while the bridge still
/// reads its files. Make it before there is a second thread, since threads inherit what is held
/// back.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    sigaddset(&held_, SIGHUP);
    sigaddset(&held_, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &held_, nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  /// Delivers those that have come meanwhile, to this thread.
  void release() { pthread_sigmask(SIG_UNBLOCK, &held_, nullptr); }

 private:
  sigset_t held_;
};

}  // namespace plimsoll::bridge
