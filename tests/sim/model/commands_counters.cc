// INCR, DECR and the like.
#include <limits>
#include <optional>

#include "plimsoll/tests/sim/model/commands.h"
#include "plimsoll/tests/sim/model/numbers.h"

namespace plimsoll::sim::model {
namespace {

void change_by(Call& call, std::int64_t difference) {
  const std::string_view key = call.arguments[1];
  const std::optional<Text*> text = find_as<Text>(call, key);
  if (!text) return;
  std::int64_t old = 0;
  if (*text != nullptr) {
    const std::optional<std::int64_t> number = parse_integer(**text);
    if (!number) return call.reply.error(not_an_integer_text);
    old = *number;
  }
  const std::optional<std::int64_t> sum = add(old, difference);
  if (!sum) return call.reply.error(overflow_text);
  if (*text != nullptr) {
    **text = to_text(*sum);
  } else {
    call.database().replace(key, to_text(*sum));
  }
  call.key_changed(key);
  call.reply.integer(*sum);
}

void incr(Call& call) { change_by(call, 1); }
void decr(Call& call) { change_by(call, -1); }

void incrby(Call& call) {
  if (const std::optional<std::int64_t> number = integer_argument(call, 2)) {
    change_by(call, *number);
  }
}

void decrby(Call& call) {
  const std::optional<std::int64_t> number = integer_argument(call, 2);
  if (!number) return;
  if (*number == std::numeric_limits<std::int64_t>::min()) {
    return call.reply.error("decrement would overflow");
  }
  change_by(call, -*number);
}

constexpr Command counter_table[] = {
    {"incr", 2, flag_write, first_argument, incr},
    {"decr", 2, flag_write, first_argument, decr},
    {"incrby", 3, flag_write, first_argument, incrby},
    {"decrby", 3, flag_write, first_argument, decrby},
};

}  // namespace

std::span<const Command> counter_commands() { return counter_table; }

}  // namespace plimsoll::sim::model
