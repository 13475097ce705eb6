#include "plimsoll/client_side_cache.h"

#include <limits>
#include <span>
#include <utility>

#include "plimsoll/core/client/cache_tracking.h"
#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/base/random_seed.h"
#include "plimsoll/native/driver/barrier.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::inline v0::native {
namespace {

constexpr std::uint32_t shards_max = plimsoll::cache::cache_shards_max;

Error invalid(const char* what, const char* expected) {
  return Error(
      plimsoll::Error{.code = ErrorCode::invalid_option, .what = what, .expected = expected});
}

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

Result<void> validate_filter(const ClientSideCacheOptions& options) {
  const auto only_commands = views_of(options.only_commands);
  const auto only_key_prefixes = views_of(options.only_key_prefixes);
  const auto module_reads = views_of(options.module_reads);
  const cache::FilterOptions filter{.only_commands = only_commands,
                                    .only_key_prefixes = only_key_prefixes,
                                    .module_reads = module_reads};
  std::string_view culprit;
  const plimsoll::Status valid = cache::validate(filter, culprit);
  if (!valid) return Error(valid.error(), culprit);
  return {};
}

// The core counts nanoseconds in 64 bits.
constexpr std::int64_t entry_ttl_ms_max = std::int64_t{1} << 40;

Result<cache::CacheOptions> to_core_options(const ClientSideCacheOptions& options) {
  constexpr std::uint64_t most = std::numeric_limits<std::size_t>::max() / 1024;
  if (options.max_cache_kb == 0) return invalid("max_cache_kb is 0", "the KiB that it may take");
  if (options.max_cache_kb > most) return invalid("max_cache_kb is too large", "what there is");
  if (options.entry_ttl_ms < 0) {
    return invalid("entry_ttl_ms is negative", "milliseconds, or 0 for no expiry");
  }
  if (options.entry_ttl_ms > entry_ttl_ms_max) {
    return invalid("entry_ttl_ms is too large", "up to 2^40 (34 years), or 0 for no expiry");
  }
  if (const Result<void> valid = validate_filter(options); !valid) return valid.error();
  cache::CacheOptions core{.bytes_max = static_cast<std::size_t>(options.max_cache_kb) * 1024,
                           .entries_max = options.max_entries,
                           .entry_ttl = std::chrono::milliseconds(options.entry_ttl_ms),
                           .eviction_policy = options.eviction_policy,
                           .mode = options.mode,
                           .server_ttl_cap = options.server_ttl_cap,
                           .cache_nil = options.cache_nil,
                           .coherence_lease = options.coherence_lease,
                           .shards_max = shards_max,
                           .seed = random_seed()};
  if (const plimsoll::Status valid = cache::validate(core); !valid) return Error(valid.error());
  return core;
}

Result<TrackingOptions> to_tracking(const ClientSideCacheOptions& options,
                                    std::span<const std::string_view> prefixes) {
  const plimsoll::Result<TrackingOptions> tracking = tracking_for(
      {.mode = options.mode, .opt_in = options.opt_in, .broadcast_prefixes = prefixes});
  if (!tracking) return Error(tracking.error());
  return *tracking;
}

template <class Number, class Pick>
Result<Number> pick(const Result<cache::CacheStatistics>& all, const Pick& number) {
  if (!all) return all.error();
  return Number{number(*all)};
}

// The part of all lookups; 0 if there was none.
double rate(std::uint64_t lookups, const cache::CacheStatistics& all) {
  return all.lookups == 0 ? 0.0 : static_cast<double>(lookups) / static_cast<double>(all.lookups);
}

}  // namespace

Result<void> validate(const ClientSideCacheOptions& options) {
  if (const auto core = to_core_options(options); !core) return core.error();
  const auto tracking = to_tracking(options, views_of(options.broadcast_prefixes));
  if (!tracking) return tracking.error();
  return {};
}

Result<std::shared_ptr<ClientSideCache>> ClientSideCache::create(
    const ClientSideCacheOptions& options) {
  const Result<cache::CacheOptions> core = to_core_options(options);
  if (!core) return core.error();
  const auto tracking = to_tracking(options, views_of(options.broadcast_prefixes));
  if (!tracking) return tracking.error();
  const Result<Budget*> budget = Runtime::get().budget({});
  if (!budget) return budget.error();
  auto memory = cache::Cache::take_memory(**budget, *core);
  if (!memory) return Error(memory.error());
  // A child of fork() must not destroy a cache that it inherited: its locks may be held for ever.
  const std::uint64_t fork_count = current_fork_count();
  std::shared_ptr<ClientSideCache> made(
      new ClientSideCache(Private{}, options, *core, std::move(*memory)),
      [fork_count](ClientSideCache* last) {
        if (fork_count == current_fork_count()) delete last;
      });
  Runtime::get().add_cache(std::shared_ptr<cache::Cache>(made, &made->core()));
  made->registered_ = Runtime::get().clients().add(*made);
  return made;
}

