#include <algorithm>
#include <array>
#include <cstring>

#include "plimsoll/bench/parser/parsers.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/core/resp/reader.h"

namespace plimsoll::bench {
namespace {

std::uint64_t look_at(const Value& reply) {
  switch (reply.type()) {
    case Type::integer: return static_cast<std::uint64_t>(*reply.as_integer());
    case Type::bulk_string: return reply.as_bytes()->size();
    case Type::array:
    case Type::map: return reply.as_elements()->size();
    default: fail("our reader", "an unexpected reply");
  }
}

std::uint64_t look_at_reply(Reader& reader, Makes makes) {
  if (makes == Makes::views) return look_at(reader.value());
  const auto kept = reader.keep();
  if (!kept) fail("our reader", "no memory");
  return look_at(kept->value());
}

// As Session::visit_short_replies() and Session::poll_event() do, one after the other.
void read_frames(Reader& reader, Makes makes, Seen& seen) {
  for (;;) {
    while (reader.next_short()) {
      seen.replies_count += 1;
      seen.sum += look_at_reply(reader, makes);
    }
    switch (reader.next(true)) {
      case Reader::Poll::need_more: return;
      case Reader::Poll::failed: {
        std::array<char, error_text_max> text;
        fail("our reader", describe(reader.error(), text));
      }
      case Reader::Poll::frame: seen.replies_count += 1; seen.sum += look_at_reply(reader, makes);
    }
  }
}

}  // namespace

Seen parse_with_ours(std::string_view resp3, Makes makes) {
  HeapMemory memory;
  Budget budget({}, memory);
  const AccountHandle replies = budget.open_account(PoolKind::replies);
  Reader reader(*replies, {});
  Seen seen;
  while (!resp3.empty()) {
    auto piece = resp3.substr(0, std::min(piece_bytes, resp3.size()));
    resp3.remove_prefix(piece.size());
    while (!piece.empty()) {
      const auto room = reader.read_space();
      if (room.empty()) fail("our reader", "no memory");
      const auto count = std::min(piece.size(), room.size());
      std::memcpy(room.data(), piece.data(), count);
      piece.remove_prefix(count);
      reader.handle_read(count);
      read_frames(reader, makes, seen);
    }
  }
  return seen;
}

}  // namespace plimsoll::bench
