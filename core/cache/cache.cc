#include "plimsoll/core/cache/cache.h"

#include <algorithm>
#include <memory>
#include <new>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::cache {
namespace {

// The most entries of each kind (expired, out of reach, unwanted) that one relieve() erases in a
// shard: it bounds how long the shard is locked.
constexpr std::size_t steps_per_relief = 64;

// The nearer the wheel's time is to now, the fewer levels it needs for an entry that expires. So
// each insert of such an entry first advances the wheel, by at most this many steps.
constexpr std::size_t steps_per_insert = 8;

template <class Cell>
std::span<Cell> make_cells(void* at, std::size_t count) {
  auto* const cells = static_cast<Cell*>(at);
  for (std::size_t i = 0; i < count; ++i) new (cells + i) Cell();
  return {cells, count};
}

std::span<Fences::Cell> make_fences(void* at, const CacheOptions& options) {
  return make_cells<Fences::Cell>(at, Fences::cells_for(options.bytes_max));
}

// They lie behind the fences' cells.
std::span<SlotEpochs::Cell> make_epochs(void* fences, const CacheOptions& options) {
  auto* const end = static_cast<Fences::Cell*>(fences) + Fences::cells_for(options.bytes_max);
  return make_cells<SlotEpochs::Cell>(end, SlotEpochs::cells_for(options.bytes_max));
}

}  // namespace

// A block is aligned for standard types only, but each shard must begin on a cache line of its own.
Cache::Shard* Cache::place_shards(const Block& block) {
  void* at = block.data();
  std::size_t space = block.size();
  at = std::align(alignof(Shard), sizeof(Shard), at, space);
  return static_cast<Shard*>(at);
}

std::uint32_t Cache::shards_for(const CacheOptions& options) {
  const std::size_t wanted = options.bytes_max / cache_shard_bytes_min;
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(wanted, 1, options.shards_max));
}

Result<Cache::Memory> Cache::take_memory(Budget& budget, const CacheOptions& options) {
  const std::size_t most = budget.limit(PoolKind::cache);
  if (options.bytes_max > most) {
    return Error{.code = ErrorCode::invalid_option,
                 .what = "max_cache_kb is more than the cache pool could ever have",
                 .expected = "less, or a higher memory_limit",
                 .value = options.bytes_max,
                 .limit = most};
  }
  const std::uint32_t shards = shards_for(options);
  const std::size_t bytes = alignof(Shard) + shards * sizeof(Shard) + tables_bytes(options);
  Memory memory;
  memory.account = budget.open_account(PoolKind::cache, budget.next_owner());
  bool enough = static_cast<bool>(memory.account);
  if (enough) {
    memory.own = Charge(*memory.account);
    enough = memory.own.grow(sizeof(Cache));
  }
  if (enough) memory.shards = Block::allocate(*memory.account, bytes);
  if (!memory.shards) {
    return Error{.code = ErrorCode::out_of_memory,
                 .what = "the memory line has no room for a cache",
                 .value = sizeof(Cache) + bytes};
  }
  return memory;
}

Cache::Cache(const CacheOptions& options, Memory memory)
    : options_(options),
      filter_(options.filter),
      memory_(std::move(memory)),
      shards_(place_shards(memory_.shards)),
      shards_count_(shards_for(options)),
      fences_(make_fences(shards_ + shards_count_, options)),
      slot_epochs_(make_epochs(shards_ + shards_count_, options)),
      generations_(*memory_.account) {
  PLIMSOLL_CHECK(plimsoll::cache::validate(options).ok());
  const std::size_t bytes = options.bytes_max - tables_bytes(options);
  const std::size_t entries = options.entries_max / shards_count_;
  const StoreOptions store_options{
      .bytes_max = bytes / shards_count_,
      .entries_max = options.entries_max == 0 ? 0 : std::max<std::size_t>(entries, 1),
      .policy = options.eviction_policy,
      .seed = options.seed};
  for (std::uint32_t i = 0; i < shards_count_; ++i) {
    new (shards_ + i) Shard(*memory_.account, store_options);
  }
}

Cache::~Cache() {
  for (std::uint32_t i = 0; i < shards_count_; ++i) shards_[i].~Shard();
}

Result<std::uint32_t> Cache::join() {
  const Lock lock(members_mutex_);
  const std::uint32_t member = generations_.add_member();
  if (member != Generations::untracked) return member;
  return Error{.code = ErrorCode::invalid_option,
               .what = "a cache has too many clients, or no memory for one more",
               .value = Generations::members_max - 1,  // member 0 is no client
               .limit = Generations::members_max - 1};
}

