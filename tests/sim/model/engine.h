#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/model/blocking.h"
#include "plimsoll/tests/sim/model/command.h"
#include "plimsoll/tests/sim/model/connections.h"
#include "plimsoll/tests/sim/model/database.h"
#include "plimsoll/tests/sim/model/options.h"
#include "plimsoll/tests/sim/model/pubsub.h"
#include "plimsoll/tests/sim/model/tracking.h"
#include "plimsoll/tests/sim/model/users.h"
#include "plimsoll/tests/sim/model/watches.h"

namespace plimsoll::sim::model {

/// What the server has in memory, and how a request goes through it: looked up, refused or queued
/// or executed, and what others are told of it. The commands work on this.
class Engine {
 public:
  explicit Engine(ServerOptions its_options);

  /// Takes one request through all of it. An empty one is no command, but ends what holds for the
  /// next one.
  void process(Connection& connection, Arguments arguments);

  /// Executes a command whose turn has come: from process(), or in a transaction.
  void execute(Connection& connection, const Command& command, Arguments arguments);

  Database& database(const Connection& connection) {
    return databases[static_cast<std::size_t>(connection.database)];
  }

  /// Null if there is no such key any more; one that has expired goes now.
  Database::Entry* find(const Connection& connection, std::string_view key);

  /// To be called behind every change of a key: disturbs watches, tells who tracks it. A change
  /// that time has made is nobody's own write, whoever comes upon it.
  void key_changed(int database, std::string_view key, Cause cause);

  /// Empties databases from `first` on; everybody who tracks is told.
  void flush(int first, int count);
  void remove_expired();
  /// Those who wait no longer, since their time is over or somebody says so.
  void end_waits();
  enum class Unblocking { timeout, error };
  bool unblock(Connection& connection, Unblocking how);
  void forget(Connection& connection);  // what other parts know of it, before it goes

  ServerOptions options;
  Time now;
  ExecutionLog log;
  std::vector<ScriptedError> scripted_errors;
  Users users;
  Connections connections;
  std::vector<Database> databases;
  Tracking tracking;
  PubSub pubsub;
  Watches watches;
  Blocking blocking;
  Resumptions resumptions;

  /// Whose request is being executed, or null.
  Connection* executing = nullptr;

  // While a command that was blocked is executed once more.
  bool retrying = false;
  std::optional<Time> retried_until = {};

  enum class Nesting { outermost, in_transaction } nesting = Nesting::outermost;

 private:
  const Command* look_up(Arguments arguments) const;
  void dispatch(Connection& connection, Arguments arguments);
  void reject(Connection& connection, std::string_view error);
  void serve_those_waiting();
  bool answer_by_script(const Command& command, Replies& reply);
};

/// One execution of a command: what it works on, and where its reply goes.
struct Call {
  Engine& engine;
  Connection& connection;
  const Command& command;
  Arguments arguments;
  Replies& reply;

  Database::Entry* find(std::string_view key) const { return engine.find(connection, key); }
  void key_changed(std::string_view key) const {
    engine.key_changed(connection.database, key, Cause::command);
  }
  Database& database() const { return engine.database(connection); }
};

}  // namespace plimsoll::sim::model
