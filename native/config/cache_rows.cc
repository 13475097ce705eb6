#include "plimsoll/native/config/field_text.h"
#include "plimsoll/native/config/option_row.h"

namespace plimsoll::native::config {
namespace {

using Cache = ClientSideCacheOptions;

template <Kind kind, auto Field>
constexpr OptionRow row(std::string_view key, std::string_view description) {
  return {.key = key,
          .access = at<kind, &Configuration::cache, Field>(),
          .taken = Taken::at_start,
          .description = description};
}

constexpr OptionRow rows[] = {
    row<Kind::count, &Cache::max_cache_kb>(
        "cache.max_cache_kb", "All that the client-side cache takes, in KiB; 0: there is none."),
    row<Kind::count, &Cache::max_entries>(
        "cache.max_entries", "Entries at a time; 0: as many as max_cache_kb has room for."),
    row<Kind::count, &Cache::entry_ttl_ms>(
        "cache.entry_ttl_ms",
        "How long an entry is served; 0: until it is invalidated or evicted."),
    row<Kind::flag, &Cache::server_ttl_cap>(
        "cache.server_ttl_cap",
        "Whether an entry is never served for longer than the server keeps "
        "its key."),
    row<Kind::choice, &Cache::eviction_policy>("cache.eviction_policy",
                                               "Which entries make room for others."),
    row<Kind::choice, &Cache::mode>(
        "cache.mode",
        "What the cache relies on: automatic takes tracking where the server has it."),
    row<Kind::flag, &Cache::opt_in>(
        "cache.opt_in", "CLIENT TRACKING OPTIN: the server remembers only reads that are cached."),
    row<Kind::flag, &Cache::cache_nil>("cache.cache_nil",
                                       "Whether \"there is no such key\" is stored as well."),
    row<Kind::flag, &Cache::enable_metrics>(
        "cache.enable_metrics", "Whether cache_hit_rate() and the like may be asked for."),
    row<Kind::time, &Cache::coherence_lease>(
        "cache.coherence_lease",
        "Entries are served only while their connection proves within this time that it brought "
        "all invalidations."),
    row<Kind::texts, &Cache::broadcast_prefixes>(
        "cache.broadcast_prefixes",
        "CLIENT TRACKING BCAST: only keys that begin with one of these are cached."),
    row<Kind::texts, &Cache::only_commands>(
        "cache.only_commands", "Only these commands are cached; none: all that can be."),
    row<Kind::texts, &Cache::only_key_prefixes>(
        "cache.only_key_prefixes", "Only reads of which all keys begin with one of these."),
    row<Kind::texts, &Cache::module_reads>(
        "cache.module_reads", "Reads of modules that may be cached, such as JSON.GET."),
};

}  // namespace

std::span<const OptionRow> cache_rows() { return rows; }

}  // namespace plimsoll::native::config
