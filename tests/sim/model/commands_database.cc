// FLUSHALL, FLUSHDB, DBSIZE, SWAPDB.
#include <optional>
#include <utility>

#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {
namespace {

enum class Understood { no, yes };

Understood read_flush_option(Call& call) {
  if (call.arguments.size() == 1) return Understood::yes;
  const bool sync_or_async =
      call.arguments.size() == 2 && (equals_ignoring_case(call.arguments[1], "sync") ||
                                     equals_ignoring_case(call.arguments[1], "async"));
  if (sync_or_async) return Understood::yes;
  call.reply.error(syntax_error_text);
  return Understood::no;
}

void flushall(Call& call) {
  if (read_flush_option(call) == Understood::no) return;
  call.engine.flush(0, call.engine.options.databases);
  call.reply.ok();
}

void flushdb(Call& call) {
  if (read_flush_option(call) == Understood::no) return;
  call.engine.flush(call.connection.database, 1);
  call.reply.ok();
}

void dbsize(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.database().size())); }

// Nobody who tracks is told of this; who watches is disturbed.
void swapdb(Call& call) {
  Engine& engine = call.engine;
  const std::optional<std::int64_t> left = integer_argument(call, 1, "invalid first DB index");
  if (!left) return;
  const std::optional<std::int64_t> right = integer_argument(call, 2, "invalid second DB index");
  if (!right) return;
  const auto is_none = [&](std::int64_t db) { return db < 0 || db >= engine.options.databases; };
  if (is_none(*left) || is_none(*right)) return call.reply.error("DB index is out of range");
  if (*left != *right) {
    Database& one = engine.databases[static_cast<std::size_t>(*left)];
    Database& other = engine.databases[static_cast<std::size_t>(*right)];
    engine.watches.database_changes(static_cast<int>(*left), one, &other, engine.now);
    engine.watches.database_changes(static_cast<int>(*right), other, &one, engine.now);
    std::swap(one, other);
  }
  call.reply.ok();
}

constexpr Command database_table[] = {
    {"flushall", -1, flag_write, no_key, flushall},
    {"flushdb", -1, flag_write, no_key, flushdb},
    {"dbsize", 1, flag_read, no_key, dbsize},
    {"swapdb", 3, flag_write, no_key, swapdb},
};

}  // namespace

std::span<const Command> database_commands() { return database_table; }

}  // namespace plimsoll::sim::model
