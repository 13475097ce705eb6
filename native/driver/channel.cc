#include "plimsoll/native/driver/channel.h"

namespace plimsoll::native {
namespace {

constexpr plimsoll::Error given_back{.code = ErrorCode::closed,
                                     .what = "the connection was given back"};

}  // namespace

void Channel::submit(const CommandView& command, Operation& operation) const {
  if (!held) return driver->submit(command, timeout, operation);
  driver->submit_by(
      [&](plimsoll::Client& core, Instant now, Tag tag) -> plimsoll::Result<RequestId> {
        if (!held->connection()) return given_back;
        return core.submit_to(*held->connection(), command, now, timeout, tag);
      },
      driver->traced(command, operation));
}

}  // namespace plimsoll::native
