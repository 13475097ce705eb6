#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/action.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/cluster/primary_choice.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/backoff.h"
#include "plimsoll/core/session/session.h"

// A client's connections to sentinels, which tell where the primary is. The client has one to each
// sentinel that its options name, and to each that those know, up to sentinels_max. Each is asked
// for the primary as soon as it is ready, at ask(), and every sentinel_ask_interval; and it
// announces switches by itself. primary_choice.h says which answer counts.
//
// A sentinel that cannot be reached is tried again: at each ask(), and after a wait that grows up
// to sentinel_wait_max. One that only other sentinels named is forgotten after
// sentinel_failures_max failures in a row; if it still exists, the others name it again.
//
// Invariants:
//  - The client that calls ask() gets an answer: finding() leaves `pending` within a quarter of
//    connect_timeout, or sentinel_patience_max, because sentinels that have said nothing by then
//    count as absent.
//  - primary() changes only if sentinels name another one. While no sentinel can be asked, it
//  stays.
//  - The connections have the last sentinels_max places of a client's connections.

namespace plimsoll::inline v0 {

/// How often each sentinel is asked again while all is well. It announces switches by itself; this
/// is for announcements that were missed.
inline constexpr Duration sentinel_ask_interval = std::chrono::seconds(10);

/// How long a sentinel is waited for at most, however long connect_timeout is: one that hangs is
/// not worth more.
inline constexpr Duration sentinel_patience_max = std::chrono::seconds(10);

/// The wait between attempts at a sentinel that cannot be reached, as Backoff draws it.
inline constexpr Duration sentinel_wait_min = std::chrono::milliseconds(100);
inline constexpr Duration sentinel_wait_max = std::chrono::seconds(1);

/// After so many failures in a row, a sentinel that only others have named is forgotten.
inline constexpr std::uint8_t sentinel_failures_max = 3;

/// The largest reply that a sentinel may give; a larger one is skipped. SENTINEL SENTINELS has
/// about 900 bytes and 40 values for each sentinel.
inline constexpr std::size_t sentinel_reply_bytes_max = 256 * 1024;

class Sentinels {
 public:
  /// `options`: the client's, with `sentinel`. All must outlive this object.
  Sentinels(const SessionOptions& options, const Session::Accounts& accounts);
  ~Sentinels();
  Sentinels(const Sentinels&) = delete;
  Sentinels& operator=(const Sentinels&) = delete;

  /// The main connection is to be opened: asks all sentinels where, anew. From now on the question
  /// is open, until take_question().
  void ask(Instant now);
  bool is_asked() const { return is_asked_; }
  /// Whether the question was open. Call this once its finding() was used, or if nobody needs the
  /// answer any more.
  bool take_question() { return std::exchange(is_asked_, false); }

  /// What came of the last ask().
  enum class Finding : std::uint8_t {
    pending,
    found,   ///< primary()
    nothing  ///< problem() says why
  };
  Finding finding() const { return finding_; }
  const Error& problem() const { return problem_; }

  /// The primary, as far as it is known; empty before it is known for the first time.
  const NodeAddress& primary() const { return primary_; }

  /// Whether primary() has changed since the last call.
  bool take_change() { return std::exchange(has_changed_, false); }
  /// Whether there is a reason to try to connect at once, since the last call: primary() has
  /// changed, or it was found after ask() had found nothing.
  bool take_news() { return std::exchange(is_news_, false); }

  /// The time that the driver passed last.
  Instant now() const { return now_; }

  /// The client ends: all connections are closed.
  void stop();

  /// Whether a connection of the client is one of these.
  bool owns(ConnectionId connection) const {
    return static_cast<std::uint32_t>(connection) >= first_place;
  }
  /// The session of a connection; null if there is none.
  Session* session(ConnectionId connection) const;

  /// Call this with each call of a session.
  void note_input(ConnectionId connection);

  void handle_timeout(Instant now);
  Instant poll_timeout();

  /// Handles what the sentinels have said.
  void poll_events() {
    while (heard_ != 0) handle_events();
  }

  std::optional<Action> poll_action();
  /// The same for these connections and the main one: its attempt begins with a question to the
  /// sentinels.
  std::optional<Action> poll_action_with(Session& main);

  /// A bit for each connection that may have bytes to send.
  std::uint64_t unsent() const;

  /// What is known of one sentinel.
  struct Known {
    SeedId seed{};
    const NodeAddress* told = nullptr;     ///< null: it has the address `seed`
    const NodeAddress* primary = nullptr;  ///< what it said last; null: nothing
    ConnectionId connection{};
    bool is_connected = false;
    bool watches_none = false;  ///< it watches no primary of the name
    Error problem{};            ///< why the last attempt at it failed, if it is not connected
  };
  /// How often another primary was found since the first one.
  std::uint64_t switches() const { return switches_; }
  /// How often a sentinel was named for which there was no place (sentinels_max), or no memory.
  std::uint64_t left_out() const { return left_out_; }

