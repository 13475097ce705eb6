#include "plimsoll/native/driver/channel.h"

#include "plimsoll/native/driver/prefixed_command.h"

namespace plimsoll::inline v0::native {
namespace {

constexpr plimsoll::Error given_back{.code = ErrorCode::closed,
                                     .what = "the connection was given back"};

}  // namespace

void Channel::submit(const CommandView& command, Operation& operation) const {
  if (!held) return driver->submit(command, timeout, operation);
  if (!driver->has_prefixes()) return submit_held(command, operation);
  const PrefixedCommand prefixed(driver->requests_account(), driver->prefixes(), command);
  if (prefixed.error() != nullptr) return driver->refuse(*prefixed.error(), operation);
  submit_held(prefixed.command(), operation);
}

void Channel::submit_held(const CommandView& command, Operation& operation) const {
  driver->submit_by(
      [&](plimsoll::Client& core, Instant now, Tag tag) -> plimsoll::Result<RequestId> {
        if (!held->connection()) return given_back;
        return core.submit_to(*held->connection(), command, now, timeout, tag);
      },
      driver->traced(command, operation));
}

}  // namespace plimsoll::inline v0::native
