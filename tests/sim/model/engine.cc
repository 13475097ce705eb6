#include "plimsoll/tests/sim/model/engine.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "plimsoll/tests/sim/model/commands.h"
#include "plimsoll/tests/sim/model/refusal.h"

namespace plimsoll::sim::model {

Engine::Engine(ServerOptions its_options)
    : options(std::move(its_options)),
      users(options.users),
      databases(static_cast<std::size_t>(options.databases)),
      tracking(connections),
      pubsub(connections),
      watches(connections),
      blocking(connections) {}

void Engine::process(Connection& connection, Arguments arguments) {
  connection.command = nullptr;
  executing = &connection;
  if (!arguments.empty()) dispatch(connection, arguments);
  executing = nullptr;

  // CLIENT CACHING is for the next command or transaction, and another CLIENT command is not one.
  const bool in_transaction = connection.transaction.state != Transaction::State::none;
  const bool of_client =
      connection.command != nullptr && connection.command->has(flag_client_family);
  if (!in_transaction && !of_client) {
    connection.tracking.caching = TrackingState::Caching::not_said;
  }
}

const Command* Engine::look_up(Arguments arguments) const {
  const Command* const command = find_command(arguments);
  if (command == nullptr) return nullptr;
  const std::vector<std::string>& unknown = options.unknown_commands;
  const bool is_known = std::find(unknown.begin(), unknown.end(), command->name) == unknown.end();
  return is_known ? command : nullptr;
}

void Engine::dispatch(Connection& connection, Arguments arguments) {
  if (equals_ignoring_case(arguments[0], "post") || equals_ignoring_case(arguments[0], "host:")) {
    connections.close_at_once(connection);  // a browser was made to talk to us
    return;
  }
  const Command* const command = look_up(arguments);
  connection.command = command;
  const std::string error = refusal(*this, connection, command, arguments);
  if (!error.empty()) return reject(connection, error);

  Transaction& transaction = connection.transaction;
  if (transaction.state == Transaction::State::none || command->has(flag_at_once)) {
    execute(connection, *command, arguments);
    return;
  }
  const bool doomed = transaction.state == Transaction::State::failed ||
                      connection.watch == Connection::Watch::disturbed;
  if (!doomed) {
    transaction.queue.push_back({command, {arguments.begin(), arguments.end()}});
  }
  Replies(connection.output, connection.protocol).simple("QUEUED");
}

// An error in place of a command makes the transaction around it fail, and EXEC fails at once.
void Engine::reject(Connection& connection, std::string_view error) {
  Replies reply(connection.output, connection.protocol);
  Transaction& transaction = connection.transaction;
  if (transaction.state != Transaction::State::none) {
    transaction = {.state = Transaction::State::failed, .queue = {}};
  }
  if (connection.command == nullptr || !connection.command->has(flag_exec)) {
    reply.error(error);
    return;
  }
  discard_transaction(*this, connection);
  if (error.starts_with('-')) error.remove_prefix(1);
  reply.error("-EXECABORT Transaction discarded because of: " + std::string(error));
}

void Engine::execute(Connection& connection, const Command& command, Arguments arguments) {
  const int database_before = connection.database;
  const bool was_closing = connection.closing != Closing::no;  // by a CLIENT KILL in a transaction
  const std::size_t said = connection.output.size();
  Replies reply(connection.output, connection.protocol);
  if (scripted_errors.empty() || !answer_by_script(command, reply)) {
    Call call{*this, connection, command, arguments, reply};
    command.run(call);
    if (command.has(flag_read) && connection.tracking.remembers_reads()) {
      for_each_key(command, arguments,
                   [&](std::string_view key) { tracking.remember(connection, key); });
    }
    if (log) {
      const auto outcome = reply.errors() == 0 ? Execution::Outcome::replied
                                               : Execution::Outcome::replied_with_error;
      log({connection.id, command.name, arguments, database_before, now, outcome});
    }
  }
  if (was_closing) connection.output.resize(said);
  if (nesting == Nesting::in_transaction) return;
  pubsub.after_command(connection);
  tracking.after_command(connection);
  if (!retrying) serve_those_waiting();
}

void Engine::serve_those_waiting() {
  const auto is_list = [this](int database, const std::string& key) {
    const Database::Entry* const entry = databases[static_cast<std::size_t>(database)].find(key);
    return entry != nullptr && std::holds_alternative<List>(entry->value);
  };
  while (std::optional<Blocking::Retry> retry = blocking.next_retry(is_list)) {
    Connection& connection = *connections.find(retry->client);
    Connection* const other = std::exchange(executing, &connection);
    retrying = true;
    retried_until = retry->what.until;
    const std::vector<std::string>& words = retry->what.arguments;
    const std::vector<std::string_view> arguments(words.begin(), words.end());
    execute(connection, *retry->what.command, arguments);
    retrying = false;
    executing = other;
    if (!connection.output.empty()) connections.list(connection);
  }
}

void Engine::end_waits() {
  for (const ClientId id : blocking.take_timed_out(now)) {
    Connection& connection = *connections.find(id);
    Replies(connection.output, connection.protocol).null_array();
    connections.list(connection);
  }
}

bool Engine::unblock(Connection& connection, Unblocking how) {
  if (!connection.blocked) return false;
  blocking.unblock(connection);
  Replies reply(connection.output, connection.protocol);
  if (how == Unblocking::timeout) {
    reply.null_array();
  } else {
    reply.error("-UNBLOCKED client unblocked via CLIENT UNBLOCK");
  }
  connections.list(connection);
  return true;
}

bool Engine::answer_by_script(const Command& command, Replies& reply) {
  const auto found =
      std::find_if(scripted_errors.begin(), scripted_errors.end(),
                   [&](const ScriptedError& error) { return error.command == command.name; });
  if (found == scripted_errors.end()) return false;
  reply.error(found->text);
  if (--found->count == 0) scripted_errors.erase(found);
  return true;
}

Database::Entry* Engine::find(const Connection& connection, std::string_view key) {
  Database& keys = database(connection);
  Database::Entry* const entry = keys.find(key);
  if (entry == nullptr || !is_expired(*entry, now)) return entry;
  keys.erase(key);
  key_changed(connection.database, key, Cause::expiry);
  return nullptr;
}

void Engine::key_changed(int database, std::string_view key, Cause cause) {
  blocking.key_changed(database, key, databases[static_cast<std::size_t>(database)].find(key));
  if (!watches.empty()) {
    watches.key_changed(database, key, databases[static_cast<std::size_t>(database)].find(key));
  }
  tracking.invalidate(key, executing, cause);
}

void Engine::flush(int first, int count) {
  for (int number = first; number < first + count; ++number) {
    Database& keys = databases[static_cast<std::size_t>(number)];
    watches.database_changes(number, keys, nullptr, now);
    keys.clear();
  }
  tracking.invalidate_all(executing);
}

void Engine::remove_expired() {
  for (std::size_t number = 0; number < databases.size(); ++number) {
    while (const std::string* oldest = databases[number].oldest_expired(now)) {
      const std::string key = *oldest;
      databases[number].erase(key);
      key_changed(static_cast<int>(number), key, Cause::expiry);
    }
  }
}

void Engine::forget(Connection& connection) {
  tracking.leave(connection, now);
  pubsub.unsubscribe_all(connection);
  watches.unwatch_all(connection);
  blocking.unblock(connection);
}

}  // namespace plimsoll::sim::model
