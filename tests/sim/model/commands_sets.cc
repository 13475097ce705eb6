#include <optional>
#include <string>
#include <vector>

#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {
namespace {

void sadd(Call& call) {
  const std::string_view key = call.arguments[1];
  Set* const set = find_or_make<Set>(call, key);
  if (set == nullptr) return;
  std::size_t added = 0;
  for (const std::string_view member : call.arguments.subspan(2)) added += set->add(member);
  if (added > 0) call.key_changed(key);
  call.reply.integer(static_cast<std::int64_t>(added));
}

void srem(Call& call) {
  const std::string_view key = call.arguments[1];
  const std::optional<Set*> set = find_as<Set>(call, key);
  if (!set) return;
  std::size_t count = 0;
  if (*set != nullptr) {
    for (const std::string_view member : call.arguments.subspan(2)) count += (*set)->erase(member);
    if ((*set)->size() == 0) call.database().erase(key);
  }
  if (count > 0) call.key_changed(key);
  call.reply.integer(static_cast<std::int64_t>(count));
}

void smembers(Call& call) {
  const std::optional<Set*> set = find_as<Set>(call, call.arguments[1]);
  if (!set) return;
  const std::vector<std::string> members = *set ? (*set)->members() : std::vector<std::string>();
  call.reply.set(members.size());
  for (const std::string& member : members) call.reply.bulk(member);
}

void sismember(Call& call) {
  const std::optional<Set*> set = find_as<Set>(call, call.arguments[1]);
  if (set) call.reply.integer(*set && (*set)->contains(call.arguments[2]) ? 1 : 0);
}

void scard(Call& call) {
  const std::optional<Set*> set = find_as<Set>(call, call.arguments[1]);
  if (set) call.reply.integer(*set ? static_cast<std::int64_t>((*set)->size()) : 0);
}

constexpr Command set_table[] = {
    {"sadd", -3, flag_write, first_argument, sadd},
    {"srem", -3, flag_write, first_argument, srem},
    {"smembers", 2, flag_read, first_argument, smembers},
    {"sismember", 3, flag_read, first_argument, sismember},
    {"scard", 2, flag_read, first_argument, scard},
};

}  // namespace

std::span<const Command> set_commands() { return set_table; }

}  // namespace plimsoll::sim::model
