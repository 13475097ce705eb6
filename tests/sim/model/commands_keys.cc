// DEL, EXISTS, TYPE, EXPIRE, TTL and what else concerns a key of any type.
#include <limits>
#include <optional>
#include <string>

#include "plimsoll/tests/sim/model/commands.h"
#include "plimsoll/tests/sim/model/expiry.h"
#include "plimsoll/tests/sim/model/numbers.h"

namespace plimsoll::sim::model {
namespace {

void del(Call& call) {
  std::int64_t count = 0;
  for (const std::string_view key : call.arguments.subspan(1)) {
    if (call.find(key) == nullptr) continue;
    call.database().erase(key);
    call.key_changed(key);
    ++count;
  }
  call.reply.integer(count);
}

void exists(Call& call) {
  std::int64_t count = 0;
  for (const std::string_view key : call.arguments.subspan(1)) {
    if (call.find(key) != nullptr) ++count;
  }
  call.reply.integer(count);
}

void type(Call& call) {
  const Database::Entry* const entry = call.find(call.arguments[1]);
  call.reply.simple(entry ? type_name(entry->value) : "none");
}

// The conditions behind EXPIRE's time.
struct ExpireOptions {
  enum class Given { no, yes };
  Given nx = Given::no;
  Given xx = Given::no;
  Given gt = Given::no;
  Given lt = Given::no;
};

// Nothing, with the error replied, if they make no sense.
std::optional<ExpireOptions> parse_expire_options(Call& call) {
  using Given = ExpireOptions::Given;
  ExpireOptions options;
  for (const std::string_view word : call.arguments.subspan(3)) {
    if (equals_ignoring_case(word, "nx")) {
      options.nx = Given::yes;
    } else if (equals_ignoring_case(word, "xx")) {
      options.xx = Given::yes;
    } else if (equals_ignoring_case(word, "gt")) {
      options.gt = Given::yes;
    } else if (equals_ignoring_case(word, "lt")) {
      options.lt = Given::yes;
    } else {
      call.reply.error("Unsupported option " + printed(word));
      return std::nullopt;
    }
  }
  const bool gt = options.gt == Given::yes;
  const bool lt = options.lt == Given::yes;
  if (options.nx == Given::yes && (options.xx == Given::yes || gt || lt)) {
    call.reply.error("NX and XX, GT or LT options at the same time are not compatible");
    return std::nullopt;
  }
  if (gt && lt) {
    call.reply.error("GT and LT options at the same time are not compatible");
    return std::nullopt;
  }
  return options;
}

bool permit(const ExpireOptions& options, std::optional<std::int64_t> old, std::int64_t time) {
  using Given = ExpireOptions::Given;
  if (options.nx == Given::yes && old) return false;
  if (options.xx == Given::yes && !old) return false;
  if (options.gt == Given::yes && (!old || time <= *old)) return false;
  return options.lt == Given::no || !old || time < *old;
}

// Unlike SET's, this time may be in the past: that deletes the key.
std::optional<std::int64_t> expire_time(Call& call, ExpiryUnit unit, ExpiryFrom from) {
  using Limits = std::numeric_limits<std::int64_t>;
  const std::optional<std::int64_t> number = integer_argument(call, 2);
  if (!number) return std::nullopt;
  const std::int64_t factor = unit == ExpiryUnit::seconds ? 1000 : 1;
  if (*number <= Limits::max() / factor && *number >= Limits::min() / factor) {
    const std::int64_t base = from == ExpiryFrom::now ? call.engine.now.milliseconds() : 0;
    if (const std::optional<std::int64_t> time = add(*number * factor, base)) return time;
  }
  call.reply.error(invalid_expire_text(call.command));
  return std::nullopt;
}

void change_expiry(Call& call, ExpiryUnit unit, ExpiryFrom from) {
  const std::string_view key = call.arguments[1];
  const std::optional<ExpireOptions> options = parse_expire_options(call);
  if (!options) return;
  const std::optional<std::int64_t> time = expire_time(call, unit, from);
  if (!time) return;
  Database::Entry* const entry = call.find(key);
  if (entry == nullptr || !permit(*options, entry->expires_at, *time)) return call.reply.integer(0);
  if (*time <= call.engine.now.milliseconds()) {
    call.database().erase(key);
  } else {
    call.database().expire_at(key, *entry, time);
  }
  call.key_changed(key);
  call.reply.integer(1);
}

void expire(Call& call) { change_expiry(call, ExpiryUnit::seconds, ExpiryFrom::now); }
void pexpire(Call& call) { change_expiry(call, ExpiryUnit::milliseconds, ExpiryFrom::now); }
void expireat(Call& call) { change_expiry(call, ExpiryUnit::seconds, ExpiryFrom::epoch); }
void pexpireat(Call& call) { change_expiry(call, ExpiryUnit::milliseconds, ExpiryFrom::epoch); }

void tell_expiry(Call& call, ExpiryUnit unit, ExpiryFrom from) {
  const Database::Entry* const entry = call.find(call.arguments[1]);
  if (entry == nullptr) return call.reply.integer(-2);
  if (!entry->expires_at) return call.reply.integer(-1);
  std::int64_t time = *entry->expires_at;
  if (from == ExpiryFrom::now) time -= call.engine.now.milliseconds();
  if (unit == ExpiryUnit::milliseconds) return call.reply.integer(time);
  const std::uint64_t rounded_up = static_cast<std::uint64_t>(time) + 500;  // it always fits
  call.reply.integer(static_cast<std::int64_t>(rounded_up / 1000));
}

void ttl(Call& call) { tell_expiry(call, ExpiryUnit::seconds, ExpiryFrom::now); }
void pttl(Call& call) { tell_expiry(call, ExpiryUnit::milliseconds, ExpiryFrom::now); }
void expiretime(Call& call) { tell_expiry(call, ExpiryUnit::seconds, ExpiryFrom::epoch); }
void pexpiretime(Call& call) { tell_expiry(call, ExpiryUnit::milliseconds, ExpiryFrom::epoch); }

void persist(Call& call) {
  const std::string_view key = call.arguments[1];
  Database::Entry* const entry = call.find(key);
  if (entry == nullptr || !entry->expires_at) return call.reply.integer(0);
  call.database().expire_at(key, *entry, std::nullopt);
  call.key_changed(key);
  call.reply.integer(1);
}

constexpr Command key_table[] = {
    {"del", -2, flag_write, all_arguments, del},
    {"unlink", -2, flag_write, all_arguments, del},
    {"exists", -2, flag_read, all_arguments, exists},
    {"type", 2, flag_read, first_argument, type},
    {"expire", -3, flag_write, first_argument, expire},
    {"pexpire", -3, flag_write, first_argument, pexpire},
    {"expireat", -3, flag_write, first_argument, expireat},
    {"pexpireat", -3, flag_write, first_argument, pexpireat},
    {"ttl", 2, flag_read, first_argument, ttl},
    {"pttl", 2, flag_read, first_argument, pttl},
    {"expiretime", 2, flag_read, first_argument, expiretime},
    {"pexpiretime", 2, flag_read, first_argument, pexpiretime},
    {"persist", 2, flag_write, first_argument, persist},
};

}  // namespace

std::span<const Command> key_commands() { return key_table; }

}  // namespace plimsoll::sim::model