void Cache::leave(std::uint32_t member) {
  const Lock lock(members_mutex_);
  generations_.remove_member(member);
}

// The actual time may be up to `clock_step` later than `now`. An entry's expiry and its lease count
// as over as soon as they may be over, so that a coarse clock does not make an entry live longer.
bool Cache::may_serve(const Entry& entry, const Reader& reader, Instant now) const {
  const Stamp stamp = entry.stamp();
  const Instant latest = now + reader.clock_step;
  if (entry.expires_at() <= latest || !generations_.is_valid(stamp)) return false;
  if (!slot_epochs_.is_current(entry.slot())) return false;
  if (stamp.member == Generations::untracked) {
    return reader.takes_untracked && reader.fresh.is_any();
  }
  if (!generations_.is_readable(stamp.member)) return false;
  const Instant proved_at = generations_.proved_at(stamp.member);
  return after(proved_at, options_.coherence_lease) >= latest && proved_at >= reader.fresh.since &&
         generations_.proved_mark(stamp.member) >= reader.fresh.after;
}

bool Cache::is_fenced(const KeyHash& hash, const commands::Question& question) const {
  if (all_open_.load() > 0 || fences_.is_fenced(cell_of(hash))) return true;
  for (std::string_view key : question.more_keys) {
    if (fences_.is_fenced(cell_of(hash_of(key)))) return true;
  }
  return false;
}

Entry* Cache::find(Shard& shard, const Reader& reader, const KeyHash& hash,
                   const commands::Question& question, Instant now) {
  if (is_fenced(hash, question)) return nullptr;
  Entry* const entry = shard.store.find(reader.source, hash, question);
  return entry != nullptr && may_serve(*entry, reader, now) ? entry : nullptr;
}

void Cache::set_watcher(CacheWatcher* watcher) {
  generations_.set_watcher(watcher);
  for (std::uint32_t i = 0; i < shards_count_; ++i) {
    const Lock lock(shards_[i].mutex);
    shards_[i].store.set_watcher(watcher);
  }
}

bool Cache::watch_for(const Reader& reader, const commands::Question& question, Instant now,
                      std::size_t bytes, const ReplyVisitor& same) {
  if (commands::is_mget(question)) return watch_each(reader, question, now, bytes, same);
  const KeyHash hash = hash_of(question.key);
  Shard& shard = shard_of(hash);
  const Lock lock(shard.mutex);
  Entry* const entry = find(shard, reader, hash, question, now);
  if (entry == nullptr || entry->reply().size() != bytes) return false;
  if (!same.call(same.context, entry->reply())) return false;
  return watch(*entry);
}

bool Cache::watch(Entry& entry) {
  entry.set_watched(true);
  return generations_.watch(entry.stamp());
}

// Nobody need hear of an entry that gives way to an equal one.
bool Cache::unwatch_equal(Entry* before, std::size_t bytes, const ReplyWriter& write) {
  if (before == nullptr || !before->is_watched()) return false;
  std::array<char, watched_bytes_max> same;
  if (before->reply().size() != bytes || bytes > same.size()) return false;
  write.call(write.context, same.data());
  if (before->reply() != std::string_view(same.data(), bytes)) return false;
  before->set_watched(false);
  return true;
}

void Cache::watch_again(Entry* entry) {
  if (entry == nullptr || !watch(*entry)) generations_.report_to_watcher();
}

bool Cache::has(const commands::Question& question, std::uint32_t source, const Stamp& stamp,
                Instant now) {
  const bool is_split = commands::is_mget(question);
  const KeyHash hash = hash_of(question.key);
  Shard& shard = shard_of(hash);
  const Lock lock(shard.mutex);
  const Entry* const entry = find(shard, {.source = source}, hash,
                                  is_split ? commands::get_of(question.key) : question, now);
  return entry != nullptr && entry->stamp() == stamp;
}

