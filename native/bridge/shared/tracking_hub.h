#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/core/cache/cache_watcher.h"
#include "plimsoll/core/cache/freshness.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/encoded_push.h"
#include "plimsoll/native/bridge/shared/holder_names.h"
#include "plimsoll/native/bridge/shared/tracked_keys.h"
#include "plimsoll/native/bridge/shared/tracking_hubs.h"

// CLIENT TRACKING for WebSockets that share connections. No server can tell which of them has read
// a key, so the bridge does, on the grounds of its own cache: what a WebSocket's client keeps is a
// part of what the cache has, and it is told when the cache serves that no longer, for whatever
// reason. So all that makes the cache coherent (docs/caching.md), through lost connections, moved
// slots, silent nodes and changed users, makes its clients' caches coherent, too.
//
//   the upstream's cache --handle_erased()--> news --deliver()--> handle_invalidation()
//
// Each thread of the bridge has a hub for the listeners in it, and all hubs hear of all that the
// cache tells (TrackingHubs).
//
// What a listener gets:
//  - Of a key that it holds: one message after the cache has ceased to serve what it held, and
//    before any reply of which deliver() was called first. Then it does not hold the key any more.
//  - At times a message that all keys may have changed, and then it holds none.
//
// A listener may get a name. When its connection is lost, what it holds stays, and the messages
// that it would get are kept by number, as are the last ones that it was sent. Its client comes
// back with the name and the number of the last one that it has got, as another listener: that one
// is sent what was missed, and holds all that the first one held.
//
// If it comes back in another thread, the hub there gets from this one what it needs. Both hold the
// keys for a while, so that no change is missed between them:
//
//   hub of the new listener               hub that has given the name
//     resume()         -----------------> offer(): gives the keys, and still holds them
//     take_keys()      <-----------------
//       holds them, too ----------------> hand_over(): gives the messages, and forgets the client
//     take_messages()  <-----------------
//       sends them, and answers
//
// The listener gets a new name there, so a connection that is lost before the client knows it makes
// the client begin anew.
//
// Bounds: keys_max keys of a listener, and a part of the memory line for all, beyond which the
// oldest keys of the listener make room, after clients that are away in this thread have made
// theirs; news_keys_max keys of which the cache has told and no listener knows, or else all of them
// count as changed; proof_wait_max for a server that does not answer, or else all that it vouches
// for counts as changed; HolderNames::away_max, MissedMessages' bounds, and a part of the memory
// line for all names and messages, beyond which a client that comes back begins anew.
//
// Used in one thread, that of the executor. Only the cache calls from others.

namespace plimsoll::bridge {

class TrackingListener {
 public:
  /// Behind all replies that have come. Null: there is no memory for the message, so the client
  /// must not go on with what it has. False: it will not get this message. Must not call the hub.
  virtual bool handle_invalidation(const PushBytes& push) = 0;

  /// The client has come back elsewhere, so this listener's connection is lost. Has to call
  /// TrackingHub::leave().
  virtual void handle_taken_over() = 0;

  /// Rises with each connection, in whichever thread it is, so that none takes over a later one of
  /// its client: what it asks another thread may come there late.
  virtual std::uint64_t connection_number() const = 0;

 protected:
  ~TrackingListener() = default;
};

class TrackingHub final : private cache::CacheWatcher {
 public:
  static constexpr std::size_t keys_max = 16'384;
  static constexpr std::size_t news_keys_max = 16'384;  // and as many slots
  /// The part of the memory line that all that is remembered of keys may take: one in so many.
  static constexpr std::size_t part = 8;
  /// The part that names, and what is remembered of messages, may take.
  static constexpr std::size_t names_part = 32;
  /// check() forgets clients that have been away for too long. After so many keys it leaves the
  /// rest to the next check(), because nobody else is served meanwhile.
  static constexpr std::size_t forgotten_at_once_max = 65'536;
  /// A client that waits for a proof hears nothing else, and gives up a silent bridge after some
  /// seconds.
  static constexpr std::chrono::milliseconds proof_wait_max{1000};

  /// `account` pays for what is remembered of keys, and for the messages. It must outlive this
  /// object. `memory_limit` is the line, or this thread's part of it.
  TrackingHub(boost::asio::any_io_executor executor, std::shared_ptr<TrackingHubs> hubs,
              bool is_cluster, Account& account, std::size_t memory_limit);
  ~TrackingHub();
  TrackingHub(const TrackingHub&) = delete;
  TrackingHub& operator=(const TrackingHub&) = delete;

  /// False: there is no memory for one more. The listener must live until remove().
  bool add(TrackingListener& listener);
  /// Fine also for one that was not added. The cost grows with the number of its keys.
  void remove(const TrackingListener& listener);
  /// The same, but if the listener has a name, its client may come back.
  void leave(const TrackingListener& listener);

  /// What a client that may come back has to know.
  struct Named {
    std::string_view name;  ///< valid until the listener leaves
    std::uint64_t number;   ///< of the last message
    bool is_resumed;
  };
  /// Gives a new name to a listener that was added. None: there is no room.
  std::optional<Named> give_name(TrackingListener& listener, std::string_view owner);
  /// Gets the outcome of resume(). None: there is no memory.
  using Resumed = std::function<void(std::optional<Named>)>;
  /// The client of `name` has come back as this listener, which was added, and has got all messages
  /// until `number`. The listener gets the others before `resumed` is called. If the name is not
  /// known (any more), or not all of the others are, the listener gets a new one; then its client
  /// has to drop all that it has kept. `resumed` is called within this call, unless another
  /// thread's hub has given the name; it is never called if the listener leaves first. It keeps the
  /// listener alive.
  void resume(TrackingListener& listener, std::string_view owner, std::string_view name,
              std::uint64_t number, Resumed resumed);

