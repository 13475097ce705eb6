#include "plimsoll/native/bridge/gate/command_ways.h"

#include <algorithm>

#include "plimsoll/core/commands/command_rows.h"
#include "plimsoll/core/commands/folded.h"
#include "plimsoll/core/commands/row_numbers.h"

namespace plimsoll::bridge {
namespace {

namespace row_numbers = commands::row_numbers;

bool has_option(Words words, std::string_view upper_case) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return is_option(word, upper_case); });
}

Words behind(Words words, std::size_t at) { return words.subspan(std::min(at, words.size())); }

}  // namespace

bool is_option(std::string_view word, std::string_view upper_case) {
  return commands::is_token(word.substr(0, word.find('\0')), upper_case);
}

Way way_of(const commands::Row& row) {
  switch (commands::number_of(row)) {
    case row_numbers::client_caching:
    case row_numbers::client_getname:
    case row_numbers::client_id:
    case row_numbers::client_info:
    case row_numbers::client_no_touch:
    case row_numbers::client_trackinginfo:
    case row_numbers::discard:
    case row_numbers::echo:
    case row_numbers::exec:
    case row_numbers::multi:
    case row_numbers::ping:
    case row_numbers::punsubscribe:
    case row_numbers::quit:
    case row_numbers::sunsubscribe:
    case row_numbers::unsubscribe:
    case row_numbers::unwatch: return Way::always;

    case row_numbers::hello: return Way::hello;
    case row_numbers::select: return Way::select;
    case row_numbers::client_tracking: return Way::tracking;
    case row_numbers::client_setinfo:
    case row_numbers::client_setname: return Way::naming;

    // These change the connection's user; RESET falls back to the default user.
    case row_numbers::auth:
    case row_numbers::reset:
    // After these, the server no longer sends one reply for each request.
    case row_numbers::client_reply:
    case row_numbers::monitor:
    case row_numbers::psync:
    case row_numbers::replconf:
    case row_numbers::script_debug:
    case row_numbers::sync:
    // These affect other clients, or the server itself.
    case row_numbers::acl_deluser:
    case row_numbers::acl_load:
    case row_numbers::acl_save:
    case row_numbers::acl_setuser:
    case row_numbers::client_kill:
    case row_numbers::client_no_evict:
    case row_numbers::client_pause:
    case row_numbers::client_unblock:
    case row_numbers::client_unpause:
    case row_numbers::config_rewrite:
    case row_numbers::config_set:
    case row_numbers::debug:
    case row_numbers::failover:
    case row_numbers::migrate:
    case row_numbers::module:
    case row_numbers::module_help:
    case row_numbers::module_list:
    case row_numbers::module_load:
    case row_numbers::module_loadex:
    case row_numbers::module_unload:
    case row_numbers::replicaof:
    case row_numbers::restore_asking:
    case row_numbers::shutdown:
    case row_numbers::slaveof: return Way::never;

    default: return Way::by_rules;
  }
}

ChannelWords channels_of(const commands::Row& row) {
  using Kind = ChannelWords::Kind;
  switch (commands::number_of(row)) {
    case row_numbers::publish:
    case row_numbers::spublish: return {.kind = Kind::names, .first = 1};
    case row_numbers::subscribe:
    case row_numbers::ssubscribe: return {.kind = Kind::names, .first = 1, .to_the_end = true};
    case row_numbers::psubscribe: return {.kind = Kind::patterns, .first = 1, .to_the_end = true};
    // These list the channels that others have subscribed to.
    case row_numbers::pubsub_channels:
    case row_numbers::pubsub_shardchannels: return {.kind = Kind::patterns, .first = 2};
    case row_numbers::pubsub_numsub:
    case row_numbers::pubsub_shardnumsub:
      return {.kind = Kind::names, .first = 2, .to_the_end = true};
    default: return {};
  }
}

std::size_t prefixes_of(Words words) {
  std::size_t count = 0;
  for (std::size_t i = 3; i + 1 < words.size(); ++i) {
    if (!is_option(words[i], "PREFIX")) continue;
    ++count;
    ++i;
  }
  return count;
}

