#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/client/replicas.h"
#include "plimsoll/tests/sim/client/addresses.h"
#include "plimsoll/tests/sim/client/clock.h"
#include "plimsoll/tests/sim/client/wire.h"
#include "plimsoll/tests/sim/environment.h"

// A driver as client.h wants it: moves bytes and time between a core Client and its connections,
// keeps every rule of that contract, and holds the client to its side. What it is free to choose
// (when a write is done, how much is read at once) it draws from the seed.

namespace plimsoll::sim {

class Driver final : private Wire::Owner, private Handler {
 public:
  /// Who wanted a client. None of these may call the driver back.
  class Owner {
   public:
    virtual void handle_ready() = 0;
    virtual void handle_disconnected(const Error& reason) = 0;
    /// Of request `event.tag`. `truthful`: the server has not lied on this connection.
    virtual void handle_outcome(const Event& event, bool truthful) = 0;
    /// One of the answers that come before the outcome, or of the messages.
    virtual void handle_part(const Event& event, bool truthful) = 0;
    virtual void handle_closed(const Error& reason) = 0;

   protected:
    ~Owner() = default;
  };

  /// Knows where the addresses lead that sentinels tell, and holds the client to what they say.
  class Guide {
   public:
    struct Way {
      std::size_t server;
      Link::Attempt attempt = Link::Attempt::succeeds;
    };
    virtual Way way_to(const Action& open) = 0;
    virtual void note_opened(ConnectionId connection, std::uint64_t link, std::size_t server) = 0;
    virtual void note_read(std::uint64_t link, std::size_t bytes) = 0;
    virtual void note_sent(std::uint64_t link, std::size_t bytes) = 0;
    /// The client has acted on all that it was told, but has sent nothing since.
    virtual void note_settled() = 0;

   protected:
    ~Guide() = default;
  };

  Driver(Environment& environment, std::uint32_t number, Owner& owner);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Makes a client of `server`'s and has it connect, with `cache` unless that is null or there is
  /// no room for it. False: `budget` has no room for the client.
  bool start(const ClientOptions& options, Budget& budget, std::size_t server,
             cache::Cache* cache = nullptr);
  /// From now on clients ask sentinels: those to which the addresses of their options lead.
  void follow(Guide& guide) { guide_ = &guide; }
  /// From now on clients read from replicas. `options` must outlive the driver.
  void read_from_replicas(const ReplicaOptions& options) { replica_options_ = &options; }
  /// From now on clients are those of a cluster, and know that from the beginning or find it out.
  /// `options` must outlive the driver.
  enum class Knows : std::uint8_t { nothing, cluster };
  void use_cluster(const ClusterOptions& options, Knows knows) {
    cluster_options_ = &options;
    knows_ = knows;
  }
  /// What its client knows of the cluster; null: nothing yet.
  const Cluster* cluster() const { return client_ ? client_->cluster() : nullptr; }
  /// What its client has read from replicas.
  ReplicaCounters replica_counters() const {
    return client_ ? client_->statistics().replicas : ReplicaCounters{};
  }
  /// Whether this is a connection that it has, or tries to have.
  bool has_link(ConnectionId connection, std::uint64_t link) const;
  bool has_main_link() const { return main_wire().has_connection(); }
  Session::State state() const { return state_; }
  bool has_cache() const { return client_ && client_->near_cache() != nullptr; }
  NearCache* near_cache() const { return client_->near_cache(); }
  /// Since when it has its connection; `never` if it is no client.
  Instant ready_since() const { return client_ ? ready_since_ : never; }
  /// Since when it has, or goes on to have, what its connection vouches for: what was true no more
  /// then it does not serve.
  Instant vouched_since() const {
    return client_ ? std::min(ready_since_, main_wire().resumed_at()) : never;
  }
  /// All that the server said before that, it has acted upon; `never`: it has no connection to it.
  Instant heard_until(std::size_t server) const;
  bool is_ready() const { return client_ && state_ == Session::State::ready; }
  /// Whether the connections pool has no room for the handshake of a client without a connection.
  bool lacks_room_to_connect() const;
  Instant heard_at() const { return heard_at_; }
  /// What its client takes for the time.
  Instant time() const override { return clock_.read(environment_.now()); }
  Duration clock_step() const { return clock_.step(); }
  /// When a server answered what another connection than the main one has told last.
  Instant side_delivered_at() const { return side_delivered_at_; }
  bool is_told_the_truth() const { return !client_ || main_wire().truthful(); }
  std::size_t server() const { return server_; }
  /// Who the client is to the server, by what it was told last; none: the server has refused that.
  const std::optional<std::string>& user() const { return user_; }
  std::uint64_t users_before() const { return users_before_; }
  const ClientOptions& options() const { return options_; }
  Addresses& addresses() { return addresses_; }