  /// A message that the listener has got from here, or that add_behind() of its replies has, has
  /// left in the direction of the client, or will not any more. Call this in the order in which
  /// they leave.
  void handle_sent(const TrackingListener& listener, const PushBytes& message);
  /// The client will not get a message that it should: it cannot come back.
  void forget_name(const TrackingListener& listener);
  /// The client asks for a proof, or gets it. Most likely it has got the last one before.
  void handle_ping(const TrackingListener& listener);
  void handle_pong(const TrackingListener& listener);

  /// A listener that was added has taken a reply that depends on this key, and that the cache
  /// watches now (Driver::watch_cached()). If that is too much, the listener that holds most is
  /// told that its oldest keys have changed. False: there is no room, and this one has to be told
  /// the same of this key.
  bool hold(TrackingListener& listener, std::string_view key);

  /// Tells listeners what the cache has told so far. Call this before a reply is passed on. It
  /// happens soon by itself.
  void deliver() {
    if (has_news_.load(std::memory_order_acquire)) deliver_news();
  }

  /// Looks whether a server that vouches for held values has been silent for a lease. Call it about
  /// once a second.
  void check();

  /// Asks all servers until they have told of all that has happened before this call, and then
  /// calls `done`, in a turn of the executor, and never before this returns. Of a server that does
  /// not answer within proof_wait_max, the cache serves nothing more that was read before.
  void prove(std::function<void()> done);

  struct Statistics {
    std::size_t listeners = 0;        ///< now
    std::size_t keys = 0;             ///< held now, counted once for each listener
    std::uint64_t invalidations = 0;  ///< messages about keys, to all listeners
    std::uint64_t flushes = 0;        ///< messages about all keys
    std::size_t away = 0;             ///< clients now that may come back
    std::uint64_t resumed = 0;        ///< clients that have come back
    std::uint64_t not_resumed = 0;    ///< that have come back in vain
  };
  Statistics statistics() const;

 private:
  struct Proof {
    cache::Mark mark;
    std::chrono::steady_clock::time_point until;
    std::function<void()> done;  // empty: it is over
  };

  // A client that comes back in another thread than it was in.
  struct Move {
    TrackingListener& listener;  // of the hub that it comes back to
    std::uint8_t origin;         // that hub's number
    std::string owner;
    std::string name;
    std::uint64_t number;
    std::uint64_t connection;  // the listener's
    Resumed resumed;
    std::optional<std::vector<std::string>> keys{};  // the oldest first; none: it has to begin anew
    std::optional<std::vector<PushBytes>> messages{};
    Charge charge{};  // of the keys
  };
  using MovePtr = std::shared_ptr<Move>;

  // CacheWatcher.
  void handle_erased(std::string_view key) override;
  void handle_slot_dropped(std::uint16_t slot) override;
  void handle_out_of_reach() override;

  template <class News, class New>
  void add_news(News& news, New added, std::size_t bytes);
  void wake();
  void deliver_news();
  void tell(TrackedKey& key);
  void flush_all();
  void make_room_for(KeyHolder& holder);
  bool are_too_many() const { return keys_.charged_bytes() > bytes_max_; }
  bool are_names_too_many() const { return names_.charged_bytes() > names_bytes_max_; }
  HolderName* name_of(const TrackingListener& listener);
  void add_missed(HolderName& name, const PushBytes& message);
  bool forget_longest_away();
  void forget_oldest(KeyHolder& holder);
  void pass_on(KeyHolder& holder, const PushBytes& push);
  void erase(KeyHolder& holder);
  void move_keys(KeyHolder& from, KeyHolder& to);
  void hold_or_report(KeyHolder& holder, std::string_view key);
  std::optional<Named> resume_here(TrackingListener& listener, std::string_view owner,
                                   std::string_view name, std::uint64_t number);
  std::optional<Named> begin_anew(TrackingListener& listener, std::string_view owner);
  KeyHolder* take_away(std::string_view owner, std::string_view name, std::uint64_t number,
                       std::uint64_t connection);
  bool ask(std::uint8_t hub_number, MovePtr move, void (TrackingHub::*act)(Move&),
           void (TrackingHub::*go_on)(const MovePtr&));
  void offer(Move& move);
  void take_keys(const MovePtr& move);
  void hand_over(Move& move);
  void take_messages(const MovePtr& move);
  void finish(Proof& proof, bool is_proved);
  void await_proofs();

  const boost::asio::any_io_executor executor_;
  const std::shared_ptr<TrackingHubs> hubs_;
  const std::shared_ptr<native::ClientSideCache> cache_;
  Account& account_;
  const std::size_t bytes_max_;
  const std::size_t names_bytes_max_;
  // What a posted call refers to; null once this object is gone.
  const std::shared_ptr<TrackingHub*> self_ = std::make_shared<TrackingHub*>(this);
  const std::uint8_t number_;  // among hubs_
  HolderNames names_;          // in front of keys_, whose holders' messages it pays for
  TrackedKeys keys_;
  std::deque<std::shared_ptr<Proof>> proofs_;  // in the order of their beginnings
  boost::asio::steady_timer timer_;            // of the first
  bool is_timer_set_ = false;
  Statistics counts_;

  // What the cache has told since the last deliver(), in whatever thread.
  std::mutex mutex_;
  std::vector<std::string> news_;
  std::vector<std::uint16_t> news_slots_;
  Charge news_charge_;
  bool are_all_news_ = false;
  bool has_holders_ = false;  // without any, there are no news: other threads' hubs may have some
  std::atomic<bool> has_news_{false};
};

}  // namespace plimsoll::bridge