// Reads all versions before it looks at the fences. A write that begins in between raises a version
// that was read already, so complete_fetch() sees the difference. In the other order such a write
// would be missed.
Cache::Ticket Cache::begin_fetch(const commands::Question& question, std::uint32_t source,
                                 std::uint32_t member, Instant now, std::span<Ticket::Seen> room,
                                 std::optional<std::uint16_t> slot) {
  Ticket ticket;
  ticket.began_at = now;
  ticket.mark = next_mark();
  const bool is_split = commands::is_mget(question);
  const std::size_t count = 1 + question.more_keys.size();
  PLIMSOLL_CHECK(count <= room.size() && (is_split || count <= cache_keys_max));
  if (count > 1 && !is_split) has_further_keys_.store(true);
  ticket.hash = hash_of(question.key);
  ticket.source = source;
  ticket.stamp = generations_.stamp(member);
  if (slot) ticket.slot = slot_epochs_.of(*slot);
  ticket.version_of_all = all_version_.load();
  ticket.keys = room.first(count);
  const auto see = [&](std::size_t number, const KeyHash& hash) {
    const std::uint32_t cell = cell_of(hash);
    ticket.keys[number] = {
        .cell = cell, .version = fences_.version(cell), .expires_at = never, .has_expiry = false};
  };
  see(0, ticket.hash);
  for (std::size_t i = 1; i < count; ++i) see(i, hash_of(question.more_keys[i - 1]));
  ticket.is_storable = is_split || !is_fenced(ticket.hash, question);
  if (!ticket.is_storable) fenced_.fetch_add(1, std::memory_order_relaxed);
  if (source == Sources::none) {
    ticket.is_storable = false;
  } else {
    sources_.note_fetch(source);
  }
  return ticket;
}

bool Cache::is_current(const Ticket& ticket) const {
  for (const Ticket::Seen& key : ticket.keys) {
    if (fences_.version(key.cell) != key.version) return false;
  }
  return all_version_.load() == ticket.version_of_all && generations_.is_valid(ticket.stamp) &&
         slot_epochs_.is_current(ticket.slot);
}

bool Cache::may_store(Shard& shard, const Ticket& ticket) const {
  if (!ticket.is_storable) return false;  // begin_fetch() counted it
  if (is_current(ticket) && sources_.is_current(ticket.source)) return true;
  ++shard.counters.skipped_poisoned;
  return false;
}

// entry_ttl counts from when the fetch began, not from when its reply arrived: the server may have
// read the value at any time in between, and the reply may have been on its way for long.
Instant Cache::expiry_of(const Ticket& ticket) const {
  const Duration ttl = options_.entry_ttl;
  Instant first = ttl == Duration::zero() ? never : after(ticket.began_at, ttl);
  for (const Ticket::Seen& key : ticket.keys) first = std::min(first, key.expires_at);
  return first;
}

Entry* Cache::insert(Shard& shard, const Ticket& ticket, const commands::Question& question,
                     Instant now, std::size_t bytes) {
  const Instant expires = expiry_of(ticket);
  if (expires != never) shard.counters.expirations += shard.store.expire(now, steps_per_insert);
  const Store::Inserted inserted = shard.store.insert(ticket.source, ticket.hash, question,
                                                      ticket.stamp, expires, bytes, ticket.slot);
  shard.counters.evictions += inserted.evicted;
  if (inserted.outcome == Store::Outcome::too_large) ++shard.counters.skipped_too_large;
  if (inserted.outcome == Store::Outcome::no_memory) ++shard.counters.skipped_no_memory;
  return inserted.entry;
}

Cache::Changes Cache::poison(const Ticket& ticket) {
  Changes changes;
  for (const Ticket::Seen& key : ticket.keys) {
    changes.keys[changes.count++] = {.cell = key.cell, .version_before = fences_.poison(key.cell)};
  }
  return changes;
}

// An entry of several keys lies in the shard of its first key, which cannot be found from another
// of its keys. So once such entries may exist, this looks in all shards.
std::size_t Cache::erase_key(const KeyHash& hash, std::string_view key) {
  std::size_t erased = 0;
  const auto erase_from = [&](Shard& shard) {
    const Lock lock(shard.mutex);
    const std::size_t count = shard.store.erase_key(hash, key);
    shard.counters.invalidations += count;
    erased += count;
  };
  if (!has_further_keys_.load()) {
    erase_from(shard_of(hash));
  } else {
    for (std::uint32_t i = 0; i < shards_count_; ++i) erase_from(shards_[i]);
  }
  return erased;
}

Cache::Change Cache::invalidate(std::string_view key) {
  const KeyHash hash = hash_of(key);
  Change change{.cell = cell_of(hash)};
  change.version_before = fences_.poison(change.cell);
  erase_key(hash, key);
  return change;
}

// Two connections may report this at the same time. Each `end` has its own number, and update()
// takes a ticket only past its own connection's end. The other connection's end overtakes the
// fetch, because the order of that change and the fetch is unknown.
Cache::Change Cache::invalidate_all(std::uint32_t member) {
  const std::uint32_t end = generations_.end_all();
  invalidations_of_all_.fetch_add(1, std::memory_order_relaxed);
  return {.of_all = true,
          .stamp_before = generations_.stamp_before(member, end),
          .stamp_after = generations_.stamp_after(member, end)};
}

