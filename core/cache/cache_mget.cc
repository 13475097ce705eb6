// The part of Cache for MGET. An MGET has no entry of its own: it is served from the entries of
// GETs of its keys, and its reply is stored as their entries. This is a file of its own because the
// WebAssembly module compiles cache.cc for speed and this file for size (wasm/hot.bzl).

#include <algorithm>
#include <array>
#include <bit>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::inline v0::cache {

// The locked shards of the keys of an MGET. All threads lock shards in ascending order, so no two
// of them can wait for each other.
class Cache::ShardLocks {
 public:
  ShardLocks(Shard* shards, std::uint32_t wanted) : shards_(shards), wanted_(wanted) {
    for_each([](Mutex& mutex) { mutex.lock(); });
  }
  ~ShardLocks() {
    for_each([](Mutex& mutex) { mutex.unlock(); });
  }
  ShardLocks(const ShardLocks&) = delete;
  ShardLocks& operator=(const ShardLocks&) = delete;

 private:
  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint32_t left = wanted_; left != 0; left &= left - 1) {
      visit(shards_[std::countr_zero(left)].mutex);
    }
  }

  Shard* const shards_;
  const std::uint32_t wanted_;  // a bit for each shard
};

struct Cache::Found {
  std::string_view key;
  KeyHash hash;
  Entry* entry = nullptr;
};

bool Cache::find_each(const Reader& reader, Instant now, std::span<Found> all) {
  for (Found& each : all) {
    each.entry = find(shard_of(each.hash), reader, each.hash, commands::get_of(each.key), now);
    if (each.entry == nullptr) return false;
  }
  return may_be_together(reader, all);
}

// The entries of one connection were true at the same time: they are the state before the first
// change that the connection has not reported yet. Entries of two connections may be of different
// times. So are the parts of an MGET's reply that come from two nodes of a cluster.
bool Cache::may_be_together(const Reader& reader, std::span<const Found> all) {
  const auto is_of_another = [](const Found& one, const Found& other) {
    return one.entry->stamp() != other.entry->stamp();
  };
  const bool are_of_one_connection = std::none_of(
      all.begin(), all.end(), [&](const Found& each) { return is_of_another(each, all.front()); });
  if (are_of_one_connection || !reader.is_of_cluster) return are_of_one_connection;
  for (auto one = all.begin(); one != all.end(); ++one) {
    const bool is_apart = std::none_of(all.begin(), one, [&](const Found& other) {
      return is_of_another(*one, other) && one->entry->slot().cell == other.entry->slot().cell;
    });
    if (!is_apart) return false;
  }
  return true;
}

// Store::touch() may evict other entries, including the rest of `all`. So this stops after a touch
// that evicted any, because the remaining pointers may dangle.
void Cache::touch_each(std::span<const Found> all) {
  for (const Found& each : all) {
    Store& store = shard_of(each.hash).store;
    const std::uint64_t evicted_before = store.touch_evictions();
    store.touch(*each.entry);
    if (store.touch_evictions() != evicted_before) return;
  }
}

// Fills in keys and hashes, and returns a bit for each of their shards.
std::uint32_t Cache::look_up(const commands::Question& mget, std::span<Found> all) const {
  std::uint32_t shards = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].key = commands::key_of(mget, i);
    all[i].hash = hash_of(all[i].key);
    shards |= std::uint32_t{1} << shard_index(all[i].hash);
  }
  return shards;
}

bool Cache::visit_each(const Reader& reader, const commands::Question& mget, Instant now,
                       const ReplyVisitor& visit) {
  std::array<Found, fetch_keys_max> room;
  const std::span<Found> all = std::span(room).first(1 + mget.more_keys.size());
  const ShardLocks locks(shards_, look_up(mget, all));
  CacheCounters& counters = shard_of(all[0].hash).counters;
  if (!reader.is_counted) ++counters.lookups;
  if (!find_each(reader, now, all)) return false;
  std::size_t bytes = encoding::header_bytes_max;
  for (const Found& each : all) bytes += each.entry->reply().size();
  std::array<char, scratch_bytes_min> small;
  Block large;
  if (bytes > small.size()) {
    if (reader.scratch != nullptr) large = Block::allocate(*reader.scratch, bytes);
    if (!large) return false;
  }
  char* const begin = large ? static_cast<char*>(large.data()) : small.data();
  char* end = encoding::write_header(begin, '*', all.size());
  for (const Found& each : all) end = copy_bytes(each.entry->reply(), end);
  if (!visit.call(visit.context, {begin, static_cast<std::size_t>(end - begin)})) return false;
  ++counters.hits;
  touch_each(all);
  return true;
}

bool Cache::watch_each(const Reader& reader, const commands::Question& mget, Instant now,
                       std::size_t bytes, const ReplyVisitor& same) {
  std::array<Found, fetch_keys_max> room;
  const std::span<Found> all = std::span(room).first(1 + mget.more_keys.size());
  const ShardLocks locks(shards_, look_up(mget, all));
  if (!find_each(reader, now, all)) return false;
  std::array<char, encoding::header_bytes_max> header;
  const char* const header_end = encoding::write_header(header.data(), '*', all.size());
  const std::string_view begin(header.data(), static_cast<std::size_t>(header_end - header.data()));
  std::size_t total = begin.size();
  for (const Found& each : all) total += each.entry->reply().size();
  if (total != bytes || !same.call(same.context, begin)) return false;
  for (const Found& each : all) {
    if (!same.call(same.context, each.entry->reply())) return false;
  }
  bool are_watched = true;
  for (const Found& each : all) are_watched &= watch(*each.entry);
  return are_watched;
}

// If a key was fenced when the MGET began, it is either still fenced, which this sees, or it has
// another version now, which complete_fetch() sees.
Cache::Ticket Cache::part_of(const Ticket& mget, std::string_view key, std::size_t number) {
  Ticket ticket = mget;
  ticket.hash = hash_of(key);
  ticket.keys = mget.keys.subspan(number, 1);
  if (ticket.is_storable && is_fenced(ticket.hash, commands::get_of(key))) {
    ticket.is_storable = false;
    fenced_.fetch_add(1, std::memory_order_relaxed);
  }
  return ticket;
}

}  // namespace plimsoll::inline v0::cache
