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

/// What a parser makes of each reply.
enum class Makes : std::uint8_t {
  views,    ///< what can be looked at until the next reply; of hiredis: nothing but the type
  objects,  ///< what can be kept: a redisReply, or a Reply
};

/// hiredis' reader: redisReaderFeed, redisReaderGetReply, freeReplyObject. Without objects it sums
/// up nothing, because it shows nothing.
Seen parse_with_hiredis(std::string_view resp2, Makes makes);

/// Plimsoll's, as in a client: pieces are copied (as the kernel would) to where the reader wants
/// them, and parsed onto the tape. An object is kept from there, looked at and dropped.
Seen parse_with_ours(std::string_view resp3, Makes makes);

}  // namespace plimsoll::bench
