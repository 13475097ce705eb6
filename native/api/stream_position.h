#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/results.h"
#include "plimsoll/stream_reader_options.h"

// How far a StreamReader has read in each of its streams, and which request comes next. Used by one
// next() at a time (`busy`).

namespace plimsoll::inline v0::native::detail {

/// A request, and how long the server may wait before it replies.
struct StreamRequest {
  std::string encoded;
  std::chrono::milliseconds block{0};
};

class StreamPosition {
 public:
  using Clock = std::chrono::steady_clock;

  /// `requests` pays for the names in `options` as long as this lives. If it has no room for them,
  /// has_room() is false.
  StreamPosition(const StreamReaderOptions& options, Account& requests);

  bool has_room() const { return charge_.bytes() > 0; }
  /// A reader must not use such names: what comes is noted for the first stream of a name, so the
  /// pending entries of the second would be asked for without end.
  bool has_name_twice() const { return has_name_twice_; }
  static std::size_t size_of(const StreamReaderOptions& options);

  /// What the user gave, with the names of the streams sorted.
  const StreamReaderOptions& options() const { return options_; }

  /// Makes the next request read the pending entries behind `at` of each stream again. The server
  /// may have given out entries in a reply that never arrived; they are pending now.
  void read_pending_again();

  /// A call was lost that may still wait at the server, which has not heard of the loss and may
  /// give it entries before it gives any to later calls. Once that time is over, look_again() has
  /// them read.
  void expect_lost(Clock::time_point now);
  /// If it is time to, makes the next request read all that is pending since the loss. Entries that
  /// the user was given since, and has not acknowledged, come once more as well.
  void look_again(Clock::time_point now);

  bool has_pending() const;
  StreamRequest pending_request() const;
  /// Notes how far the reply goes, and leaves only the entries for the user in `came`.
  void handle_pending(std::vector<StreamEntries>& came);

  StreamRequest fresh_request(Clock::time_point now, Clock::time_point until) const;
  void handle_fresh(std::vector<StreamEntries>& came);

  /// Whether it is time to take over entries that other consumers have not acknowledged.
  bool may_claim(Clock::time_point now) const;
  StreamRequest claim_request() const;
  StreamEntries handle_claimed(ClaimedEntries came, Clock::time_point now);

  /// Begins to make the group of each stream, one request for each.
  void begin_groups() { group_to_make_ = 0; }
  StreamRequest group_request() const;
  /// Returns whether another group is still to be made.
  bool handle_group_made() { return ++group_to_make_ < streams_.size(); }

  std::atomic<bool> busy{false};  // a next() is under way

 private:
  struct Stream {
    std::string name;
    std::string at = "0-0";  // the last id that the user was given in order
    bool has_pending = true;
    bool seen = false;                     // `at` is an id of the stream
    std::string pending_from = "0-0";      // behind which id pending entries are read next
    std::optional<std::string> at_loss{};  // what `at` was when a call was lost
    std::string claim_from = "0-0";        // where the next XAUTOCLAIM goes on
  };

  Stream* find(std::string_view name);
  std::vector<std::string_view> read_words() const;

  Charge charge_;
  StreamReaderOptions options_;
  const std::string count_;
  std::vector<Stream> streams_;
  bool has_name_twice_ = false;
  std::size_t claiming_ = 0;
  std::size_t group_to_make_ = 0;
  Clock::time_point claim_at_ = Clock::time_point::min();
  Clock::time_point look_again_at_ = Clock::time_point::max();
};

}  // namespace plimsoll::inline v0::native::detail
