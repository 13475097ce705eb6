#include "plimsoll/native/driver/channel.h"

#include <string>

#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/native/driver/prefixed_command.h"

namespace plimsoll::inline v0::native {
namespace {

constexpr plimsoll::Error given_back{.code = ErrorCode::closed,
                                     .what = "the connection was given back"};

}  // namespace

void Channel::submit(const CommandView& command, Operation& operation) const {
  if (!held && !at) return driver->submit(command, timeout, operation);
  if (!driver->has_prefixes()) return submit_chosen(command, operation);
  const PrefixedCommand prefixed(driver->requests_account(), driver->prefixes(), command);
  if (prefixed.error() != nullptr) return driver->refuse(*prefixed.error(), operation);
  submit_chosen(prefixed.command(), operation);
}

void Channel::submit_chosen(const CommandView& command, Operation& operation) const {
  NodeChoice choice;
  if (at) {
    choice.kind = at->kind();
    choice.address = at->text();
    if (choice.kind == NodeChoice::Kind::owner) {
      choice.slot = slot_of_key(std::string(driver->prefixes().keys) + at->text());
    }
  }
  driver->submit_by(
      [&](plimsoll::Client& core, Instant now, Tag tag) -> plimsoll::Result<RequestId> {
        if (at) return core.submit_at(choice, command, now, timeout, tag);
        if (!held->connection()) return given_back;
        return core.submit_to(*held->connection(), command, now, timeout, tag);
      },
      driver->traced(command, operation));
}

}  // namespace plimsoll::inline v0::native
