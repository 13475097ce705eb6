#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache_watcher.h"
#include "plimsoll/core/cache/entry.h"
#include "plimsoll/core/cache/freshness.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"

// Records which connection vouches for which entries. The server tracks the keys that a connection
// has read, and reports their changes on that connection. Each client of the cache is a member with
// a number, and each period of uninterrupted tracking on its connection is one generation of that
// member. An entry's stamp names the member and the generation in which it was read.
//
//   add_member() --> generation n --end()--> generation n + 1 --> ... --> remove_member()
//
// Invariants:
//
// - When a connection ends, its generation ends, and all entries with that stamp are out of reach
//   at once; they need not be found or erased first. end_all() does the same for all members: it
//   raises the epoch, which is a part of every stamp.
// - The number of a generation only grows, also when a new client gets the number of a former
//   member.
// - Member 0 (`untracked`) is for entries that only a time limit bounds, because no connection
//   vouches for them.
// - The proved time and mark of a member do not go back until its generation ends, or is suspended.
//
// Lookups need no lock; add_member() and remove_member() need the Cache's members_mutex_.

namespace plimsoll::inline v0::cache {

class Generations {
 public:
  static constexpr std::uint32_t untracked = 0;
  static constexpr std::uint32_t members_per_chunk = 32;
  static constexpr std::uint32_t chunks_max = 64;
  /// Member 0, and one for each client that a cache may have at a time.
  static constexpr std::uint32_t members_max = members_per_chunk * chunks_max;

  /// `cache`, the cache's account, pays for the chunks of members.
  explicit Generations(Account& cache) : account_(cache) {}
  Generations(const Generations&) = delete;
  Generations& operator=(const Generations&) = delete;

  /// Makes a client a member and returns its number; `untracked` if all numbers below members_max
  /// are taken, or there is no memory for one more. Call both functions with the Cache's
  /// members_mutex_ held.
  std::uint32_t add_member();
  void remove_member(std::uint32_t member);

  /// The stamp for an entry whose fetch begins now on this member's connection.
  Stamp stamp(std::uint32_t member) const { return {.member = member, .id = id(member)}; }

  bool is_valid(Stamp stamp) const { return stamp.id == id(stamp.member); }

  /// Ends the member's generation, which puts its entries out of reach.
  void end(std::uint32_t member);

  /// Does the same for all members that have proved nothing beyond `mark`. They are still read, and
  /// what they prove from now on counts for what is read from now on.
  void end_unproved(Mark mark);

  /// The connection was lost, and the next one may vouch for the same entries: nothing is proved of
  /// them, and none is served, until the member is readable and proves something again.
  void suspend(std::uint32_t member);

  /// Ends the generation of the entries that no connection vouches for.
  void end_untracked() {
    untracked_id_.fetch_add(1, std::memory_order_acq_rel);
    note_end();
  }

  /// Ends the generations of all members. Entries whose fetch begins after this call are not
  /// affected. Returns a number for this end, which is unique even if several threads call this at
  /// a time.
  std::uint32_t end_all() {
    note_end();  // for have_ended_since()
    const std::uint32_t end = epoch_.fetch_add(1, std::memory_order_acq_rel);
    note_end();  // so that the entries are swept
    report_to_watcher();
    return end;
  }

  /// The member's stamp just before the end_all() that returned `end`, and just after it.
  Stamp stamp_before(std::uint32_t member, std::uint32_t end) const {
    return {.member = member, .id = tracking_id(member) + end};
  }
  Stamp stamp_after(std::uint32_t member, std::uint32_t end) const {
    return {.member = member, .id = tracking_id(member) + end + 1};
  }

  /// Changes whenever entries are put out of reach, by the end of a generation or otherwise
  /// (note_end()). A thread that sees the new count also sees the change that put them out of
  /// reach.
  std::uint32_t ends_count() const { return ends_count_.load(std::memory_order_acquire); }
  void note_end() { ends_count_.fetch_add(1, std::memory_order_release); }

