#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// A Reader with a peer that writes to it: what tests feed it, and what came of that.

namespace plimsoll::testing {

/// A Budget over TestMemory with one account for replies.
struct ReplyMemory {
  explicit ReplyMemory(const BudgetOptions& options = {});

  /// Bytes charged beyond the progress reserve and the account, kept pages given back.
  std::size_t bytes_in_use();

  TestMemory memory;
  Budget budget;
  AccountHandle account;
  std::size_t idle_bytes;
};

enum class Replies { wanted, unwanted };

class Reading {
 public:
  explicit Reading(ReplyMemory& memory, Replies replies = Replies::wanted,
                   const ReaderOptions& options = {})
      : reader_(*memory.account, options), replies_(replies) {}

  /// Gives `bytes` to the Reader in pieces as large as it has room for, and takes each frame that
  /// is whole. Stops at an error, or where there is no room; returns how many bytes it took.
  std::size_t feed(std::string_view bytes);

  /// The same, before anything else was fed, where all but `room` bytes of a read buffer of this
  /// size are taken up by a reply that is skipped, or nearly all where `room` is more than the
  /// buffer has. What is skipped is not among the frames, and errors do not count it.
  std::size_t feed_across_buffers(std::string_view bytes, std::size_t room,
                                  SegmentSize size = SegmentSize::small);

  /// Whether anyone waits for the replies from here on, the one at hand included.
  void set_replies(Replies replies) { replies_ = replies; }

  /// The frames so far, as show() has them; "(unwanted)", "(too large)" and the like for those
  /// without value.
  const std::vector<std::string>& frames() const { return frames_; }

  /// What comes behind them: "", "..." of a frame, or "error at ...".
  std::string end() const;

  /// The frames and the end in a line.
  std::string outcome() const;

  const std::optional<Error>& error() const { return error_; }
  Reader& reader() { return reader_; }

 private:
  void fill(std::span<char> room, std::string_view bytes);
  void take_frames();
  std::string dropped_at() const;
  std::string shown_frame();

  Reader reader_;
  Replies replies_;
  std::vector<std::string> frames_;
  std::optional<Error> error_;
  std::size_t skipped_bytes_ = 0;
};

/// Lets the peer fill a small buffer, so that the reader's next ones are whole. Nothing else may
/// have been read.
void fill_small_buffer(Reader& reader);

/// A bulk string that takes `size` bytes on the wire, header and all.
std::string filler(std::size_t size);

/// "7: what; expected that": an error as the conformance documents have it.
std::string show(const Error& error);

}  // namespace plimsoll::testing
