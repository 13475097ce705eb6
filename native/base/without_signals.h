#pragma once

#include <pthread.h>

#include <csignal>

namespace plimsoll::inline v0::native {

/// Blocks all signals for a thread that is created meanwhile: signals are for the application's
/// threads.
class WithoutSignals {
 public:
  WithoutSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~WithoutSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace plimsoll::inline v0::native