bool reaches_undeclared_keys(const commands::Row& row, Words words, std::size_t options_at) {
  const Words options = behind(words, options_at);
  if (row.writes != commands::Writes::nothing_else) {
    if (row.writes_with == 0) return true;
    if (has_option(options, commands::writes_with_words[row.writes_with - 1u])) return true;
  }
  switch (commands::number_of(row)) {
    // Scripts and functions may reach any key. The server keeps one set of them for all clients, so
    // changing, ending or reading them affects others.
    case row_numbers::eval:
    case row_numbers::eval_ro:
    case row_numbers::evalsha:
    case row_numbers::evalsha_ro:
    case row_numbers::fcall:
    case row_numbers::fcall_ro:
    case row_numbers::function_delete:
    case row_numbers::function_dump:
    case row_numbers::function_flush:
    case row_numbers::function_kill:
    case row_numbers::function_list:
    case row_numbers::function_load:
    case row_numbers::function_restore:
    case row_numbers::function_stats:
    case row_numbers::script_exists:
    case row_numbers::script_flush:
    case row_numbers::script_kill:
    case row_numbers::script_load:
    case row_numbers::script_show:
    // These reveal names of keys.
    case row_numbers::acl_log:
    case row_numbers::cluster_getkeysinslot:
    case row_numbers::keys:
    case row_numbers::randomkey:
    case row_numbers::scan:
    case row_numbers::slowlog_get:
    // These affect all keys. A replica that is reset drops its own.
    case row_numbers::cluster_reset:
    case row_numbers::flushall:
    case row_numbers::flushdb:
    case row_numbers::swapdb: return true;

    case row_numbers::sort:
    case row_numbers::sort_ro: return has_option(options, "BY") || has_option(options, "GET");

    default: return false;
  }
}

bool is_harmless_section(std::string_view section) {
  // These are left out:
  // - `keyspace` has the number of keys in each database, and `keysizes` (Redis 8) how large they
  //   are. INFO alone, `default`, `all` and `everything` contain one or both.
  // - `persistence` has the number of keys that the server loaded when it started.
  // - whatever a newer server or a module shows.
  // The counts in `stats` (of hits, of expired and of tracked keys) are of what clients do.
  constexpr std::string_view harmless[] = {
      "CLIENTS", "CLUSTER", "COMMANDSTATS", "CPU",    "ERRORSTATS", "LATENCYSTATS",
      "MEMORY",  "MODULES", "REPLICATION",  "SERVER", "STATS",
  };
  return std::ranges::any_of(harmless,
                             [&](std::string_view each) { return is_option(section, each); });
}

bool tells_of_all_keys(const commands::Row& row, Words words) {
  switch (commands::number_of(row)) {
    case row_numbers::info:
      return words.size() == 1 || !std::ranges::all_of(words.subspan(1), is_harmless_section);
    // These tell how many keys there are: in the database, in a slot, in each slot. MEMORY STATS
    // has their number and their average size.
    case row_numbers::dbsize:
    case row_numbers::cluster_countkeysinslot:
    case row_numbers::cluster_slot_stats:
    case row_numbers::memory_stats: return true;
    // Their relatives tell nothing of keys without an allowed prefix: OBJECT and MEMORY USAGE name
    // their key, which judge_keys() checks; MEMORY DOCTOR and MALLOC-STATS are about the process,
    // LATENCY and SLOWLOG LEN about commands and events. ACL GETUSER and ACL LIST tell of patterns
    // that operators wrote, not of keys. COMMANDLOG and HOTKEYS, which newer servers have and which
    // name keys, are not in the table: under key_prefixes unknown commands are refused.
    default: return false;
  }
}

bool has_ambiguous_keys(const commands::Row& row, Words words) {
  std::size_t found = 0;
  for (const commands::KeySpec& spec :
       std::span(commands::key_specs).subspan(row.specs_at, row.specs_count)) {
    if (spec.begin != commands::KeySpec::Begin::keyword) continue;
    const std::string_view keyword = commands::key_keywords[spec.keyword];
    for (const std::string_view word : behind(words, 1)) {
      if (!is_option(word, keyword)) continue;
      // key_ranges() does not see a keyword that is followed by a zero byte, but the server does.
      if (word.size() != keyword.size()) return true;
      found += 1;
    }
  }
  return found > 1;
}

}  // namespace plimsoll::bridge
