#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/arguments.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/native/call/initiate.h"
#include "plimsoll/native/call/operation.h"
#include "plimsoll/native/driver/cache_client.h"
#include "plimsoll/native/runtime/client_registry.h"
#include "plimsoll/result.h"
#include "plimsoll/start.h"

// A cache in this process for what clients read: given to any number of them as
// Options::client_side_cache, and outliving them. What it promises is in docs/caching.md.
//
//   plimsoll::native::ClientSideCacheOptions wanted;
//   wanted.max_cache_kb = 16 * 1024;
//   options.client_side_cache = plimsoll::native::ClientSideCache::create(wanted).value();

namespace plimsoll::native {

using plimsoll::cache::CacheMode;
using plimsoll::cache::EvictionPolicy;

/// Not an aggregate, for Options' reason.
struct ClientSideCacheOptions {
  ClientSideCacheOptions() {}  // NOLINT(modernize-use-equals-default): an aggregate otherwise

  /// All that the cache takes, in KiB: entries, index, policy, expiry. Never passed; required.
  std::uint64_t max_cache_kb = 0;

  /// How long an entry is served; 0: until it is invalidated or evicted. Only where the server
  /// tracks what is read may it be 0.
  std::int64_t entry_ttl_ms = 0;

  /// Whether an entry is never served for longer than the server keeps its key: PTTL is asked with
  /// each read, in the same write. Where the server does not say, entry_ttl_ms alone counts.
  bool server_ttl_cap = false;

  EvictionPolicy eviction_policy = EvictionPolicy::lru;

  /// Whether cache_hit_rate() and the like may be asked for.
  bool enable_metrics = false;

  /// Entries at a time; 0: as many as max_cache_kb has room for.
  std::size_t max_entries = 0;

  /// automatic: tracking where the server has it; where it does not, entry_ttl_ms, or no caching if
  /// that is 0.
  CacheMode mode = CacheMode::automatic;

  /// Whether "there is no such key" is stored as well.
  bool cache_nil = false;

  /// CLIENT TRACKING OPTIN: the server remembers only reads that may be cached, at the price of a
  /// command more for each.
  bool opt_in = false;

  /// CLIENT TRACKING BCAST: the server remembers nothing, and tells of every key that begins with
  /// one of these; only such keys are cached. None may be the beginning of another.
  std::vector<std::string> broadcast_prefixes;

  /// Of the commands that docs/commands.md calls cacheable these alone, in any case; none: all.
  std::vector<std::string> only_commands;

  /// Only reads of which all keys begin with one of these, 64 at most; none: all. Unlike
  /// broadcast_prefixes, this is no matter of the server's.
  std::vector<std::string> only_key_prefixes;

  /// Reads of modules, 16 at most, which the cache would not know otherwise: "JSON.GET". Each has
  /// its one key right behind its name, and a reply that depends on that key alone. With tracking,
  /// the module must declare them as reads of that key.
  std::vector<std::string> module_reads;

  /// Entries are served only while their connection proves within this time that it brought all
  /// invalidations: what a silent link bounds staleness by.
  std::chrono::nanoseconds coherence_lease = std::chrono::seconds(10);
};

/// Whether such a cache could be made, as far as that is known without its memory: create()'s
/// errors.
Result<void> validate(const ClientSideCacheOptions& options);

/// Thread-safe.
class ClientSideCache final : public std::enable_shared_from_this<ClientSideCache>,
                              private SharedCache,
                              private RegisteredCache {
  struct Private {};

 public:
  /// Takes memory of the process's line, as its first client would. invalid_option names what is
  /// wrong: max_cache_kb of 0 or beyond the cache pool, a negative time, prefixes that overlap or
  /// come with opt_in, names of commands that are unknown or not cacheable; out_of_memory.
  static Result<std::shared_ptr<ClientSideCache>> create(const ClientSideCacheOptions& options);

  ClientSideCache(Private, const ClientSideCacheOptions& options, cache::CacheOptions core_options,
                  cache::Cache::Memory memory);
  ClientSideCache(const ClientSideCache&) = delete;
  ClientSideCache& operator=(const ClientSideCache&) = delete;
  ~ClientSideCache();

  // Metrics: invalid_option without enable_metrics. Rates are of all lookups, 0 where there was
  // none; a lookup is a read that may be cached.

  Result<double> cache_hit_rate() const;
  Result<double> cache_miss_rate() const;
  Result<std::uint64_t> cache_entry_count() const;
  Result<std::uint64_t> cache_evictions() const;
  Result<std::uint64_t> cache_expirations() const;
  Result<std::uint64_t> cache_total_lookups() const;
  /// Entries that the server, or a write of a client of this cache, said were out of date.
  Result<std::uint64_t> cache_invalidations() const;
  /// Replies that were not kept: too large, uncacheable, overtaken, closed by a write, no memory.
  Result<std::uint64_t> cache_skipped() const;
  /// Bytes of the entries, and of all that counts in max_cache_kb.
  Result<std::uint64_t> cache_bytes_live() const;
  Result<std::uint64_t> cache_bytes_committed() const;
  /// The same, with each reason why replies were skipped.
  Result<cache::CacheStatistics> cache_statistics() const;

  /// Drops all entries.
  void clear();

  /// When it has ended, whatever is served was true when this was called, or later: all clients of
  /// this cache have proved what they vouch for, by a round trip each (two with
  /// broadcast_prefixes), and what only time vouches for was dropped. Errors: those of a client's
  /// request, such as timed_out after its request_timeout; then nothing is promised. It cannot be
  /// cancelled. A client that closes, or whose executor ends, vouches for nothing, and holds up
  /// nobody. A handler without an executor of its own runs on that of the client that answers last,
  /// or on the shared thread.
  template <CompletionToken Token = Start>
  auto barrier(Token&& token = Token()) {
    return initiate<void>(
        shared_executor(),
        [self = shared_from_this()](Operation& over) { self->begin_barrier(over); }, Result<void>(),
        std::forward<Token>(token));
  }

  /// For clients.
  SharedCache& shared() { return *this; }

 private:
  using Views = std::vector<std::string_view>;

  // SharedCache.
  cache::Cache& core() override { return *core_; }
  TrackingOptions tracking() const override { return tracking_; }
  void attach(const std::shared_ptr<CacheClient>& client,
              std::shared_ptr<ExecutorLife> executor) override;

  // RegisteredCache.
  CacheSnapshot snapshot() const override;

  static boost::asio::any_io_executor shared_executor();
  void begin_barrier(Operation& over);

  const ClientSideCacheOptions options_;
  const Views prefixes_;
  const TrackingOptions tracking_;
  const Views only_commands_;
  const Views only_key_prefixes_;
  const Views module_reads_;
  std::unique_ptr<cache::Cache> core_;
  std::mutex mutex_;
  std::vector<AttachedClient> clients_;  // no more than the core lets join, and some ended
  Registered registered_;                // last: it goes before what is looked at
};

}  // namespace plimsoll::native
