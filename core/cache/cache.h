#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache_watcher.h"
#include "plimsoll/core/cache/fences.h"
#include "plimsoll/core/cache/filter.h"
#include "plimsoll/core/cache/freshness.h"
#include "plimsoll/core/cache/generations.h"
#include "plimsoll/core/cache/options.h"
#include "plimsoll/core/cache/slot_epochs.h"
#include "plimsoll/core/cache/sources.h"
#include "plimsoll/core/cache/statistics.h"
#include "plimsoll/core/cache/store.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/budget.h"

// The near cache (client-side cache). It stores replies to reads and finds them by key and then by
// the whole command. Many clients may share it. Each client (core/client/near_cache.h) reports what
// happens on its connections: fetches, writes, invalidations, losses. The cache does not call its
// clients. One account of the cache pool pays for all its memory, at most CacheOptions::bytes_max.
// Thread-safe: a large cache is split into shards, each with a lock of its own.
//
// The life of an entry:
//
//   complete_fetch() --> served <--> withheld   while its connection is not read, or has no proof
//                           |            |      that is recent enough for the lease or the reader
//                           +-----+------+
//                                 |
//                                 +--> erased   by an invalidation, a write, its expiry or an
//                                 |             eviction
//                                 |
//                                 +--> out of reach --> erased   its generation ended, its source
//                                                                was dropped, or its slot left its
//                                                                node; a sweep erases it later
//
// The life of a fetch, as its Ticket shows it:
//
//   begin_fetch() --> current --> complete_fetch(): the reply is stored
//                        |
//                        +--> overtaken --> complete_fetch(): the reply is not stored
//
// A write or another connection's invalidation of one of its keys overtakes a fetch, and so does
// the end of its generation or of its slot's epoch. An invalidation on the fetch's own connection
// does not (update()).
//
// Invariants:
//
// - An entry is served only if none of its keys is being written (fences.h), its generation is
//   alive (generations.h), its slot is still at the node that it was read at (slot_epochs.h), its
//   source is current (sources.h), its time is not up and its connection has proved enough
//   (may_serve()).
// - A reply is stored only if its ticket is still current, which is checked under the shard's lock.
//   A call that reports a change first raises the version of the key's cell, then erases entries
//   under the same lock. So a reply that raced with a change is either not stored, or erased.
// - Reads do not go back in time: once a reply was delivered, no older one is served for the same
//   read. complete_fetch() therefore erases an entry that differs, and overtakes other fetches of
//   the same keys, even if the reply itself is not stored.
// - An entry lies in the shard of its first key. Once any entry depends on further keys
//   (has_further_keys_), a change of a key looks for entries in all shards.
// - Only an MGET holds the locks of several shards, and takes them in ascending order.

namespace plimsoll::inline v0::cache {

/// A reply that is not stored leaves an equal entry in place. Replies of more bytes than this are
/// not compared, and their entry is erased.
inline constexpr std::size_t compared_bytes_max = 512;

/// The same for a watched entry: if an equal reply of up to this many bytes takes its place, the
/// watcher need not hear of it.
inline constexpr std::size_t watched_bytes_max = 4096;

/// The most keys that a reply may depend on to be stored as one entry.
inline constexpr std::size_t cache_keys_max = 8;

/// The most keys of one fetch. Only an MGET has more than cache_keys_max: each of its keys becomes
/// an entry of its own.
inline constexpr std::size_t fetch_keys_max = commands::question_words_max;

/// An MGET's reply of up to this many bytes is put together on the stack, a larger one in memory
/// that Reader::scratch pays for.
inline constexpr std::size_t scratch_bytes_min = 4096;

class Cache {
 public:
  /// The memory that a Cache needs before it is constructed.
  struct Memory {
    AccountHandle account;
    Charge own;    // for the Cache object itself
    Block shards;  // the shards; behind them the cells of fences and slot epochs
  };

  /// Charges and allocates the memory for a cache. `budget` must outlive the cache, and `options`
  /// must be valid. Fails with invalid_option if bytes_max is more than the cache pool could ever
  /// have, and with out_of_memory if the budget or the system has no memory now; the caller may try
  /// again later.
  static Result<Memory> take_memory(Budget& budget, const CacheOptions& options);

