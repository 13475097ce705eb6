// SUBSCRIBE and its kin, PUBLISH. Confirmations are pushes in RESP3, and the only replies there
// are.
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {
namespace {

void confirm(Call& call, std::string_view word, std::optional<std::string_view> name) {
  call.reply.push(3);
  call.reply.bulk(word);
  if (name) {
    call.reply.bulk(*name);
  } else {
    call.reply.null();
  }
  call.reply.integer(static_cast<std::int64_t>(call.connection.subscriptions()));
}

void subscribe(Call& call) {
  for (const std::string_view channel : call.arguments.subspan(1)) {
    call.engine.pubsub.subscribe(call.connection, channel);
    confirm(call, "subscribe", channel);
  }
}

void psubscribe(Call& call) {
  for (const std::string_view pattern : call.arguments.subspan(1)) {
    call.engine.pubsub.subscribe_pattern(call.connection, pattern);
    confirm(call, "psubscribe", pattern);
  }
}

// The names that are given, or else all that there are.
std::vector<std::string> meant(Call& call, const std::set<std::string, std::less<>>& all) {
  const Arguments given = call.arguments.subspan(1);
  if (!given.empty()) return {given.begin(), given.end()};
  return {all.begin(), all.end()};
}

void unsubscribe(Call& call) {
  const std::vector<std::string> channels = meant(call, call.connection.channels);
  for (const std::string& channel : channels) {
    call.engine.pubsub.unsubscribe(call.connection, channel);
    confirm(call, "unsubscribe", channel);
  }
  if (channels.empty()) confirm(call, "unsubscribe", std::nullopt);
}

void punsubscribe(Call& call) {
  const std::vector<std::string> patterns = meant(call, call.connection.patterns);
  for (const std::string& pattern : patterns) {
    call.engine.pubsub.unsubscribe_pattern(call.connection, pattern);
    confirm(call, "punsubscribe", pattern);
  }
  if (patterns.empty()) confirm(call, "punsubscribe", std::nullopt);
}

void publish(Call& call) {
  const std::string_view channel = call.arguments[1];
  call.reply.integer(call.engine.pubsub.publish(channel, call.arguments[2], call.connection));
}

constexpr std::uint32_t always = flag_loading | flag_stale;
constexpr std::uint32_t subscribing = always | flag_subscribed;

constexpr Command pubsub_table[] = {
    {"subscribe", -2, subscribing | flag_channels, no_key, subscribe},
    {"unsubscribe", -1, subscribing | flag_unsubscribe, no_key, unsubscribe},
    {"psubscribe", -2, subscribing | flag_patterns, no_key, psubscribe},
    {"punsubscribe", -1, subscribing | flag_unsubscribe, no_key, punsubscribe},
    {"publish", 3, always | flag_first_channel, no_key, publish},
};

}  // namespace

std::span<const Command> pubsub_commands() { return pubsub_table; }

}  // namespace plimsoll::sim::model
