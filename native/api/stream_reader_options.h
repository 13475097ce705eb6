#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::native {

/// Not an aggregate, for Options' reason.
struct StreamReaderOptions {
  StreamReaderOptions() {
  }  // NOLINT(modernize-use-equals-default): a defaulted one leaves an aggregate

  std::string group;
  /// Of this reader alone: two that share a name take each other's entries.
  std::string consumer;
  std::vector<std::string> streams;

  /// Entries of each stream at a time.
  std::int64_t count = 100;

  /// How long next() waits; then it completes with an empty batch. Zero: until there is something.
  std::chrono::milliseconds wait{0};

  /// Makes the group, and the stream, where there is none, also when it was deleted meanwhile. A
  /// group that is made begins behind `begin`, "0" for all entries, "$" for those to come; when it
  /// is made anew, behind the last id that this reader has had.
  bool create_group = false;
  std::string begin = "$";

  /// Takes over what any consumer of the group was given that long ago and has not acknowledged,
  /// since it may be gone: longer than handling a batch takes at most. None: nothing is taken over.
  std::optional<std::chrono::milliseconds> claim_after;
};

}  // namespace plimsoll::native
