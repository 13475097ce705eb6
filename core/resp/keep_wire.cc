// A Reply of bytes that lie in one piece: Reply::copy_of().

#include <algorithm>
#include <cstring>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/reader.h"

namespace plimsoll {
namespace {

Error no_room_to_copy() {
  return Error{.code = ErrorCode::reply_too_large,
               .executed = Executed::yes,
               .what = "no room left in the replies pool to keep the reply"};
}

}  // namespace

Result<Reply> Reply::copy_of(std::string_view wire, Account& payer) {
  Reader reader(payer, {});
  while (!wire.empty()) {
    const std::span<char> room = reader.read_space(Reader::Reserve::leave);
    if (room.empty()) return no_room_to_copy();
    const std::size_t part = std::min(room.size(), wire.size());
    std::memcpy(room.data(), wire.data(), part);
    reader.handle_read(part);
    wire.remove_prefix(part);
    const Reader::Poll polled = reader.next(true);
    PLIMSOLL_CHECK(polled != Reader::Poll::failed);
    // The tape of a long reply needs memory, too: where there was none, no value was recorded.
    if (reader.dropped() != Parser::Drop::none) return no_room_to_copy();
    if (polled == Reader::Poll::frame) return reader.keep();
  }
  PLIMSOLL_CHECK(false);
  return Reply();
}

}  // namespace plimsoll
