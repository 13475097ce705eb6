#pragma once

#include <optional>
#include <string_view>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0::native {

/// What stands in front of names: Options::key_prefix and Options::channel_prefix.
struct Prefixes {
  std::string_view keys;
  std::string_view channels;
};

/// A command whose keys and channels have prefixes in front, by the command table. A command
/// without any stays the caller's own; any other is copied, and the requests pool pays for the copy
/// as long as this lives. What is queued for a transaction gets its prefixes when it is queued, so
/// a request of several commands stays as it is.
class PrefixedCommand {
 public:
  PrefixedCommand(Account& requests, const Prefixes& prefixes, const CommandView& command);
  PrefixedCommand(const PrefixedCommand&) = delete;
  PrefixedCommand& operator=(const PrefixedCommand&) = delete;
  ~PrefixedCommand() = default;

  /// Why there is no command(): refused_command (the table does not say which words are keys),
  /// rejected_by_limit (the pool has no room), invalid_argument. Otherwise null.
  const plimsoll::Error* error() const { return error_ ? &*error_ : nullptr; }

  const CommandView& command() const { return command_; }

 private:
  CommandView command_;
  Block copy_;
  std::optional<plimsoll::Error> error_;
};

}  // namespace plimsoll::inline v0::native
