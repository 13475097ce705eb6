#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/clock_step.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/fetches.h"
#include "plimsoll/core/client/reply_source.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/client/write_fences.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/resp/wire_value.h"
#include "plimsoll/core/session/session.h"

// One client's part in a cache: what its connection proves, what it fetches, what it writes. It
// sees every event of the main session before users do, and keeps invalidations to itself. The
// rules that make the cache coherent are told in docs/caching.md.
//
// A connection's generation begins when its tracking does, and ends with it. A reply proves that
// all invalidations for what happened before its request was staged have arrived. So the near cache
// remembers when one request at a time (the probe) was staged, as a time and as a mark; the reply
// to the probe proves the generation until then. If there are no requests, a PING is the probe.
//
//                ready, and tracked                 note_request(), or a PING
//   no generation ---------------> no probe ------------------------------------> probe under way
//        ^                          |  ^                                              |
//        |                          |  +-- its reply (proved), or it was lost --------+
//        +-- connection lost -------+
//
// Invariants:
//  - A generation vouches for entries only while `tracked_` is true, and only for coherence_lease
//    after its last proof. If no probe is under way, a PING is sent after half of that time.
//  - With broadcasts, the server sends invalidations behind all replies of its turn. So a reply
//    proves only what was staged before the probe that came before it (`proved_before_`).
//  - While a write is under way, its keys are fenced: no entry of them is served.
//  - A fetch (fetches.h) is completed once: all its waiters are told before the session is asked
//    for its next event, because the reply lives only until then.

namespace plimsoll {

class NearCache {
 public:
  /// Accounts and the session must outlive this, the cache too. `cache` has given the client
  /// `member`. `place` and `clock_step` are as in Client::use_cache().
  NearCache(cache::Cache& cache, std::uint32_t member, std::string_view place, Duration clock_step,
            Session& main, Account& requests, Account& replies);
  ~NearCache();
  NearCache(const NearCache&) = delete;
  NearCache& operator=(const NearCache&) = delete;

  enum class State : std::uint8_t {
    unknown,   ///< there was no connection yet
    tracking,  ///< entries are vouched for by connections that are tracked
    ttl,       ///< by time alone
    off        ///< nothing is cached: no tracking, and no entry_ttl either
  };
  State state() const { return state_.load(std::memory_order_relaxed); }
  cache::Cache& cache() const { return cache_; }

  /// What a read that is called now wants. From any thread.
  cache::Freshness freshness(Duration max_staleness, Instant now) const {
    if (max_staleness == cache::any_staleness) return {.after = side_delivery()};
    const Duration step = clock_step_.value();
    if (max_staleness <= step) return {.after = cache_.next_mark()};
    return {.since = now - max_staleness + step};
  }

  /// What a lookup of this client may be served. From any thread.
  cache::Cache::Reader reader(Duration max_staleness, Instant now) const {
    return reader(freshness(max_staleness, now));
  }
  cache::Cache::Reader reader(const cache::Freshness& fresh) const {
    return {.source = source_.number(),
            .takes_untracked = state() == State::ttl,
            .fresh = fresh,
            .clock_step = clock_step_.value()};
  }

  /// A command for the main connection. A read that may be cached is fetched, or waits for one that
  /// is being; a write fences its keys. rejected_by_limit and the like as Session::submit().
  ///
  /// A read gets what was true at most `max_staleness` before. Where the cache has it, but no proof
  /// as young as that, one is asked for rather than the reply.
  Result<RequestId> submit(const CommandView& command, Instant now, Instant deadline, Tag tag,
                           Duration max_staleness = cache::any_staleness);

  /// Client::prove().
  Result<RequestId> prove(Instant now, Instant deadline, Tag tag);

  /// A command that was staged elsewhere: behind the line for room, or beside the main connection.
  void note_staged(const CommandView& command, RequestId id) { writes_.begin(command, id); }
  void note_side_request(const CommandView& command, RequestId id);

  /// A command got in the line for room, as `id`; of those who wait, `first` is the first now.
  void note_waits(const CommandView& command, RequestId id) { waiting_.begin(command, id); }
  void handle_first_waits(RequestId first) { waiting_.end_until(first); }

  /// Another connection of the client is about to tell something. What is read after that is to be
  /// as new, although invalidations come on the main connection, and maybe later: the next reply
  /// there proves it.
  void note_side_delivery() { side_delivery_.store(cache_.next_mark(), std::memory_order_release); }

  void cancel(RequestId id) { fetches_.cancel(id); }

  /// Client::set_shown().
  void set_shown(std::string_view text) { source_.set_shown(text); }
  /// The main connection is there, and its handshake begins.
  void handle_opened() { source_.handle_opened(); }
  /// The session is about to be given new credentials.
  void handle_credentials(const Credentials& credentials) {
    source_.handle_credentials(credentials);
  }
  /// An event with an error, of any connection of the client: if it says that the user lacks a
  /// right, what the cache has of that user goes.
  void note_refusal(const Event& event) {
    if (source_.drop_if_refused(event)) has_to_relieve_ = true;
  }

  /// What is to be told before the session is asked again.
  std::optional<Event> poll_event();

  /// What users are told of an event of the main session.
  std::optional<Event> handle_event(const Event& event);