void Cache::update(Ticket& ticket, const Change& change) const {
  if (change.of_all) {
    for (const Ticket::Seen& key : ticket.keys) {
      if (key.has_expiry) return;
    }
    const Stamp& stamp = ticket.stamp;
    const bool was_valid =
        stamp.member == change.stamp_before.member && stamp.id == change.stamp_before.id;
    if (was_valid) ticket.stamp = change.stamp_after;
    return;
  }
  for (Ticket::Seen& key : ticket.keys) {
    if (key.has_expiry) continue;
    if (key.cell == change.cell && key.version == change.version_before) ++key.version;
  }
}

Cache::Fence Cache::begin_write(std::string_view key) {
  const KeyHash hash = hash_of(key);
  const Fence fence{.cell = cell_of(hash)};
  fences_.begin_write(fence.cell);
  erase_key(hash, key);
  return fence;
}

void Cache::begin_write_of_all() {
  all_open_.fetch_add(1);
  poison_all();
}

void Cache::poison_all() {
  all_version_.fetch_add(1);
  generations_.end_all();
  invalidations_of_all_.fetch_add(1, std::memory_order_relaxed);
}

// Walks once over all entries of the shard, in steps, after a generation ended or a source was
// dropped. If another one ends during the walk, the walk starts again.
bool Cache::sweep(Shard& shard) {
  if (const std::uint32_t ends = generations_.ends_count(); ends != shard.ends_seen) {
    shard.ends_seen = ends;
    shard.store.restart_sweep();
    shard.sweeps_before = shard.store.sweeps_count();
    shard.is_swept = false;
  }
  if (shard.is_swept) return true;
  shard.store.sweep(steps_per_relief, [this](const Entry& entry) {
    return !generations_.is_valid(entry.stamp()) || !sources_.is_current(entry.source()) ||
           !slot_epochs_.is_current(entry.slot());
  });
  shard.is_swept = shard.store.sweeps_count() > shard.sweeps_before;
  return shard.is_swept;
}

bool Cache::relieve(Instant now) {
  bool is_done = true;
  for (std::uint32_t i = 0; i < shards_count_; ++i) {
    Shard& shard = shards_[i];
    const Lock lock(shard.mutex);
    shard.counters.expirations += shard.store.expire(now, steps_per_relief);
    const bool is_swept = sweep(shard);
    const std::size_t evicted = shard.store.shrink(steps_per_relief);
    shard.counters.evictions += evicted;
    is_done = is_done && is_swept && evicted < steps_per_relief;
  }
  return !is_done;
}

Instant Cache::next_expiry() {
  Instant next = never;
  for (std::uint32_t i = 0; i < shards_count_; ++i) {
    const Lock lock(shards_[i].mutex);
    next = std::min(next, shards_[i].store.next_expiry());
  }
  return next;
}

void Cache::clear() {
  all_version_.fetch_add(1);
  for (std::uint32_t i = 0; i < shards_count_; ++i) {
    const Lock lock(shards_[i].mutex);
    shards_[i].store.clear();
  }
}

CacheStatistics Cache::statistics() {
  CacheStatistics all;
  for (std::uint32_t i = 0; i < shards_count_; ++i) {
    Shard& shard = shards_[i];
    const Lock lock(shard.mutex);
    const CacheCounters& counters = shard.counters;
    all.lookups += counters.lookups;
    all.hits += counters.hits;
    all.evictions += counters.evictions + shard.store.touch_evictions();
    all.expirations += counters.expirations;
    all.invalidations += counters.invalidations;
    all.skipped_too_large += counters.skipped_too_large;
    all.skipped_poisoned += counters.skipped_poisoned;
    all.skipped_no_memory += counters.skipped_no_memory;
    all.entries += shard.store.entries_count();
    all.bytes_live += shard.store.live_bytes();
    all.bytes_committed += shard.store.committed_bytes();
  }
  all.invalidations += invalidations_of_all_.load(std::memory_order_relaxed);
  all.skipped_uncacheable = uncacheable_.load(std::memory_order_relaxed);
  all.skipped_fenced = fenced_.load(std::memory_order_relaxed);
  all.skipped_absent = absent_.load(std::memory_order_relaxed);
  all.bytes_committed += tables_bytes(options_);
  all.sources = sources_.in_use();
  all.sources_refused = sources_.refused();
  all.resumptions = resumptions_.load(std::memory_order_relaxed);
  return all;
}

void Cache::validate() {
  for (std::uint32_t i = 0; i < shards_count_; ++i) {
    const Lock lock(shards_[i].mutex);
    shards_[i].store.validate();
  }
}

}  // namespace plimsoll::inline v0::cache
