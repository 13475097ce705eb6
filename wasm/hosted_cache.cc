#include "plimsoll/wasm/hosted_cache.h"

#include <new>
#include <utility>

#include "plimsoll/core/client/cache_tracking.h"
#include "plimsoll/wasm/copied_texts.h"

namespace plimsoll::wasm {
namespace {

constexpr Error no_room_for_cache{.code = ErrorCode::out_of_memory,
                                  .what = "the memory line has no room for one more cache",
                                  .value = sizeof(HostedCache)};

Status validate(const HostedCacheOptions& options) {
  std::string_view culprit;
  if (const Status valid = cache::validate(options.cache.filter, culprit); !valid) return valid;
  return cache::validate(options.cache);
}

}  // namespace

Result<HostedCache*> HostedCache::create(Budget& budget, const HostedCacheOptions& options) {
  if (const Status valid = validate(options); !valid) return valid.error();
  Result<cache::Cache::Memory> memory = cache::Cache::take_memory(budget, options.cache);
  if (!memory) return memory.error();

  Cost cost{.account = budget.open_account(PoolKind::connections), .own = Charge(), .texts = {}};
  if (!cost.account) return no_room_for_cache;
  cost.own = Charge(*cost.account);
  // Cache::take_memory() has already paid for the Cache itself.
  const std::size_t footprint = budget.source().block_footprint(sizeof(HostedCache));
  if (!cost.own.grow(footprint - sizeof(cache::Cache))) return no_room_for_cache;

  HostedCacheOptions own = options;
  CopiedTexts texts;
  texts.count(own.cache.filter.only_commands);
  texts.count(own.cache.filter.only_key_prefixes);
  texts.count(own.cache.filter.module_reads);
  texts.count(own.broadcast_prefixes);
  if (!texts.allocate(*cost.account)) return no_room_for_cache;
  texts.copy(own.cache.filter.only_commands);
  texts.copy(own.cache.filter.only_key_prefixes);
  texts.copy(own.cache.filter.module_reads);
  texts.copy(own.broadcast_prefixes);
  cost.texts = texts.take();

  const Result<TrackingOptions> tracking = tracking_for(
      {.mode = own.cache.mode, .opt_in = own.opt_in, .broadcast_prefixes = own.broadcast_prefixes});
  if (!tracking) return tracking.error();

  void* const place = budget.source().allocate_block(sizeof(HostedCache));
  if (place == nullptr) return no_room_for_cache;
  return new (place) HostedCache(own.cache, *tracking, *std::move(memory), std::move(cost));
}

void HostedCache::destroy(HostedCache& cache, Budget& budget) {
  const Cost paid_until_the_end = std::move(cache.cost_);
  cache.~HostedCache();
  budget.source().release_block(&cache, sizeof(HostedCache));
}

}  // namespace plimsoll::wasm