  /// Whether the last event is told once more, to another: its reply must stay.
  bool will_tell_again() const { return completed_ != nullptr && completed_->waiters != nullptr; }

  /// The reply of the last event, where it came from the cache; else empty.
  std::string_view cached_reply() const {
    return {static_cast<const char*>(cached_.data()), cached_.size()};
  }

  /// After anything that may have moved the session on.
  void follow_session();
  /// After the same of the others.
  void follow_side_connections(const SideConnections& sides);

  /// There is no memory to read to; there was.
  void handle_not_read();
  void handle_read();

  void handle_timeout(Instant now);
  Instant poll_timeout() const;

  /// CHECKs all that must hold between calls.
  void validate() const { fetches_.validate(); }

 private:
  struct SideWrite {
    RequestId id;
    cache::Cache::Fence fence;
    bool of_all;
  };

  // When something was staged.
  struct Staged {
    Instant at;
    cache::Mark mark;
  };
  // Must be called before the request is staged, so that a caller with a later
  // mark is known to have asked after it.
  Staged about_to_stage(Instant now) { return {now, cache_.next_mark()}; }

  bool may_track(std::string_view key) const;
  bool may_fetch(const commands::Question& question) const;
  std::optional<RequestId> fetch(const commands::Question& question, const CommandView& command,
                                 Instant now, Instant deadline, Tag tag, Duration max_staleness);
  Result<RequestId> submit_fetch(Fetches::Fetch& fetch, const CommandView& command);
  static Staged staging_of(const Fetches::Fetch& fetch) {
    return {fetch.ticket.began_at, fetch.ticket.mark};
  }
  bool has_not_left(const Fetches::Fetch& fetch) const;
  bool may_join(const Fetches::Fetch& fetch, const cache::Freshness& fresh, Instant now) const;
  cache::Mark side_delivery() const {
    return state() == State::ttl ? 0 : side_delivery_.load(std::memory_order_acquire);
  }
  std::optional<RequestId> join(Fetches::Fetch& fetch, Instant deadline, Tag tag);
  bool has_room_to_wait() const;
  std::uint32_t member() const;
  void begin_generation();
  void end_generation();
  bool handle_push(const Value& push);
  void handle_invalidation(const Value& keys);
  void forget_all();
  void take_part(const Event& event, Fetches::Fetch& fetch);
  std::optional<Event> complete_fetch(const Event& event, Fetches::Fetch& fetch);
  void take_answer(Fetches::Fetch& fetch, const std::optional<Value>& value);
  void take_answers(const Fetches::Fetch& mget, const std::optional<Value>& value);
  void keep(const cache::Cache::Ticket& ticket, const commands::Question& question,
            const Value* value, cache::Cache::Keep keep);
  Event delivered(Tag tag);
  Event failed(const Fetches::EndedWaiter& ended);
  bool is_broadcast() const;
  Result<Fetches::Fetch*> open_proof(Instant now);
  std::optional<RequestId> await_proof(const commands::Question& question, std::uint64_t hash,
                                       const cache::Cache::Ticket& ticket,
                                       const CommandView& command, Instant now, Instant deadline,
                                       Tag tag);
  std::optional<Event> complete_proof(const Event& event, Fetches::Fetch& proof);
  void end_proof(Fetches::Fetch& proof);
  void ask_again(Fetches::Fetch& fetch);
  bool take_from_cache(Fetches::Fetch& fetch);
  void prove_until(const Staged& staged);
  void note_request(RequestId id, const Staged& staged);
  void ask_for_proof(Instant now);
  void give_up_probe();
  Instant next_proof() const;
  void handle_reply_to(RequestId id);

  cache::Cache& cache_;
  const std::uint32_t member_;
  Session& main_;
  Account& requests_;
  Account& replies_;
  std::atomic<State> state_{State::unknown};
  bool tracked_ = false;              // a generation is under way
  bool side_writes_unknown_ = false;  // writes of which side_writes_ had no place are under way
  bool has_to_relieve_ = false;       // entries may be left that are to go
  std::uint64_t connection_ = 0;      // of which the generation is, as the session counts them
  std::uint64_t pushes_skipped_ = 0;
  ClockStep clock_step_;
  std::atomic<cache::Mark> side_delivery_{0};
  std::optional<RequestId> probe_;  // its reply proves all until `probe_staged_`
  Staged probe_staged_{Instant::min(), 0};
  Staged proved_before_{Instant::min(), 0};  // broadcast: what one more answer proves
  Fetches fetches_;
  ReplySource source_;
  Fetches::Fetch* completed_ = nullptr;
  std::optional<Event> outcome_;
  Fetches::Fetch* proof_ = nullptr;        // the newest
  Fetches::Fetch* asked_again_ = nullptr;  // a chain: the fetches whose proof has ended
  Block cached_;                           // bytes of the reply that is delivered now
  WireReader cached_reader_;               // and the reply
  WriteFences writes_;
  WriteFences waiting_;  // of those that wait for room
  Queue<SideWrite> side_writes_;
  Error error_;
  Instant relieved_at_ = Instant::min();
  Instant asked_at_ = Instant::min();
};

}  // namespace plimsoll
