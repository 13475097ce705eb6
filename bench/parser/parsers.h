#pragma once

// The parsers under test. Each reads a buffer once, in pieces as a socket would give them, reply by
// reply, and looks at each reply.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plimsoll::bench {

inline constexpr std::size_t piece_bytes = 16 * 1024;

/// What was seen, so that no parser can skip the work, and to check that both saw the same replies.
struct Seen {
  std::size_t replies_count = 0;
  /// Summed up over the replies: an int's value, a string's length, an aggregate's elements (both
  /// sides of a map's pair).
  std::uint64_t sum = 0;

  bool operator==(const Seen&) const = default;
};

/// hiredis' reader: redisReaderFeed, redisReaderGetReply, freeReplyObject.
Seen parse_with_hiredis(std::string_view resp2);

/// Plimsoll's, as in a client: pieces are copied (as the kernel would) to where the reader wants
/// them, and parsed onto the tape.
Seen parse_with_ours(std::string_view resp3);

}  // namespace plimsoll::bench
