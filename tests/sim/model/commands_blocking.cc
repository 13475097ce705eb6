// BLPOP, BRPOP.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {
namespace {

constexpr std::size_t digits_max = 15;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Seconds as "12", "0.25", "-1"; in nanoseconds. Nothing if it is not of that form.
std::optional<std::int64_t> parse_seconds(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  std::string_view part = text.substr(std::min(point + 1, text.size()));
  const bool ok = std::all_of(whole.begin(), whole.end(), is_digit) &&
                  std::all_of(part.begin(), part.end(), is_digit) &&
                  whole.size() + part.size() > 0 && whole.size() + part.size() <= digits_max;
  if (!ok) return std::nullopt;
  std::int64_t nanoseconds = 0;
  for (const char digit : whole) nanoseconds = nanoseconds * 10 + (digit - '0');
  nanoseconds *= 1'000'000'000;
  std::int64_t scale = 100'000'000;
  for (const char digit : part.substr(0, 9)) {
    nanoseconds += (digit - '0') * scale;
    scale /= 10;
  }
  return negative ? -nanoseconds : nanoseconds;
}

// The real server counts in milliseconds, and rounds up.
std::int64_t whole_milliseconds(std::int64_t nanoseconds) {
  constexpr std::int64_t millisecond = 1'000'000;
  return (nanoseconds + millisecond - 1) / millisecond * millisecond;
}

enum class End { left, right };

void pop(Call& call, End end) {
  const Arguments keys = call.arguments.subspan(1, call.arguments.size() - 2);
  const std::optional<std::int64_t> seconds = parse_seconds(call.arguments.back());
  if (!seconds) return call.reply.error("timeout is not a float or out of range");
  if (*seconds < 0) return call.reply.error("timeout is negative");
  for (const std::string_view key : keys) {
    const std::optional<List*> list = find_as<List>(call, key);
    if (!list) return;
    if (*list == nullptr) continue;
    call.reply.array(2);
    call.reply.bulk(key);
    call.reply.bulk(end == End::left ? (*list)->front() : (*list)->back());
    if (end == End::left) {
      (*list)->pop_front();
    } else {
      (*list)->pop_back();
    }
    if ((*list)->empty()) call.database().erase(key);
    return call.key_changed(key);
  }
  if (call.engine.nesting == Engine::Nesting::in_transaction) return call.reply.null_array();
  Blocked blocked;
  blocked.command = &call.command;
  blocked.arguments.assign(call.arguments.begin(), call.arguments.end());
  // Who is tried again waits no longer for it.
  const std::optional<Time>& before = call.engine.retried_until;
  const auto wait = static_cast<std::uint64_t>(whole_milliseconds(*seconds));
  if (call.engine.retrying) {
    blocked.until = before;
  } else if (*seconds > 0) {
    blocked.until = Time{call.engine.now.nanoseconds + wait};
  }
  call.engine.blocking.block(call.connection, std::move(blocked), {keys.begin(), keys.end()});
}

void blpop(Call& call) { pop(call, End::left); }
void brpop(Call& call) { pop(call, End::right); }

constexpr KeyPlaces all_but_the_last = {1, -2, 1};

constexpr Command blocking_table[] = {
    {"blpop", -3, flag_write, all_but_the_last, blpop},
    {"brpop", -3, flag_write, all_but_the_last, brpop},
};

}  // namespace

std::span<const Command> blocking_commands() { return blocking_table; }

}  // namespace plimsoll::sim::model