  Cache(const CacheOptions& options, Memory memory);
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  const CacheOptions& options() const { return options_; }
  const Filter& filter() const { return filter_; }

  /// Whether the cache serves and stores replies to `command`. If so, `reader` holds its question.
  bool takes(const CommandView& command, commands::QuestionReader& reader) const {
    return reader.read(command, filter_.module_reads()) && filter_.admits(reader.question());
  }

  // For clients.

  /// Makes a client a member (generations.h) until leave(), and returns its number. Fails with
  /// invalid_option if Generations::members_max - 1 clients are members, or if there is no memory
  /// for one more.
  Result<std::uint32_t> join();
  void leave(std::uint32_t member);

  Generations& generations() { return generations_; }

  /// Draws a mark: a number that is higher than every mark drawn before.
  Mark next_mark() { return last_mark_.fetch_add(1) + 1; }

  /// The users, databases and servers that clients read: clients of one source share entries.
  Sources& sources() { return sources_; }
  /// Calls Sources::enter(), and lets a sweep erase the entries of a displaced source.
  Sources::Source* enter_source(const KeyHash& whose) {
    const Sources::Entered entered = sources_.enter(whose);
    // A sweep walks over all entries, so it runs only if the displaced source may have some.
    if (entered.has_displaced) generations_.note_end();
    return entered.source;
  }
  /// Puts all entries of a source out of reach, because its user may have lost the right to read
  /// them.
  void drop_source(Sources::Source& source) {
    if (sources_.drop(source)) generations_.note_end();
  }
  /// Hashes a text that identifies a source. The hash is keyed, so a user cannot choose a text that
  /// collides with another user's.
  KeyHash digest(std::string_view text) const { return shards_[0].store.hash_of(text); }

  /// Which entries a lookup accepts.
  struct Reader {
    std::uint32_t source = Sources::none;
    bool takes_untracked = false;  ///< accepts entries that only a time limit bounds (ttl)
    Freshness fresh{};             ///< accepts only entries proved to be this fresh
    Duration clock_step = Duration::zero();  ///< how far `now` may lag behind the actual time
    Account* scratch = nullptr;              ///< pays for an MGET's reply while it is visited
    bool is_counted = false;                 ///< this repeats a lookup that was counted as a miss
    bool is_of_cluster = false;  ///< keys of several slots may have been read at several
                                 ///< nodes
  };

  /// Looks up the reply to `question`. If there is an entry that `reader` accepts, calls
  /// `visit(std::string_view)` with its RESP bytes and returns true; otherwise counts a miss and
  /// returns false. The bytes are valid only during the call, while the shard is locked; `visit`
  /// must not call the cache. `visit` returns whether it could use the bytes: false counts as a
  /// miss.
  ///
  /// The reply to an MGET is composed of the entries of GETs of its keys, if all exist and come
  /// from one connection: then all of it was true at one time, as in the server's reply. In a
  /// cluster only keys of one slot have to come from one connection.
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

  /// Whether there is an entry of the generation `stamp` that may be served to a read with
  /// any_staleness. If so, a proof from that connection (a PING's reply) may be all that a read
  /// with a smaller max_staleness needs. For an MGET, looks at the first key only.
  bool has(const commands::Question& question, std::uint32_t source, const Stamp& stamp,
           Instant now);

  // For those who serve what this cache has elsewhere, too (cache_watcher.h).

  /// There is one watcher at a time, or none (null), which must live until the next call.
  void set_watcher(CacheWatcher* watcher);

  /// Whether the cache would serve these bytes as the reply to `question` now. If so, the watcher
  /// is told when it does not any more. `same` gets the cache's reply, of `bytes` bytes, in one or
  /// more pieces one after the other, and returns whether each is what is expected there. For an
  /// MGET all of its keys are looked at, and nothing is watched if one is missing. What no
  /// connection vouches for is not watched.
  template <class Same>
  bool watch(const Reader& reader, const commands::Question& question, Instant now,
             std::size_t bytes, Same&& same) {
    return watch_for(reader, question, now, bytes, ReplyVisitor::of(same));
  }

