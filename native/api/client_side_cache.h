#pragma once

#include "plimsoll/core/base/cxx20.h"

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

// A cache in this process for what clients read. Give it to any number of clients as
// Options::client_side_cache; they keep it alive. docs/caching.md says what the cache promises.
//
//   plimsoll::native::ClientSideCacheOptions wanted;
//   wanted.max_cache_kb = 16 * 1024;
//   options.client_side_cache = plimsoll::native::ClientSideCache::create(wanted).value();

namespace plimsoll::inline v0::native {

using plimsoll::cache::CacheMode;
using plimsoll::cache::EvictionPolicy;

/// Not an aggregate, for the reason that Options has.
struct ClientSideCacheOptions {
  ClientSideCacheOptions() {}  // NOLINT(modernize-use-equals-default): an aggregate otherwise

  /// The most that the cache may take, in KiB: entries, index, policy, expiry and fences. Required;
  /// a hard limit.
  std::uint64_t max_cache_kb = 0;

  /// How long the cache serves an entry, in milliseconds, up to 2^40, which is 34 years; 0: until
  /// the entry is invalidated or evicted. 0 needs a server that tracks what the client reads.
  std::int64_t entry_ttl_ms = 0;

  /// If true, the cache serves no entry for longer than the server keeps its key: the client asks
  /// for PTTL with each read, in the same write. If the server does not answer that, only
  /// entry_ttl_ms counts.
  bool server_ttl_cap = false;

  EvictionPolicy eviction_policy = EvictionPolicy::lru;

  /// Whether you may call cache_hit_rate() and the other metrics.
  bool enable_metrics = false;

  /// How many entries the cache may have; 0: as many as max_cache_kb has room for.
  std::size_t max_entries = 0;

  /// automatic: the cache uses tracking if the server has it; if not, entry_ttl_ms, or it caches
  /// nothing if that is 0.
  CacheMode mode = CacheMode::automatic;

  /// Whether the cache also keeps "there is no such key" (a null).
  bool cache_nil = false;

  /// CLIENT TRACKING OPTIN: the server remembers only reads that may be cached; each such read
  /// sends one more command.
  bool opt_in = false;

  /// CLIENT TRACKING BCAST: the server remembers nothing, and reports every change of a key that
  /// begins with one of these; the cache keeps only such keys. At most 32, none of which may be the
  /// beginning of another. Not with a cluster.
  std::vector<std::string> broadcast_prefixes;

  /// The cache keeps only these of the commands that docs/commands.md calls cacheable; names in
  /// upper or lower case. Empty: all of them.
  std::vector<std::string> only_commands;

  /// The cache keeps only reads whose keys all begin with one of these, at most 64. Empty: all
  /// reads. Unlike broadcast_prefixes, the server does not know about these.
  std::vector<std::string> only_key_prefixes;

  /// Reads of modules to cache, at most 16: "JSON.GET". The cache does not know commands of modules
  /// otherwise. Each must have its only key right behind its name, and a reply that depends on that
  /// key alone. With tracking, the module must declare them as reads of that key, or the server
  /// does not track it.
  std::vector<std::string> module_reads;

  /// The cache serves an entry only while its connection has proved, within this time, that all
  /// invalidations up to then have arrived. So even a link that swallows everything makes no value
  /// staler than this. At least 10 ms: the client asks for a proof twice in that time.
  std::chrono::nanoseconds coherence_lease = std::chrono::seconds(10);
};

/// Checks the options without taking memory. Errors: those of create(), except the ones that depend
/// on the memory line.
Result<void> validate(const ClientSideCacheOptions& options);

/// Thread-safe.
class ClientSideCache final : public std::enable_shared_from_this<ClientSideCache>,
                              private SharedCache,
                              private RegisteredCache {
  struct Private {};

 public:
  /// Makes a cache. The cache pool pays for it; if the process has no memory line yet, this draws
  /// the line, as the first client does. Errors: invalid_option names what is wrong: max_cache_kb
  /// is 0 or beyond the cache pool, a time is negative, prefixes overlap or come with opt_in, a
  /// command is unknown or not cacheable. out_of_memory: there is no room for the cache now.
  static Result<std::shared_ptr<ClientSideCache>> create(const ClientSideCacheOptions& options);

  ClientSideCache(Private, const ClientSideCacheOptions& options, cache::CacheOptions core_options,
                  cache::Cache::Memory memory);
  ClientSideCache(const ClientSideCache&) = delete;
  ClientSideCache& operator=(const ClientSideCache&) = delete;
  ~ClientSideCache();

  // Metrics. They fail with invalid_option unless enable_metrics is set. Rates are shares of all
  // lookups, from 0 to 1, and 0 if there was no lookup. A lookup is a read that may be cached.

  Result<double> cache_hit_rate() const;
  Result<double> cache_miss_rate() const;
  Result<std::uint64_t> cache_entry_count() const;
  Result<std::uint64_t> cache_evictions() const;
  Result<std::uint64_t> cache_expirations() const;
  Result<std::uint64_t> cache_total_lookups() const;
  /// Entries that the cache dropped because the server, or a write of one of its clients,
  /// invalidated them. An invalidation of all entries at once (FLUSHALL) counts as one.
  Result<std::uint64_t> cache_invalidations() const;
  /// Replies that the cache did not keep: too large, not cacheable, overtaken by an invalidation,
  /// closed by a write, no memory, or, in a cluster, perhaps the reply of a key that did not exist.
  Result<std::uint64_t> cache_skipped() const;
  /// Bytes of the entries.
  Result<std::uint64_t> cache_bytes_live() const;
  /// Bytes of everything that counts in max_cache_kb.
  Result<std::uint64_t> cache_bytes_committed() const;
  /// All metrics at once, with a counter for each reason why replies were skipped.
  Result<cache::CacheStatistics> cache_statistics() const;

  /// Drops all entries.
  void clear();

  /// Waits until every client of this cache has proved what it vouches for. Every value that the
  /// cache serves after that was true when you called this, or later. A proof takes a round trip,
  /// or two with `broadcast_prefixes`. The barrier drops entries that only time vouches for.
  ///
  /// Errors: those of a client's request, such as timed_out after its request_timeout; the barrier
  /// then promises nothing. You cannot cancel a barrier. A client that closes, or whose executor
  /// ends, vouches for nothing and delays nothing. A handler without an executor of its own runs on
  /// the executor of the client that answers last, or on the shared thread.
  template <CompletionToken Token = Start>
  auto barrier(Token&& token = Token()) {
    return initiate<void>(
        std::make_shared<CallOrigin>(shared_executor()),
        [self = shared_from_this()](Operation& over) { self->begin_barrier(over); }, Result<void>(),
        std::forward<Token>(token));
  }

  /// The part of the cache that its clients see.
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
  std::vector<AttachedClient> clients_;  // as many as may join the core; some may have ended
  Registered registered_;                // last: unregisters before what snapshot() reads goes
};

}  // namespace plimsoll::inline v0::native
