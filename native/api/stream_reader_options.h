#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::inline v0::native {

/// What a StreamReader reads. `group`, `consumer` and `streams` are required. Not an aggregate, for
/// the reason that Options has.
struct StreamReaderOptions {
  StreamReaderOptions() {
  }  // NOLINT(modernize-use-equals-default): a defaulted one leaves an aggregate

  std::string group;
  /// The name of this reader's consumer, for this reader alone: two readers with the same name take
  /// each other's entries.
  std::string consumer;
  /// Each name once: next() refuses a list that has one twice.
  std::vector<std::string> streams;

  /// The most entries of each stream in one batch.
  std::int64_t count = 100;

  /// How long next() waits for entries; then it completes with an empty batch. Zero: until there
  /// are entries.
  std::chrono::milliseconds wait{0};

  /// If true, the reader creates the group, and the stream, if they do not exist, also if they are
  /// deleted meanwhile. A new group begins behind the id `begin`: "0" for all entries, "$" for only
  /// those to come. A group that is created again begins behind the last id that this reader was
  /// given.
  bool create_group = false;
  std::string begin = "$";

  /// If set, the reader takes over entries that any consumer of the group was given at least that
  /// long ago and has not acknowledged, because that consumer may be gone (XAUTOCLAIM). Set it to
  /// more than the longest time that a consumer needs for a batch; otherwise two consumers handle
  /// the same entries.
  std::optional<std::chrono::milliseconds> claim_after;
};

}  // namespace plimsoll::inline v0::native