  /// Whether a connection that vouches for something watched has proved nothing for a lease, so
  /// that the cache withholds it. The caller has to do what CacheWatcher::handle_out_of_reach()
  /// does, and is not asked to do it again for the same.
  bool withholds_watched(Instant now) {
    return generations_.forget_watched_before(now - options_.coherence_lease);
  }

  /// The state of a fetch's keys when it began. complete_fetch() compares it with the state when
  /// the reply arrives, to find out whether a change overtook the fetch.
  struct Ticket {
    struct Seen {
      std::uint32_t cell;
      std::uint32_t version;  ///< of the cell, when the fetch began
      Instant expires_at;     ///< as the server's PTTL said; `never` if it was not asked
      bool has_expiry;        ///< the server's answer to PTTL is in, the read's reply not yet
    };
    KeyHash hash;
    std::uint32_t source = Sources::none;
    Instant began_at{};    ///< the fetch was not sent before this time
    Mark mark = 0;         ///< drawn at began_at
    Stamp stamp;           ///< the generation of the connection that the fetch is sent on
    SlotEpoch slot{};      ///< in a cluster: of all its keys
    std::span<Seen> keys;  ///< the question's keys in order; the caller owns the memory
    std::uint32_t version_of_all = 0;  ///< the version of all keys together, when the fetch began
    bool is_storable = false;  ///< the source is known, and no key was being written at the begin
  };

  /// Begins a fetch. `member` is that of the connection, or Generations::untracked if only a time
  /// limit bounds how stale the reply gets. With Sources::none the reply will not be stored. `room`
  /// has to have an element for each key of the question; an MGET may have fetch_keys_max, any
  /// other question cache_keys_max. `slot`: of all keys, if a node of a cluster is asked.
  Ticket begin_fetch(const commands::Question& question, std::uint32_t source, std::uint32_t member,
                     Instant now, std::span<Ticket::Seen> room,
                     std::optional<std::uint16_t> slot = std::nullopt);

  /// The ticket that begin_fetch() would have returned for a GET of `key`, number `number` of an
  /// MGET's keys, when the MGET began.
  Ticket part_of(const Ticket& mget, std::string_view key, std::size_t number);

  /// The same for an MGET whose keys are of several slots: `member` has read the key, in `slot`.
  /// Nothing has gone out of reach since the MGET began (Generations::have_ended_since()).
  Ticket part_of(const Ticket& mget, std::string_view key, std::size_t number, std::uint32_t member,
                 std::uint16_t slot) {
    Ticket ticket = part_of(mget, key, number);
    ticket.stamp = generations_.stamp(member);
    ticket.slot = slot_epochs_.of(slot);
    return ticket;
  }

  /// True if no change has overtaken the fetch so far, so a read that begins now may share it.
  bool is_current(const Ticket& ticket) const;

  /// One reported change. update() takes the tickets of the reporting connection past it.
  struct Change {
    std::uint32_t cell = 0;
    std::uint32_t version_before = 0;
    bool of_all = false;  ///< all keys may have changed: use the stamps, not the cell
    Stamp stamp_before{};
    Stamp stamp_after{};
  };
  struct Changes {
    std::array<Change, cache_keys_max> keys{};
    std::uint32_t count = 0;
  };

  /// Whether complete_fetch() may store the reply: `no`, for example, for a null without
  /// CacheOptions::cache_nil.
  enum class Keep : std::uint8_t { no, if_current };

