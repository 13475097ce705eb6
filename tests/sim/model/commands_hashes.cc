#include <optional>

#include "plimsoll/tests/sim/model/commands.h"
#include "plimsoll/tests/sim/model/numbers.h"

namespace plimsoll::sim::model {
namespace {

void hset(Call& call) {
  if (call.arguments.size() % 2 == 1) return call.reply.error(wrong_arity_text(call.command));
  const std::string_view key = call.arguments[1];
  Hash* const hash = find_or_make<Hash>(call, key);
  if (hash == nullptr) return;
  std::int64_t added = 0;
  for (std::size_t i = 2; i < call.arguments.size(); i += 2) {
    const Hash::Change change = hash->set(call.arguments[i], call.arguments[i + 1]);
    if (change == Hash::Change::added) ++added;
  }
  call.key_changed(key);
  call.reply.integer(added);
}

void reply_with_field(Call& call, Hash* hash, std::string_view field) {
  const std::string* const value = hash ? hash->find(field) : nullptr;
  if (value != nullptr) {
    call.reply.bulk(*value);
  } else {
    call.reply.null();
  }
}

void hget(Call& call) {
  const std::optional<Hash*> hash = find_as<Hash>(call, call.arguments[1]);
  if (hash) reply_with_field(call, *hash, call.arguments[2]);
}

void hmget(Call& call) {
  const std::optional<Hash*> hash = find_as<Hash>(call, call.arguments[1]);
  if (!hash) return;
  const Arguments fields = call.arguments.subspan(2);
  call.reply.array(fields.size());
  for (const std::string_view field : fields) reply_with_field(call, *hash, field);
}

void hgetall(Call& call) {
  const std::optional<Hash*> hash = find_as<Hash>(call, call.arguments[1]);
  if (!hash) return;
  call.reply.map(*hash ? (*hash)->size() : 0);
  if (*hash == nullptr) return;
  for (const Hash::Row& row : (*hash)->rows()) {
    call.reply.bulk(row.name);
    call.reply.bulk(row.value);
  }
}

void hexists(Call& call) {
  const std::optional<Hash*> hash = find_as<Hash>(call, call.arguments[1]);
  if (hash) call.reply.integer(*hash && (*hash)->find(call.arguments[2]) ? 1 : 0);
}

void hlen(Call& call) {
  const std::optional<Hash*> hash = find_as<Hash>(call, call.arguments[1]);
  if (hash) call.reply.integer(*hash ? static_cast<std::int64_t>((*hash)->size()) : 0);
}

void hdel(Call& call) {
  const std::string_view key = call.arguments[1];
  const std::optional<Hash*> hash = find_as<Hash>(call, key);
  if (!hash) return;
  std::size_t count = 0;
  if (*hash != nullptr) {
    for (const std::string_view field : call.arguments.subspan(2)) count += (*hash)->erase(field);
    if ((*hash)->size() == 0) call.database().erase(key);
  }
  if (count > 0) call.key_changed(key);
  call.reply.integer(static_cast<std::int64_t>(count));
}

void hincrby(Call& call) {
  const std::string_view key = call.arguments[1];
  const std::string_view field = call.arguments[2];
  const std::optional<std::int64_t> difference = integer_argument(call, 3);
  if (!difference) return;
  Hash* const hash = find_or_make<Hash>(call, key);
  if (hash == nullptr) return;
  std::int64_t old = 0;
  if (const std::string* const value = hash->find(field)) {
    const std::optional<std::int64_t> number = parse_integer(*value);
    if (!number) return call.reply.error("hash value is not an integer");
    old = *number;
  }
  const std::optional<std::int64_t> sum = add(old, *difference);
  if (!sum) return call.reply.error(overflow_text);
  hash->set(field, to_text(*sum));
  call.key_changed(key);
  call.reply.integer(*sum);
}

constexpr Command hash_table[] = {
    {"hset", -4, flag_write, first_argument, hset},
    {"hget", 3, flag_read, first_argument, hget},
    {"hmget", -3, flag_read, first_argument, hmget},
    {"hgetall", 2, flag_read, first_argument, hgetall},
    {"hexists", 3, flag_read, first_argument, hexists},
    {"hlen", 2, flag_read, first_argument, hlen},
    {"hdel", -3, flag_write, first_argument, hdel},
    {"hincrby", 4, flag_write, first_argument, hincrby},
};

}  // namespace

std::span<const Command> hash_commands() { return hash_table; }

}  // namespace plimsoll::sim::model
