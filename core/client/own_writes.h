#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/client/write_marks.h"
#include "plimsoll/core/commands/replica_reads.h"
#include "plimsoll/core/memory/queue.h"

namespace plimsoll::inline v0 {

/// The marks of all that one client has written, on whichever connection. A write on the main
/// connection counts as written when it is staged, because questions to the primary follow it
/// there. A write on a side connection counts when it is answered: until then it may not have run.
class OwnWrites {
 public:
  /// `seed`: as in WriteMarks.
  OwnWrites(std::uint64_t seed, Account& requests)
      : marks_(seed), side_writes_(requests, side_writes_max) {}
  OwnWrites(const OwnWrites&) = delete;
  OwnWrites& operator=(const OwnWrites&) = delete;

  /// A command was staged on the main connection.
  void note(const CommandView& command) { marks_.note(command); }
  void note_words(const CommandView& command) { marks_.note_words(command); }

  /// A command was submitted on a side connection.
  void note_side_request(const CommandView& command, RequestId id);
  /// Call this before an event of a side connection is delivered.
  void follow_side_connections(const SideConnections& sides);

  /// The last write to a key that the read names; nothing if its keys cannot be found.
  std::optional<WriteMarks::Mark> last_before(const CommandView& read) const {
    WriteMarks::Mark mark = 0;
    const bool is_clear = commands::keys_read(
        read, [&](std::string_view key) { mark = std::max(mark, marks_.of(key)); });
    return is_clear ? std::optional(mark) : std::nullopt;
  }
  /// A number for a write, or for what reads have to take for one, that has no keys here.
  WriteMarks::Mark next_number() { return marks_.next_number(); }
  void mark_all() { marks_.mark_all(); }
  /// Side connections may have requests that were not noted here.
  void expect_side_writes() { side_writes_unknown_ = true; }
  /// WriteMarks::last() and take_restart().
  WriteMarks::Mark last() const { return marks_.last(); }
  bool take_restart() { return marks_.take_restart(); }

 private:
  // A write on a side connection that is under way, and the cell of one of its keys.
  struct SideWrite {
    static constexpr std::uint16_t all_cells = UINT16_MAX;
    RequestId id;
    std::uint16_t cell;
  };
  static constexpr std::size_t side_writes_max = 256;

  WriteMarks marks_;
  Queue<SideWrite> side_writes_;
  bool side_writes_unknown_ = false;  // there was no memory for the keys of some
};

}  // namespace plimsoll::inline v0