  /// Ends the client, which has said that it is closed, or has never been started.
  void finish();

  /// Whether nothing is owed to the client.
  bool is_quiet() const;
  bool has_client() const { return client_.has_value(); }

  // What its owner does. Not while it is frozen. After one or more of the first, and after nothing
  // else, settle() sends what was staged.

  Result<RequestId> submit(const CommandView& command, Duration timeout, Tag tag) {
    return submit_fresh(cache::any_staleness, command, timeout, tag);
  }
  Result<RequestId> submit_fresh(Duration max_staleness, const CommandView& command,
                                 Duration timeout, Tag tag);
  Result<RequestId> prove(Duration timeout, Tag tag);
  Result<RequestId> submit_to(ConnectionId connection, const CommandView& command, Duration timeout,
                              Tag tag);
  Result<RequestId> subscribe(ConnectionId connection, SubscriptionKind kind,
                              std::span<const std::string_view> names, Duration timeout, Tag tag);
  Result<RequestId> unsubscribe(ConnectionId connection, SubscriptionKind kind,
                                std::span<const std::string_view> names, Duration timeout, Tag tag);
  Result<RequestId> next_messages(ConnectionId connection, std::size_t messages_max,
                                  Duration timeout, Tag tag);
  void settle() override;
  int visit_short_replies();
  std::optional<ConnectionId> open_exclusive();
  std::optional<ConnectionId> open_subscription();
  void release(ConnectionId connection);
  void close_subscription(ConnectionId connection);
  void set_credentials(const Credentials& credentials);
  void cancel(RequestId id);
  /// Whether it waits for a connection to block on.
  bool waits_to_block(Tag tag) const { return blocked_waiters_.contains(tag); }
  bool waits_to_block() const { return !blocked_waiters_.empty(); }
  void close();
  void abort();
  /// Of the event at hand. `bytes`: of the reply on the wire.
  Result<Reply> keep_reply(std::size_t bytes);
  MessagesMissed messages_missed() const { return client_->messages_missed(); }
  SubscriptionStatistics statistics_of(ConnectionId connection) const {
    return client_->subscription_statistics(connection);
  }

  /// The connections that a subscription has had, by their serial numbers.
  const std::vector<std::uint64_t>& links_of(ConnectionId connection) {
    return wire(connection).links();
  }

  // Faults.

  /// Nothing is read for that long.
  void pause_reading(Duration time);
  /// What the main connection says arrives later by that.
  void hold_news(Duration time);
  /// The main connection is gone, or another one.
  void lose_connection();
  void lose_connection(ConnectionId connection);
  /// Nothing at all happens for that long.
  void freeze(Duration time);
  bool frozen() const { return environment_.now() < frozen_until_; }
  /// Deadlines before it could pass unseen.
  Instant frozen_until() const override { return frozen_until_; }

  void validate();

  /// Whoever waits for memory has been told as soon as there is some. Not asked of those whom the
  /// source refused: it never tells.
  void check_news_of_room();
  /// How many of its connections there are, and how many of these have begun to read what they can
  /// only go on with when others release memory.
  struct Readers {
    std::size_t all = 0;
    std::size_t stuck = 0;
  };
  Readers readers() const;

  /// Whether a pool of its line was ever refused memory.
  bool was_refused(PoolKind pool) const { return budget_->statistics().pool(pool).refused > 0; }

