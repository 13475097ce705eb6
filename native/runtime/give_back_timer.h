#pragma once

#include <functional>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/memory_options.h"
#include "plimsoll/native/allocator/give_back.h"
#include "plimsoll/result.h"

// Samples the process from the upkeep thread, as often as GiveBack says, and lets GiveBack ask the
// allocator. A part of the runtime, and like it never destroyed.
//
// Invariants: at most one wait is armed. While `asking_`, look() does nothing; ask() then arms the
// next wait.

namespace plimsoll::inline v0::native {

class GiveBackTimer {
 public:
  /// Returns the executor of the library's thread that serves requests, which keeps memory of its
  /// own, or nothing if that thread does not run. Must not throw.
  using FindRequests = std::function<std::optional<boost::asio::any_io_executor>()>;

  void configure(const GiveBackSettings& settings) { give_back_.configure(settings); }
  bool is_on() const { return give_back_.is_on(); }
  GiveBackStatistics statistics() const { return give_back_.statistics(); }

  /// Starts the timer, which runs until is_on() is false. May be called again, and from any thread.
  void start(const boost::asio::any_io_executor& upkeep, FindRequests requests);

  /// Asks soon, because memory was freed while the container is short of it. Call it on the upkeep
  /// thread.
  void ask_soon();

 private:
  // The functions below run on the upkeep thread.
  void look();
  void ask();
  void arm(Duration wait);

  GiveBack give_back_;
  std::optional<boost::asio::steady_timer> timer_;
  FindRequests requests_;
  bool asking_ = false;
};

namespace detail {

/// The error invalid_option names the option that is out of range.
Result<GiveBackSettings> to_give_back_settings(const GiveBackOptions& options);

}  // namespace detail
}  // namespace plimsoll::inline v0::native