  /// Ends a fetch whose reply of `bytes` bytes has arrived; `write(char*)` copies the reply to the
  /// given memory. With Keep::if_current the reply is stored, unless the fetch was overtaken or
  /// there is no room. In any case no older reply is served from now on: an entry that differs is
  /// erased, and other fetches of the same keys count as overtaken. Returns these changes for
  /// update(). For an MGET, call this for each key, with part_of() as the ticket.
  template <class Write>
  Changes complete_fetch(const Ticket& ticket, const commands::Question& question, Instant now,
                         Keep keep, std::size_t bytes, Write&& write) {
    Shard& shard = shard_of(ticket.hash);
    const Lock lock(shard.mutex);
    if (keep == Keep::if_current && may_store(shard, ticket)) {
      bool stays_watched = false;
      if (generations_.has_watcher()) [[unlikely]] {
        Entry* const before = shard.store.find(ticket.source, ticket.hash, question);
        stays_watched = unwatch_equal(before, bytes, ReplyWriter::of(write));
      }
      Entry* const entry = insert(shard, ticket, question, now, bytes);
      if (entry != nullptr) write(entry->reply_space());
      if (stays_watched) watch_again(entry);
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

  /// The server reported that a key has changed. Erases the entries of all sources that depend on a
  /// key of this name, and overtakes fetches of it. Returns the change for update().
  Change invalidate(std::string_view key);
  /// The server reported that all keys may have changed, on the connection of `member`.
  Change invalidate_all(std::uint32_t member);
  /// Takes a ticket past a change that its own connection reported. The server sends the reply
  /// behind the invalidation, so the reply is the newer of the two and may be stored. The
  /// exception: if the answer to PTTL has arrived already, it belongs to the value before the
  /// change, and would give the new value the old expiry. Then the ticket is not moved, and the
  /// reply is not stored.
  void update(Ticket& ticket, const Change& change) const;

  /// Fences a key that a client of this cache is writing, until end_write(). Until then no reply
  /// that depends on the key is served or stored, for any source: two sources may be two users of
  /// one server, or two names of one server. If they are different servers or databases, the fence
  /// costs a miss.
  struct Fence {
    std::uint32_t cell = 0;
  };
  Fence begin_write(std::string_view key);
  void end_write(Fence fence) { fences_.end_write(fence.cell); }
  /// Fences a key once more that is fenced already: it has to be ended once more, too.
  void begin_write_again(Fence fence) { fences_.begin_write(fence.cell); }
  /// The same for a command that may write any key: a script, FLUSHALL, an unknown command.
  void begin_write_of_all();
  /// Overtakes all fetches and puts all entries out of reach, because any key may have changed.
  void poison_all();
  void end_write_of_all() {
    all_version_.fetch_add(1);
    all_open_.fetch_sub(1);
  }

  /// A slot of a cluster has left the node that its keys were read at. Puts all entries of its keys
  /// out of reach, also those that other clients have read, and overtakes the fetches of them.
  void drop_slot(std::uint16_t slot) {
    generations_.note_end();  // for Generations::have_ended_since()
    if (slot_epochs_.drop(slot)) generations_.end_all();
    generations_.note_end();
    generations_.report_to_watcher(slot);
  }

  /// A reply was not stored, because a key that does not exist may have answered the same.
  void count_absent() { absent_.fetch_add(1, std::memory_order_relaxed); }

  /// The entries of a lost connection are served again.
  void count_resumption() { resumptions_.fetch_add(1, std::memory_order_relaxed); }

  void count_uncacheable() { uncacheable_.fetch_add(1, std::memory_order_relaxed); }

  /// Erases a bounded number of entries that have expired, that are out of reach, or whose memory
  /// the budget wants back. Returns true if more such entries may be left; the caller should then
  /// call again soon.
  bool relieve(Instant now);
  /// The latest time at which to call relieve() for expired entries; `never` if no entry expires.
  Instant next_expiry();

  /// Erases all entries. The replies to fetches under way are not stored.
  void clear();

  /// Drops all entries that only a time limit bounds. The replies to such fetches under way are not
  /// stored.
  void drop_untracked() {
    // Without such entries it would only make sweeps begin anew.
    if (options_.entry_ttl != Duration::zero()) generations_.end_untracked();
  }

  /// Puts all entries out of reach whose connection has proved nothing that was asked for after
  /// `mark`, and overtakes the fetches there. Looks at all members. What a client proves at the
  /// same time, in another thread, may count for what is read from now on.
  void drop_unproved(Mark mark) { generations_.end_unproved(mark); }

  CacheStatistics statistics();
  /// CHECKs the stores of all shards. For tests: walks over everything.
  void validate();

 private:
  struct alignas(64) Shard {
    Shard(Account& account, const StoreOptions& store_options) : store(account, store_options) {}
    Mutex mutex;
    Store store;
    CacheCounters counters;
    std::uint32_t ends_seen = 0;      // Generations::ends_count() when the last sweep began
    std::uint64_t sweeps_before = 0;  // Store::sweeps_count() when the last sweep began
    bool is_swept = true;             // the sweep for ends_seen is complete
  };

  // Wraps a `visit` of any type, so that visit_each() need not be a template.
  struct ReplyVisitor {
    void* context;
    bool (*call)(void* context, std::string_view reply);

    template <class Visit>
    static ReplyVisitor of(Visit& visit) {
      return {&visit, [](void* of_visit, std::string_view reply) {
                return (*static_cast<Visit*>(of_visit))(reply);
              }};
    }
  };

  // The same for a `write` of complete_fetch().
  struct ReplyWriter {
    void* context;
    void (*call)(void* context, char* to);

    template <class Write>
    static ReplyWriter of(Write& write) {
      return {&write, [](void* of_write, char* to) { (*static_cast<Write*>(of_write))(to); }};
    }
  };

  class ShardLocks;
  struct Found;

  bool visit_each(const Reader& reader, const commands::Question& mget, Instant now,
                  const ReplyVisitor& visit);
  std::uint32_t look_up(const commands::Question& mget, std::span<Found> all) const;
  bool find_each(const Reader& reader, Instant now, std::span<Found> all);
  bool watch_for(const Reader& reader, const commands::Question& question, Instant now,
                 std::size_t bytes, const ReplyVisitor& same);
  bool watch_each(const Reader& reader, const commands::Question& mget, Instant now,
                  std::size_t bytes, const ReplyVisitor& same);
  bool watch(Entry& entry);
  static bool unwatch_equal(Entry* before, std::size_t bytes, const ReplyWriter& write);
  void watch_again(Entry* entry);
  static bool may_be_together(const Reader& reader, std::span<const Found> all);
  void touch_each(std::span<const Found> all);
  static std::uint32_t shards_for(const CacheOptions& options);
  KeyHash hash_of(std::string_view key) const { return shards_[0].store.hash_of(key); }
  std::uint32_t shard_index(const KeyHash& hash) const {
    return shards_count_ == 1 ? 0 : static_cast<std::uint32_t>(hash.high % shards_count_);
  }
  Shard& shard_of(const KeyHash& hash) { return shards_[shard_index(hash)]; }
  std::uint32_t cell_of(const KeyHash& hash) const { return fences_.index_of(hash.high >> 32); }
  static Shard* place_shards(const Block& block);
  // What lies behind the shards.
  static std::size_t tables_bytes(const CacheOptions& options) {
    return Fences::cells_for(options.bytes_max) * sizeof(Fences::Cell) +
           SlotEpochs::cells_for(options.bytes_max) * sizeof(SlotEpochs::Cell);
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
  // Raises the versions of the ticket's cells, which overtakes every fetch of their keys.
  Changes poison(const Ticket& ticket);
  bool sweep(Shard& shard);

  const CacheOptions options_;
  const Filter filter_;
  Memory memory_;
  Shard* shards_;
  const std::uint32_t shards_count_;
  Fences fences_;
  SlotEpochs slot_epochs_;
  Generations generations_;
  Sources sources_;
  std::atomic<bool> has_further_keys_{false};  // a fetch of several keys that is no MGET has begun
  std::atomic<std::uint32_t> all_open_{0};     // writes of all keys under way
  std::atomic<std::uint32_t> all_version_{0};  // like Fences::Cell::version, for all keys
  std::atomic<Mark> last_mark_{0};
  std::atomic<std::uint64_t> uncacheable_{0};
  std::atomic<std::uint64_t> fenced_{0};
  std::atomic<std::uint64_t> absent_{0};
  std::atomic<std::uint64_t> resumptions_{0};
  std::atomic<std::uint64_t> invalidations_of_all_{0};
  Mutex members_mutex_;
};

}  // namespace plimsoll::inline v0::cache
