#include "plimsoll/tests/sim/model/refusal.h"

#include <algorithm>
#include <vector>

#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {
namespace {

// EXEC does what its commands do.
bool does(const Connection& connection, const Command& command, CommandFlags flag) {
  if (!command.has(flag_exec)) return command.has(flag);
  const std::vector<Transaction::Queued>& queue = connection.transaction.queue;
  return std::any_of(queue.begin(), queue.end(),
                     [&](const Transaction::Queued& queued) { return queued.command->has(flag); });
}

// And it may not do what one of them may not.
bool may(const Connection& connection, const Command& command, CommandFlags flag) {
  if (!command.has(flag)) return false;
  if (!command.has(flag_exec)) return true;
  const std::vector<Transaction::Queued>& queue = connection.transaction.queue;
  return std::all_of(queue.begin(), queue.end(),
                     [&](const Transaction::Queued& queued) { return queued.command->has(flag); });
}

std::string refusal_by_subscription(const Connection& connection, const Command& command) {
  const bool subscribed = connection.subscriptions() > 0;
  const std::string name(command.name);
  if (subscribed && connection.protocol == Protocol::resp2 && !command.has(flag_subscribed)) {
    return "Can't execute '" + name +
           "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
           "context";
  }
  if (!subscribed && command.has(flag_unsubscribe)) {
    return "-NOSUB '" + name + "' command executed not in subscribed mode";
  }
  return {};
}

std::string_view refusal_by_condition(Condition condition, const Connection& connection,
                                      const Command& command) {
  switch (condition) {
    case Condition::serving: return {};
    case Condition::primary_down:
      return may(connection, command, flag_stale) ? std::string_view() : primary_down_text;
    case Condition::loading:
      return may(connection, command, flag_loading) ? std::string_view() : loading_text;
    case Condition::busy: return command.has(flag_busy) ? std::string_view() : busy_text;
  }
  return {};
}

}  // namespace

std::string refusal(Engine& engine, const Connection& connection, const Command* command,
                    Arguments arguments) {
  if (command == nullptr) return unknown_command_text(arguments);
  if (command->run == nullptr || !command->accepts(arguments.size())) {
    return wrong_arity_text(*command);
  }
  if (connection.trust == Trust::unauthenticated && !command->has(flag_no_auth)) {
    return "-NOAUTH Authentication required.";
  }
  const bool in_transaction = connection.transaction.state != Transaction::State::none;
  if (in_transaction && command->has(flag_no_multi)) {
    return "Command not allowed inside a transaction";
  }
  const Permission granted = permission(*connection.user, *command, arguments);
  if (granted != Permission::granted) return refusal_text(granted, *connection.user, *command);

  // Here the real server looks after its memory, too.
  engine.tracking.limit(engine.options.tracking_keys_max, engine.executing);

  const Condition condition = engine.options.condition;
  if (condition == Condition::primary_down && does(connection, *command, flag_write)) {
    return std::string(read_only_text);
  }
  std::string text = refusal_by_subscription(connection, *command);
  if (text.empty()) text = refusal_by_condition(condition, connection, *command);
  return text;
}

}  // namespace plimsoll::sim::model
