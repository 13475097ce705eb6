#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/fences.h"
#include "plimsoll/core/cache/filter.h"
#include "plimsoll/core/cache/freshness.h"
#include "plimsoll/core/cache/generations.h"
#include "plimsoll/core/cache/options.h"
#include "plimsoll/core/cache/sources.h"
#include "plimsoll/core/cache/statistics.h"
#include "plimsoll/core/cache/store.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/budget.h"

// A cache of replies, which any number of clients may share. It stores what the server sent to
// reads, by key and command, and knows what must not be stored or served: fences close keys that
// are being written, tickets tell whether a fetch was overtaken, generations end with their
// connections. Clients (core/client/near_cache.h) tell it what they see on their connections; it
// knows none of them. Thread-safe; large caches have several locked shards.

namespace plimsoll::cache {

/// A reply that is not stored leaves an entry alone that is the same, if that is so small.
inline constexpr std::size_t compared_bytes_max = 512;

/// Keys that a reply may depend on to be stored in one piece.
inline constexpr std::size_t cache_keys_max = 8;

/// Keys of one fetch: an MGET's are stored one by one.
inline constexpr std::size_t fetch_keys_max = commands::question_words_max;

/// An MGET's reply of more bytes is put together in memory of Reader::scratch.
inline constexpr std::size_t scratch_bytes_min = 4096;

class Cache {
 public:
  /// What a cache is made of, taken before there is one.
  struct Memory {
    AccountHandle account;
    Charge own;    // the Cache itself
    Block shards;  // and their fences
  };

  /// Takes it in `budget`, which must outlive the cache. `options` must be valid. invalid_option
  /// where they want more than the line could ever give; out_of_memory.
  static Result<Memory> take_memory(Budget& budget, const CacheOptions& options);

  Cache(const CacheOptions& options, Memory memory);
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  const CacheOptions& options() const { return options_; }
  const Filter& filter() const { return filter_; }

  /// Whether `command` is a read of those that are looked up here: then `reader` has its question.
  bool takes(const CommandView& command, commands::QuestionReader& reader) const {
    return reader.read(command, filter_.module_reads()) && filter_.admits(reader.question());
  }

  // For clients.

  /// A slot for a client. invalid_option: too many clients, or no memory for one more.
  Result<std::uint32_t> join();
  void leave(std::uint32_t slot);

  Generations& generations() { return generations_; }

  /// A mark behind all that were drawn before.
  Mark next_mark() { return last_mark_.fetch_add(1) + 1; }

  /// Whose replies its clients read: entries are shared by those who read the same source.
  Sources& sources() { return sources_; }
  /// Sources::enter(). What is left of the source that gave its place is swept.
  Sources::Source* enter_source(const KeyHash& whose) {
    const Sources::Entered entered = sources_.enter(whose);
    // A sweep goes over all entries: only where there may be some to find.
    if (entered.has_displaced) generations_.note_end();
    return entered.source;
  }
  /// Puts all entries of a source out of reach: somebody may have lost the right to see them.
  void drop_source(Sources::Source& source) {
    if (sources_.drop(source)) generations_.note_end();
  }
  /// What texts are known by that say who is who: keyed, so that none can be chosen to be alike.
  KeyHash digest(std::string_view text) const { return shards_[0].store.hash_of(text); }

  /// What a lookup may be served.
  struct Reader {
    std::uint32_t source = Sources::none;
    bool takes_untracked = false;            ///< also what only time vouches for
    Freshness fresh{};                       ///< only what is proved to be as fresh as that
    Duration clock_step = Duration::zero();  ///< by which `now` may lag behind the time
    Account* scratch = nullptr;              ///< of what is put together while it is visited
    bool is_counted = false;                 ///< as a lookup that found nothing, before
  };

  /// Calls `visit(std::string_view)` with the RESP bytes of the reply, with the shard locked, and
  /// returns true; or counts a miss and returns false. `visit` returns whether it could use them.
  ///
  /// An MGET is put together of what GETs of its keys would have found, if all of these are there
  /// and of one connection: then the whole was true at one time.
  template <class Visit>
  bool visit(const Reader& reader, const commands::Question& question, Instant now, Visit&& visit) {
    if (commands::is_mget(question)) [[unlikely]]
      return visit_each(reader, question, now, ReplyVisitor::of(visit));
    const KeyHash hash = hash_of(question.key);
    Shard& shard = shard_of(hash);
    const Lock lock(shard.mutex);
    if (!reader.is_counted) ++shard.counters.lookups;
    Entry* const entry = find(shard, reader, hash, question, now);
    if (entry == nullptr || !visit(entry->reply())) return false;
    shard.store.touch(*entry);
    ++shard.counters.hits;
    return true;
  }

