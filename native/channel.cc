#include "plimsoll/native/channel.h"

#include <algorithm>

namespace plimsoll::native {
namespace {

constexpr plimsoll::Error given_back{.code = ErrorCode::closed,
                                     .what = "the connection was given back"};

}  // namespace

// One that waits for long has as long.
Timeout Channel::time_for(const CommandView& command) const {
  if (timeout == Timeout::zero() || command.block_time == CommandView::forever) return {};
  return std::min(command.block_time, Timeout::max() - timeout) + timeout;
}

void Channel::submit(const CommandView& command, Operation& operation) const {
  if (!lease) return driver->submit(command, timeout, operation);
  driver->submit_by(
      [&](plimsoll::Client& core, Instant now, Tag tag) -> plimsoll::Result<RequestId> {
        if (!lease->connection()) return given_back;
        return core.submit_to(*lease->connection(), command, now, time_for(command), tag);
      },
      operation);
}

}  // namespace plimsoll::native
