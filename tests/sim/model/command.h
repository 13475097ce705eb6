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
  flag_none = 0,
  flag_read = 1U << 0,            // readonly
  flag_loading = 1U << 1,         // runs while loading
  flag_stale = 1U << 2,           // runs while the primary is down
  flag_no_auth = 1U << 3,         // runs before authentication, and no ACL forbids it
  flag_busy = 1U << 4,            // runs while a script does
  flag_no_multi = 1U << 5,        // refused between MULTI and EXEC
  flag_at_once = 1U << 6,         // not queued between MULTI and EXEC
  flag_subscribed = 1U << 7,      // runs on a subscribed RESP2 connection
  flag_client_family = 1U << 8,   // does not use up CLIENT CACHING
  flag_container = 1U << 9,       // has subcommands
  flag_channels = 1U << 10,       // arguments are channels
  flag_patterns = 1U << 11,       // arguments are patterns of channels
  flag_first_channel = 1U << 12,  // only the first argument is
  flag_exec = 1U << 13,           // EXEC itself
  flag_unsubscribe = 1U << 14,    // refused without a subscription
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