  /// Whether there is something that this connection vouches for, if only it could prove it; of an
  /// MGET, for its first key.
  bool has(const commands::Question& question, std::uint32_t source, const Stamp& stamp,
           Instant now);

  /// Taken when a fetch begins, compared when its reply is there.
  struct Ticket {
    struct Seen {
      std::uint32_t cell;
      std::uint32_t version;
      Instant expires_at;  ///< as far as the server has said
      bool has_expiry;     ///< it has been asked, and the reply is yet to come
    };
    KeyHash hash;
    std::uint32_t source = Sources::none;
    Instant began_at{};    ///< nothing of it went to the server before
    Mark mark = 0;         ///< drawn then
    Stamp stamp;           ///< of the connection that it is sent on
    std::span<Seen> keys;  ///< those of the question in order; memory of whoever has the ticket
    std::uint32_t version_of_all = 0;
    bool is_storable = false;
  };

  /// `slot`: of the connection, Generations::untracked where only time vouches for the reply.
  /// Without a source, nothing is stored. The question has as many keys as `room` at most, and
  /// cache_keys_max unless it is an MGET.
  Ticket begin_fetch(const commands::Question& question, std::uint32_t source, std::uint32_t slot,
                     Instant now, std::span<Ticket::Seen> room);

  /// What begin_fetch() of a GET of key `number` of an MGET would have said, then.
  Ticket part_of(const Ticket& mget, std::string_view key, std::size_t number);

  /// Whether nothing is known to have changed since: a later read may have the same reply.
  bool is_current(const Ticket& ticket) const;

  /// A key that may have changed, and how tickets of the connection that says so go on (update()).
  struct Change {
    std::uint32_t cell = 0;
    std::uint32_t version_before = 0;
    bool of_all = false;
    Stamp stamp_before{};
    Stamp stamp_after{};
  };
  struct Changes {
    std::array<Change, cache_keys_max> keys{};
    std::uint32_t count = 0;
  };

  /// A fetch has its reply, which is of the ticket's source, of `bytes` that `write(char*)` puts
  /// where it is told. It is stored unless it was overtaken, or the policy of nulls says no
  /// (`Keep::no`). Either way nothing older is served after it: an entry that differs goes, and
  /// what others are fetching is poisoned. No MGET: its keys land one by one.
  enum class Keep : std::uint8_t { no, if_current };
  template <class Write>
  Changes land(const Ticket& ticket, const commands::Question& question, Instant now, Keep keep,
               std::size_t bytes, Write&& write) {
    Shard& shard = shard_of(ticket.hash);
    const Lock lock(shard.mutex);
    if (keep == Keep::if_current && may_store(shard, ticket)) {
      Entry* const entry = insert(shard, ticket, question, now, bytes);
      if (entry != nullptr) write(entry->reply_space());
    } else if (Entry* const other = shard.store.find(ticket.source, ticket.hash, question)) {
      std::array<char, compared_bytes_max> same;
      const bool may_be_same = other->reply().size() == bytes && bytes <= same.size();
      if (may_be_same) write(same.data());
      if (!may_be_same || other->reply() != std::string_view(same.data(), bytes)) {
        shard.store.erase(*other);
      }
    }
    return poison(ticket);
  }

  /// The server says that a key has changed: what is there of a key of this name goes, whosever it
  /// is. Fetches of other connections are poisoned. Returns it for update().
  Change invalidate(std::string_view key);
  /// That all keys may have.
  Change invalidate_all(std::uint32_t slot);
  /// The wire decides for the connection that brought the news: the reply comes behind it. But what
  /// the server said of a key's expiry came before: then the reply is not to be stored.
  void update(Ticket& ticket, const Change& change) const;

