#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
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
  /// is whole. Stops at an error, or where there is no room.
  void feed(std::string_view bytes);

  /// The frames so far, as show() has them; "(unwanted)" or "(too large)" for those without value.
  const std::vector<std::string>& frames() const { return frames_; }

  /// The frames, and the error or the frame that has only begun, in a line.
  std::string outcome() const;

  const std::optional<Error>& error() const { return error_; }
  Reader& reader() { return reader_; }

 private:
  void take_frames();
  std::string shown_frame();

  Reader reader_;
  Replies replies_;
  std::vector<std::string> frames_;
  std::optional<Error> error_;
  bool dry_ = false;
};

/// "7: what; expected that": an error as the conformance documents have it.
std::string show(const Error& error);

}  // namespace plimsoll::testing