ClientSideCache::ClientSideCache(Private, const ClientSideCacheOptions& options,
                                 cache::CacheOptions core_options, cache::Cache::Memory memory)
    : options_(options),
      prefixes_(views_of(options_.broadcast_prefixes)),
      tracking_(to_tracking(options_, prefixes_).value()),
      only_commands_(views_of(options_.only_commands)),
      only_key_prefixes_(views_of(options_.only_key_prefixes)),
      module_reads_(views_of(options_.module_reads)) {
  core_options.filter = {.only_commands = only_commands_,
                         .only_key_prefixes = only_key_prefixes_,
                         .module_reads = module_reads_};
  core_ = std::make_unique<cache::Cache>(core_options, std::move(memory));
}

ClientSideCache::~ClientSideCache() = default;

Result<cache::CacheStatistics> ClientSideCache::cache_statistics() const {
  if (!options_.enable_metrics) {
    return Error(plimsoll::Error{.code = ErrorCode::invalid_option,
                                 .what = "the metrics of this cache are off",
                                 .expected = "enable_metrics in its options"});
  }
  return core_->statistics();
}

Result<double> ClientSideCache::cache_hit_rate() const {
  return pick<double>(cache_statistics(), [](const auto& all) { return rate(all.hits, all); });
}

Result<double> ClientSideCache::cache_miss_rate() const {
  return pick<double>(cache_statistics(),
                      [](const auto& all) { return rate(all.lookups - all.hits, all); });
}

Result<std::uint64_t> ClientSideCache::cache_entry_count() const {
  return pick<std::uint64_t>(cache_statistics(), [](const auto& all) { return all.entries; });
}

Result<std::uint64_t> ClientSideCache::cache_evictions() const {
  return pick<std::uint64_t>(cache_statistics(), [](const auto& all) { return all.evictions; });
}

Result<std::uint64_t> ClientSideCache::cache_expirations() const {
  return pick<std::uint64_t>(cache_statistics(), [](const auto& all) { return all.expirations; });
}

Result<std::uint64_t> ClientSideCache::cache_total_lookups() const {
  return pick<std::uint64_t>(cache_statistics(), [](const auto& all) { return all.lookups; });
}

Result<std::uint64_t> ClientSideCache::cache_invalidations() const {
  return pick<std::uint64_t>(cache_statistics(), [](const auto& all) { return all.invalidations; });
}

Result<std::uint64_t> ClientSideCache::cache_skipped() const {
  return pick<std::uint64_t>(cache_statistics(), [](const auto& all) {
    return all.skipped_too_large + all.skipped_uncacheable + all.skipped_poisoned +
           all.skipped_fenced + all.skipped_no_memory + all.skipped_absent;
  });
}

Result<std::uint64_t> ClientSideCache::cache_bytes_live() const {
  return pick<std::uint64_t>(cache_statistics(), [](const auto& all) { return all.bytes_live; });
}

Result<std::uint64_t> ClientSideCache::cache_bytes_committed() const {
  return pick<std::uint64_t>(cache_statistics(),
                             [](const auto& all) { return all.bytes_committed; });
}

void ClientSideCache::clear() { core_->clear(); }

CacheSnapshot ClientSideCache::snapshot() const {
  return {.bytes_max = options_.max_cache_kb * 1024, .statistics = core_->statistics()};
}

// Walks over all clients, so that those that have ended leave the list.
void ClientSideCache::attach(const std::shared_ptr<CacheClient>& client,
                             std::shared_ptr<ExecutorLife> executor) {
  const std::lock_guard lock(mutex_);
  std::erase_if(clients_, [](const AttachedClient& each) { return each.client.expired(); });
  clients_.push_back(
      {.client = client, .executor = std::move(executor), .fork_count = current_fork_count()});
}

boost::asio::any_io_executor ClientSideCache::shared_executor() {
  return Runtime::get().executor();
}

void ClientSideCache::begin_barrier(Operation& over) {
  core_->drop_untracked();
  std::vector<AttachedClient> clients;
  {
    const std::lock_guard lock(mutex_);
    clients = clients_;
  }
  prove_all(clients, over);
}

}  // namespace plimsoll::inline v0::native