  /// Whether entries may have gone out of reach since ends_count() was `count`. If not, all stamps
  /// that were read in between are valid, and have been since then.
  bool have_ended_since(std::uint32_t count) const { return ends_count() != count; }

  /// Records a proof: the member's connection has delivered every invalidation up to `at`, because
  /// the reply to a request has arrived that was sent at `at`, after `mark` was drawn. An earlier
  /// time or mark changes nothing.
  void prove(std::uint32_t member, Instant at, Mark mark);
  Instant proved_at(std::uint32_t member) const {
    return Instant(Duration(this->at(member).proved_at.load(std::memory_order_acquire)));
  }
  Mark proved_mark(std::uint32_t member) const {
    return at(member).proved_mark.load(std::memory_order_acquire);
  }

  // ---- For the watcher of the cache (cache_watcher.h).

  void set_watcher(CacheWatcher* watcher) { watcher_.store(watcher); }
  /// An entry of this generation is watched from now on: its end will be told. False: it has ended
  /// already. The order of the two steps, and of those in end(), prevents that a generation ends in
  /// another thread in between and nobody is told. The mark stays until then, or until
  /// forget_watched_before() takes it away.
  bool watch(Stamp stamp) {
    at(stamp.member).is_watched.store(true, std::memory_order_seq_cst);
    return is_valid(stamp);
  }
  /// Takes away the marks of members that have proved nothing since `since`, and returns whether
  /// there were any. Looks at all members.
  bool forget_watched_before(Instant since);
  bool has_watcher() const {
    return may_be_watched() && watcher_.load(std::memory_order_relaxed) != nullptr;
  }
  void report_to_watcher() {
    if (!may_be_watched()) return;
    if (CacheWatcher* const watcher = watcher_.load()) watcher->handle_out_of_reach();
  }
  void report_to_watcher(std::uint16_t slot) {
    if (!may_be_watched()) return;
    if (CacheWatcher* const watcher = watcher_.load()) watcher->handle_slot_dropped(slot);
  }

  /// Whether the connection is being read. While it is not, for example because there is no memory,
  /// invalidations may lie unread in the socket, so none of the member's entries may be served.
  void set_readable(std::uint32_t member, bool readable);
  bool is_readable(std::uint32_t member) const {
    return at(member).readable.load(std::memory_order_acquire);
  }

 private:
  struct Member {
    std::atomic<std::uint32_t> id{1};
    std::atomic<bool> readable{false};
    bool taken = false;
    std::atomic<bool> is_watched{false};
    std::atomic<Duration::rep> proved_at{Duration::min().count()};
    std::atomic<Mark> proved_mark{0};
  };

  std::uint32_t id(std::uint32_t member) const {
    const std::uint32_t epoch = epoch_.load(std::memory_order_acquire);
    return tracking_id(member) + epoch;
  }
  std::uint32_t tracking_id(std::uint32_t member) const {
    if (member == untracked) return untracked_id_.load(std::memory_order_acquire);
    return at(member).id.load(std::memory_order_seq_cst);  // for watch(); costs as much as acquire
  }
  void end(Member& ended);
  static void forget_proofs(Member& member);
  void report_if_watched(Member& member);
  template <class Visit>
  void for_each_member(Visit&& visit);
  Member& at(std::uint32_t member) const {
    Member* const chunk = chunks_[member / members_per_chunk].load(std::memory_order_acquire);
    PLIMSOLL_CHECK(chunk != nullptr);
    return chunk[member % members_per_chunk];
  }

  Account& account_;
  std::atomic<CacheWatcher*> watcher_{nullptr};
  std::atomic<std::uint32_t> epoch_{1};
  std::atomic<std::uint32_t> untracked_id_{0};
  std::atomic<std::uint32_t> ends_count_{0};
  std::array<std::atomic<Member*>, chunks_max> chunks_{};
  std::array<Block, chunks_max> blocks_;
};

}  // namespace plimsoll::inline v0::cache