  /// A key that is being written by a client of this cache, until end_write(): nothing of it is
  /// served or stored, to whichever source the client belongs. Two sources may be users of one
  /// server, or names of it; where they are not, that costs a miss.
  struct Fence {
    std::uint32_t cell = 0;
  };
  Fence begin_write(std::string_view key);
  void end_write(Fence fence) { fences_.end_write(fence.cell); }
  /// Any key, or nobody knows which.
  void begin_write_of_all();
  /// Any key may have changed: fetches are poisoned, and entries are out of reach.
  void poison_all();
  void end_write_of_all() {
    all_version_.fetch_add(1);
    all_open_.fetch_sub(1);
  }

  void count_uncacheable() { uncacheable_.fetch_add(1, std::memory_order_relaxed); }

  /// Frees a bounded number of entries that expired, that nobody vouches for any more, or that the
  /// memory line wants back. Returns whether more of them may be left.
  bool relieve(Instant now);
  /// When to call it at the latest; never where nothing expires.
  Instant next_expiry();

  /// Drops all.
  void clear();

  /// Drops what only time vouches for; what is being fetched of that is not stored.
  void drop_untracked() { generations_.end_untracked(); }

  CacheStatistics statistics();
  void validate();

 private:
  struct alignas(64) Shard {
    Shard(Account& account, const StoreOptions& store_options) : store(account, store_options) {}
    Mutex mutex;
    Store store;
    CacheCounters counters;
    std::uint32_t ends_seen = 0;      // Generations::ends_count() when the last sweep began
    std::uint64_t sweeps_before = 0;  // the store's, then
    bool is_swept = true;
  };

  // A `visit` of any type.
  struct ReplyVisitor {
    void* context;
    bool (*call)(void* context, std::string_view reply);

    template <class Visit>
    static ReplyVisitor of(Visit& visit) {
      return {&visit, [](void* context, std::string_view reply) {
                return (*static_cast<Visit*>(context))(reply);
              }};
    }
  };

  class ShardLocks;
  struct Found;

  bool visit_each(const Reader& reader, const commands::Question& mget, Instant now,
                  const ReplyVisitor& visit);
  bool find_each(const Reader& reader, Instant now, std::span<Found> all);
  void touch_each(std::span<const Found> all);
  static std::uint32_t shards_for(const CacheOptions& options);
  KeyHash hash_of(std::string_view key) const { return shards_[0].store.hash_of(key); }
  std::uint32_t shard_index(const KeyHash& hash) const {
    return shards_count_ == 1 ? 0 : static_cast<std::uint32_t>(hash.high % shards_count_);
  }
  Shard& shard_of(const KeyHash& hash) { return shards_[shard_index(hash)]; }
  std::uint32_t cell_of(const KeyHash& hash) const { return fences_.index_of(hash.high >> 32); }
  static Shard* place_shards(const Block& block);
  std::size_t fences_bytes() const {
    return Fences::cells_for(options_.bytes_max) * sizeof(Fences::Cell);
  }
  bool is_fenced(const KeyHash& hash, const commands::Question& question) const;
  std::size_t erase_key(const KeyHash& hash, std::string_view key);
  Entry* find(Shard& shard, const Reader& reader, const KeyHash& hash,
              const commands::Question& question, Instant now);
  bool may_serve(const Entry& entry, const Reader& reader, Instant now) const;
  bool may_store(Shard& shard, const Ticket& ticket) const;
  Entry* insert(Shard& shard, const Ticket& ticket, const commands::Question& question, Instant now,
                std::size_t bytes);
  Instant expiry_of(const Ticket& ticket) const;
  Changes poison(const Ticket& ticket);
  bool sweep(Shard& shard);

  const CacheOptions options_;
  const Filter filter_;
  Memory memory_;
  Shard* shards_;
  const std::uint32_t shards_count_;
  Fences fences_;
  Generations generations_;
  Sources sources_;
  std::atomic<bool> has_further_keys_{false};  // entries that depend on several keys were stored
  std::atomic<std::uint32_t> all_open_{0};
  std::atomic<std::uint32_t> all_version_{0};
  std::atomic<Mark> last_mark_{0};
  std::atomic<std::uint64_t> uncacheable_{0};
  std::atomic<std::uint64_t> fenced_{0};
  std::atomic<std::uint64_t> invalidations_of_all_{0};
  Mutex members_mutex_;
};

}  // namespace plimsoll::cache
