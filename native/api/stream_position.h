#pragma once

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

// How far a StreamReader has come in each of its streams, and what it has to ask for next.

namespace plimsoll::native::detail {

/// A request, and how long the server may hold its reply back.
struct StreamRequest {
  std::string encoded;
  std::chrono::milliseconds block{0};
};

class StreamPosition {
 public:
  using Clock = std::chrono::steady_clock;

  /// The names that `options` has are paid for by `requests`, for as long as this lives; has_room()
  /// says whether they are.
  StreamPosition(const StreamReaderOptions& options, Account& requests);

  bool has_room() const { return charge_.bytes() > 0; }
  static std::size_t size_of(const StreamReaderOptions& options);

  const StreamReaderOptions& options() const { return options_; }

  /// What was given out and never arrived, if anything, is behind `at` of each stream.
  void read_pending_again();

  bool has_pending() const;
  StreamRequest pending_request() const;
  /// Takes what came, and leaves what is for the user.
  void handle_pending(std::vector<StreamEntries>& came);

  StreamRequest fresh_request(Clock::time_point now, Clock::time_point until) const;
  void handle_fresh(std::vector<StreamEntries>& came);

  /// Whether it is time to take over what others have left.
  bool may_claim(Clock::time_point now) const;
  StreamRequest claim_request() const;
  StreamEntries handle_claimed(ClaimedEntries came, Clock::time_point now);

  /// Goes over the streams: the group of each is made.
  void begin_groups() { group_to_make_ = 0; }
  StreamRequest group_request() const;
  /// False: that was the last.
  bool handle_group_made() { return ++group_to_make_ < streams_.size(); }

  std::atomic<bool> busy{false};

 private:
  struct Stream {
    std::string name;
    std::string at = "0-0";  // the last id that was handed out in order
    bool has_pending = true;
    bool seen = false;  // `at` is an id of the stream
    std::string claim_from = "0-0";
  };

  Stream* find(std::string_view name);
  std::vector<std::string_view> read_words() const;

  Charge charge_;
  StreamReaderOptions options_;
  const std::string count_;
  std::vector<Stream> streams_;
  std::size_t claiming_ = 0;
  std::size_t group_to_make_ = 0;
  Clock::time_point claim_at_ = Clock::time_point::min();
};

}  // namespace plimsoll::native::detail
