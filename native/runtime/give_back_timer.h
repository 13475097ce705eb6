#pragma once

#include <functional>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/memory_options.h"
#include "plimsoll/native/allocator/give_back.h"
#include "plimsoll/result.h"

// Looks at the process from the upkeep thread, as often as GiveBack says, and has it ask. Of the
// runtime, and never destroyed like it.

namespace plimsoll::native {

class GiveBackTimer {
 public:
  /// The thread of the library that serves requests, which keeps memory of its own; none: it does
  /// not run. It must not throw.
  using FindRequests = std::function<std::optional<boost::asio::any_io_executor>()>;

  void configure(const GiveBackSettings& settings) { give_back_.configure(settings); }
  bool is_on() const { return give_back_.is_on(); }
  GiveBackStatistics statistics() const { return give_back_.statistics(); }

  /// From any thread, and again: runs until it is off.
  void start(const boost::asio::any_io_executor& upkeep, FindRequests requests);

  /// On the upkeep thread, where memory was freed since the container is short of it.
  void ask_soon();

 private:
  // All on the upkeep thread.
  void look();
  void ask();
  void arm(Duration wait);

  GiveBack give_back_;
  std::optional<boost::asio::steady_timer> timer_;
  FindRequests requests_;
  bool asking_ = false;
};

namespace detail {

/// invalid_option names what is not possible.
Result<GiveBackSettings> to_give_back_settings(const GiveBackOptions& options);

}  // namespace detail
}  // namespace plimsoll::native