 private:
  enum Plan : std::uint32_t { timer, end_pause };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  plimsoll::Client* client() override { return client_ ? &*client_ : nullptr; }
  Budget& budget() override { return *budget_; }
  bool reads() const override { return !paused_; }
  void handle_news() override { check_silence(); }
  void handle_bytes() override { quiet_since_ = heard_at_ = environment_.now(); }
  void handle_end() override { without_link_since_ = environment_.now(); }
  void note_read(std::uint64_t link, std::size_t bytes) override {
    if (guide_ != nullptr) guide_->note_read(link, bytes);
  }
  void note_sent(std::uint64_t link, std::size_t bytes) override {
    if (guide_ != nullptr) guide_->note_sent(link, bytes);
  }

  void use_cache(cache::Cache& cache);
  Wire& wire(ConnectionId connection);
  const Wire& main_wire() const { return *wires_.at(first_connection); }
  PoolKind pool_of(ConnectionId connection) const;
  bool has_link(ConnectionId connection) const;
  bool leaves_room_to_waiters(std::size_t bytes);
  Result<RequestId> note_submitted(const Result<RequestId>& id, const CommandView* command, Tag tag,
                                   std::uint64_t refusals);
  Result<RequestId> note_blocking(const Result<RequestId>& id, const CommandView& command,
                                  Duration timeout, Tag tag);
  void tell(const Event& event);
  void tell_outcome(const Event& event);
  Result<RequestId> wait_for_room(const CommandView& command, Duration timeout, Tag tag);
  void admit(Tag tag);
  bool note_gave_up(const Event& event);
  bool is_truthful(Tag tag) const;
  void act(const Action& action);
  void count_cluster(const ClusterCounters& counters);
  void open_by_guide(const Action& action);
  void serve_timer();
  void arm_timer();
  void flush();
  void read_on(std::uint64_t resumed);
  std::uint64_t refusals_by_source() const;
  void check_refusal(std::uint64_t refusals_before, PoolKind pool, std::size_t bytes_max);
  void check_bounds(const ClientStatistics& statistics);
  void note_state();
  void check_attempt();
  void check_addresses();
  void check_silence();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "client", number_);
  }

  Environment& environment_;
  const std::uint32_t number_;
  Owner& owner_;
  Random random_;
  const WireHabits habits_;
  const Clock clock_;
  Addresses addresses_;
  Guide* guide_ = nullptr;                           // null: nobody asks sentinels
  const ReplicaOptions* replica_options_ = nullptr;  // null: nobody reads from replicas

  const ClusterOptions* cluster_options_ = nullptr;  // null: the servers are no cluster
  Knows knows_ = Knows::nothing;

  Budget* budget_ = nullptr;
  std::size_t server_ = 0;
  std::optional<plimsoll::Client> client_;
  std::map<ConnectionId, std::unique_ptr<Wire>> wires_;  // made once, kept for ever
  std::array<PoolKind, connections_max> pools_{};        // that pays for what is read
  Session::State state_ = Session::State::idle;
  bool closed_ = false;
  bool paused_ = false;
  std::uint64_t pause_number_ = 0;
  Instant armed_ = never;
  ClientOptions options_;
  bool was_ready_ = false;
  std::uint32_t attempts_ = 0;       // since it was ready
  Instant without_link_since_{};     // and waits for the next attempt
  std::uint64_t waiting_count_ = 0;  // requests on the main connection that somebody waits for
  std::uint64_t outcomes_ = 0;
  // Those who wait for room, or for a connection to block on, in the order in which they came.
  struct Waiter {
    RequestId id;
    std::string request;
    CommandView command;  // all but the bytes
    Instant deadline;
  };
  std::map<Tag, Waiter> waiters_;
  std::map<Tag, Waiter> blocked_waiters_;
  std::map<RequestId, RequestId> admitted_as_;  // what those are called now who were admitted
  std::set<Tag> fetches_;  // reads that may be answered with the reply to another
  Instant ready_since_{};
  std::string told_user_;  // the credentials' that it was given last
  std::optional<std::string> user_;
  std::uint64_t users_before_ = 0;
  Instant heard_at_{};
  Instant side_delivered_at_{};
  std::map<Tag, ConnectionId> elsewhere_;  // requests that are not on the main connection
  std::uint64_t movable_count_ = 0;        // of these, those that may go on there
  Instant quiet_since_{};                  // nothing was heard, and nobody waited
  Instant frozen_until_{};
  Tag last_completed_ = 0;
};

}  // namespace plimsoll::sim
