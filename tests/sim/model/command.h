#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/tests/sim/model/request_reader.h"

namespace plimsoll::sim::model {

struct Call;

/// What COMMAND INFO says of a command, as far as it matters here.
enum CommandFlags : std::uint32_t {
  flag_read = 1U << 0,            // readonly: its keys are tracked
  flag_write = 1U << 1,           // a replica refuses it
  flag_loading = 1U << 2,         // runs while loading
  flag_stale = 1U << 3,           // runs while the primary is down
  flag_no_auth = 1U << 4,         // runs before authentication, and no ACL forbids it
  flag_busy = 1U << 5,            // allow_busy: runs while a script does
  flag_no_multi = 1U << 6,        // refused between MULTI and EXEC
  flag_at_once = 1U << 7,         // not queued between MULTI and EXEC
  flag_subscribed = 1U << 8,      // runs on a subscribed RESP2 connection
  flag_unsubscribe = 1U << 9,     // refused without a subscription
  flag_client_family = 1U << 10,  // does not use up CLIENT CACHING
  flag_container = 1U << 11,      // has subcommands
  flag_channels = 1U << 12,       // arguments are channels
  flag_patterns = 1U << 13,       // arguments are patterns of channels
  flag_first_channel = 1U << 14,  // only the first argument is one
  flag_exec = 1U << 15,           // EXEC itself
};

/// The places of the keys among the arguments; last < 0 counts from the end, first 0 means none.
struct KeyPlaces {
  int first = 0;
  int last = 0;
  int step = 0;
};

struct Command {
  std::string_view name;  // "get", "client|tracking"
  int arity;              // number of arguments with the name; negative: at least
  std::uint32_t flags;
  KeyPlaces keys;
  void (*run)(Call&);

  bool has(CommandFlags flag) const { return (flags & flag) != 0; }
  bool accepts(std::size_t count) const {
    const auto given = static_cast<int>(count);
    return arity >= 0 ? given == arity : given >= -arity;
  }
};

template <class Visit>
void for_each_key(const Command& command, Arguments arguments, const Visit& visit) {
  if (command.keys.first == 0) return;
  const auto count = static_cast<int>(arguments.size());
  const int last = command.keys.last < 0 ? count + command.keys.last : command.keys.last;
  for (int place = command.keys.first; place <= last; place += command.keys.step) {
    visit(arguments[static_cast<std::size_t>(place)]);
  }
}

/// Null if there is no such command; for a container without an argument, the container itself; for
/// one with an unknown subcommand, null.
const Command* find_command(Arguments arguments);

/// Null if it is not one.
const Command* find_container(std::string_view name);

/// All commands, for a comparison with the real server's.
std::span<const Command* const> all_commands();

/// Whether two words are the same but for the case of ASCII letters. `lower` is all lower case.
bool equals_ignoring_case(std::string_view word, std::string_view lower);

}  // namespace plimsoll::sim::model
