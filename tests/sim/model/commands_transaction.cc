// MULTI, EXEC, DISCARD, WATCH, UNWATCH.
#include <algorithm>
#include <utility>

#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {

void discard_transaction(Engine& engine, Connection& connection) {
  connection.transaction = {};
  connection.watch = Connection::Watch::undisturbed;
  engine.watches.unwatch_all(connection);
}

namespace {

void multi(Call& call) {
  call.connection.transaction.state = Transaction::State::queueing;
  call.reply.ok();
}

bool some_watched_key_expired(Call& call) {
  const std::vector<WatchedKey>& watched = call.connection.watched;
  return std::any_of(watched.begin(), watched.end(), [&](const WatchedKey& key) {
    if (key.seen == WatchedKey::Seen::expired) return false;
    Database& database = call.engine.databases[static_cast<std::size_t>(key.database)];
    const Database::Entry* const entry = database.find(key.key);
    return entry != nullptr && is_expired(*entry, call.engine.now);
  });
}

void execute_queued(Call& call, const Transaction::Queued& queued) {
  const std::vector<std::string_view> arguments(queued.arguments.begin(), queued.arguments.end());
  const Permission granted = permission(*call.connection.user, *queued.command, arguments);
  if (granted == Permission::granted) {
    call.engine.execute(call.connection, *queued.command, arguments);
  } else {
    call.reply.error(refusal_text_in_exec(granted));
  }
}

void exec(Call& call) {
  Connection& connection = call.connection;
  Transaction& transaction = connection.transaction;
  if (transaction.state == Transaction::State::none) {
    return call.reply.error("EXEC without MULTI");
  }
  const bool disturbed =
      connection.watch == Connection::Watch::disturbed || some_watched_key_expired(call);
  if (transaction.state == Transaction::State::failed || disturbed) {
    if (transaction.state == Transaction::State::failed) {
      call.reply.error("-EXECABORT Transaction discarded because of previous errors.");
    } else {
      call.reply.null_array();
    }
    discard_transaction(call.engine, connection);
    return;
  }
  call.engine.watches.unwatch_all(connection);
  call.reply.array(transaction.queue.size());
  call.engine.nesting = Engine::Nesting::in_transaction;
  for (const Transaction::Queued& queued : transaction.queue) execute_queued(call, queued);
  call.engine.nesting = Engine::Nesting::outermost;
  discard_transaction(call.engine, connection);
}

void discard(Call& call) {
  if (call.connection.transaction.state == Transaction::State::none) {
    return call.reply.error("DISCARD without MULTI");
  }
  discard_transaction(call.engine, call.connection);
  call.reply.ok();
}

void watch(Call& call) {
  if (call.connection.watch == Connection::Watch::undisturbed) {
    for (const std::string_view key : call.arguments.subspan(1)) {
      const Database::Entry* const entry = call.database().find(key);
      const bool expired = entry != nullptr && is_expired(*entry, call.engine.now);
      call.engine.watches.watch(
          call.connection, key,
          expired ? WatchedKey::Seen::expired : WatchedKey::Seen::alive_or_missing);
    }
  }
  call.reply.ok();
}

void unwatch(Call& call) {
  call.engine.watches.unwatch_all(call.connection);
  call.connection.watch = Connection::Watch::undisturbed;
  call.reply.ok();
}

constexpr Command transaction_table[] = {
    {"multi", 1, flags_always | flag_busy | flag_no_multi | flag_at_once, no_key, multi},
    {"exec", 1, flags_always | flag_at_once | flag_exec, no_key, exec},
    {"discard", 1, flags_always | flag_busy | flag_at_once, no_key, discard},
    {"watch", -2, flags_always | flag_busy | flag_no_multi | flag_at_once, all_arguments, watch},
    {"unwatch", 1, flags_always | flag_busy, no_key, unwatch},
};

}  // namespace

std::span<const Command> transaction_commands() { return transaction_table; }

}  // namespace plimsoll::sim::model
