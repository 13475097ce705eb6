#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/model/request_reader.h"
#include "plimsoll/tests/sim/model/time.h"

namespace plimsoll::sim::model {

/// A connection's name for its whole life and ever after: it is not used again.
enum class ClientId : std::uint64_t {};

/// What an ACL says of one user. Names of commands are the server's: "get", "client|tracking"; a
/// container's name stands for all of its subcommands.
struct User {
  std::string name = "default";
  std::optional<std::string> password = {};       // without one, every password is right
  std::vector<std::string> other_passwords = {};  // that are right besides
  enum class State { enabled, disabled } state = State::enabled;
  std::vector<std::string> denied_commands = {};
  std::vector<std::string> keys = {"*"};  // patterns
  std::vector<std::string> channels = {"*"};
};

/// What keeps the server from serving. Connections can be made in all of them. With `primary_down`
/// it is a replica that does not serve stale data.
enum class Condition { serving, loading, primary_down, busy };

/// CLIENT TRACKING RESUME: what a client has missed while it was away, it is told when it is back.
/// Of what servers may do for it, the least.
struct Resumption {
  std::uint32_t seconds_away_max = 120;  // then a client is forgotten
  std::size_t pushes_max = 1000;         // that are kept for one client
  std::uint64_t salt = 0;                // no two servers give the same names
};

/// What HELLO says. Who refuses writes, and what is replicated, is not modelled.
enum class Role { primary, replica };

enum class Access { open, protected_mode };

struct ServerOptions {
  std::vector<User> users = {User{}};  // one must be "default"
  Condition condition = Condition::serving;
  Role role = Role::primary;
  Access access = Access::open;
  std::size_t clients_max = 10000;
  std::size_t bulk_bytes_max = std::size_t{512} * 1024 * 1024;
  std::size_t tracking_keys_max = 1'000'000;  // 0: no limit
  std::optional<Resumption> resumption = {};  // no real server has it
  int databases = 16;
  std::string version = "8.0.1";
  // What an older server does not have, by the server's names: "hello", "client|tracking".
  std::vector<std::string> unknown_commands = {};
  // GET of this key tells each user its own name, as one that reads what others may not see.
  std::optional<std::string> user_key = {};
};

/// How often clients have begun a stream of invalidations, have come back to one, and could not.
struct Resumptions {
  std::uint64_t begun = 0;  // without a name
  std::uint64_t resumed = 0;
  std::uint64_t refused = 0;
  std::uint64_t told_again = 0;  // of those that have come back: had missed something
  std::uint64_t ahead = 0;       // likewise: claimed to have had more than there was
};

/// Whether the server wants to be rid of a connection, and of what it has not sent on it.
enum class Closing { no, after_output, at_once };

/// An error in place of the next `count` executions of a command: it is not executed then, and its
/// arguments are not looked at.
struct ScriptedError {
  std::string command;  // "get"
  std::string text;     // "-OOM command not allowed ...", or without a code: "something went wrong"
  std::size_t count = 1;
};

/// A command that the server has just executed, also those of a transaction, one by one, before its
/// EXEC. What was refused at the door (unknown, wrong number of arguments, no permission, loading)
/// or only queued has not been executed.
struct Execution {
  ClientId client;
  std::string_view command;  // "get", "client|tracking"
  Arguments arguments;       // as they were sent, the name too; valid during the call
  int database;
  Time now;
  enum class Outcome { replied, replied_with_error } outcome;
};

using ExecutionLog = std::function<void(const Execution&)>;

}  // namespace plimsoll::sim::model