  /// Calls `visit(const Known&)` for each sentinel.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint32_t i = 0; i < sentinels_max; ++i) {
      if (entries_[i] && !entries_[i]->leaving) visit(describe(i));
    }
  }

  /// CHECKs all that must hold between calls.
  void validate();

 private:
  static constexpr std::uint32_t first_place = connections_max - sentinels_max;

  struct Entry {
    Entry(SeedId number, std::uint64_t random_seed)
        : seed(number), is_seed(true), backoff(sentinel_wait_min, sentinel_wait_max, random_seed) {}
    Entry(const NodeAddress& named, const SentinelNodeId& known_as, std::uint64_t random_seed)
        : told(named), backoff(sentinel_wait_min, sentinel_wait_max, random_seed) {
      vote.id = known_as;
      vote.was_learned = true;
    }

    SeedId seed{};
    NodeAddress told{};
    bool is_seed = false;
    bool leaving = false;  // it is forgotten once its session is over
    bool ready = false;
    bool is_waited_for = true;        // its last answer came in time, if it was asked before
    bool was_asked = false;           // tag_primary is under way
    bool watched_none = false;        // the last that it said is that it watches no such primary
    bool learns_later = false;        // it is to be asked for the others again
    bool learns_now = false;          // it was
    std::uint8_t failures = 0;        // in a row
    std::uint64_t failed_before = 0;  // how many attempts of the session had failed at ask()
    SentinelVote vote{};
    Error problem{};
    Instant ask_at = never;
    Instant retry_at = never;
    Backoff backoff;
    Box<Session> session{};
  };

  // Tags of requests to a sentinel.
  enum : Tag { tag_primary = 1, tag_id, tag_others, tag_switches };

  // In heard_: there may be another choice, whatever the sentinels have said.
  static constexpr std::uint64_t choice_due = std::uint64_t{1} << sentinels_max;
  static constexpr std::uint64_t bit(std::uint32_t index) { return std::uint64_t{1} << index; }
  static std::uint32_t index_of(ConnectionId connection) {
    return static_cast<std::uint32_t>(connection) - first_place;
  }

  template <class Visit>
  void for_each_session(Visit&& visit) const {
    for (std::uint64_t left = used_; left != 0; left &= left - 1) {
      const auto index = static_cast<std::uint32_t>(std::countr_zero(left));
      visit(index, *entries_[index]->session);
    }
  }

  Duration patience() const {
    return std::min(options_.connect_timeout / 4, sentinel_patience_max);
  }
  Known describe(std::uint32_t index) const;
  void connect(std::uint32_t index);
  void ask_entry(Entry& entry);
  bool waits_for_seed() const;
  bool waits_for_others() const;
  void send(Entry& entry, std::initializer_list<std::string_view> words, Tag tag);
  void handle_events();
  void give_up_late_ones();
  void tidy_up();
  static void note_absent(Entry& entry);
  void handle_entry(std::uint32_t index);
  void handle_event(std::uint32_t index, const Event& event);
  void handle_ready(Entry& entry);
  void handle_refused(Entry& entry, Tag tag, const Error& error);
  void handle_end(Entry& entry, const Error& reason);
  void handle_primary(std::uint32_t index, const Value& reply);
  static void note_said(Entry& entry, const NodeAddress& primary);
  void handle_id(std::uint32_t index, const Value& reply);
  void handle_others(Entry& entry, const Value& reply);
  void handle_push(std::uint32_t index, const Value& push);
  void learn(const NodeAddress& address, const SentinelNodeId& id);
  void choose();
  Error why_not(PrimaryChoice::Kind kind) const;

  const SessionOptions& options_;
  const Session::Accounts accounts_;
  std::array<Box<Entry>, sentinels_max> entries_;
  SwitchAnnouncement announcement_;
  NodeAddress primary_;
  Finding finding_ = Finding::nothing;
  Error problem_{};
  bool is_asked_ = false;
  bool has_changed_ = false;
  bool is_news_ = false;
  bool stopped_ = false;
  std::uint64_t used_ = 0;   // a bit for each entry that has a session
  std::uint64_t heard_ = 0;  // a bit for each entry whose session may have events; and choice_due
  std::uint64_t switches_ = 0;
  std::uint64_t left_out_ = 0;
  Instant now_ = Instant::min();
  Instant round_ends_at_ = never;
  Instant next_timeout_ = Instant::min();  // Instant::min(): not known
};

}  // namespace plimsoll::inline v0
