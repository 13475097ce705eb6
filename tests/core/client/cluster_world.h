#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/core/client/client_end.h"
#include "plimsoll/tests/core/client/cluster_history.h"
#include "plimsoll/tests/core/client/cluster_model.h"
#include "plimsoll/tests/core/client/peer.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// A client of a cluster, the nodes of a ClusterModel, and a network between them that may be slow,
// stop or break. run() moves all bytes that are due; time stands still unless a test lets it pass.
// ClusterHistory checks at the end what the client promises about the requests.
//
// A world may have a client with a cache, and one world may be made beside another: a second client
// of the same nodes, in the same network and with the same clock, memory and cache. What is done to
// the network, and time that passes, concern both.

namespace plimsoll::testing {

struct ClusterWorldOptions {
  std::size_t primaries = 3;
  bool with_replicas = false;
  /// How many replicas each primary has. With `with_replicas` it has one at least.
  std::size_t replicas_count = 0;
  std::vector<std::string> seeds{"10.0.0.1:7000"};
  std::uint8_t redirects_max = 16;
  CrossSlotWrites cross_slot_writes = CrossSlotWrites::refuse;
  ClusterOptions::Reach reach = ClusterOptions::Reach::all_nodes;
  /// Whether the client is told that there is a cluster, or has to find out, or goes to one node
  /// only.
  enum class Knows { cluster, nothing, one_server } knows = Knows::cluster;
  /// From which nodes the client reads.
  ReplicaOptions replicas{};
  ClientOptions client{};
  BudgetOptions budget{};
  /// The client's cache, if it has one. Its tracking is as ClientOptions::tracking says.
  std::optional<cache::CacheOptions> cache{};
};

class ClusterWorld {
 public:
  explicit ClusterWorld(ClusterWorldOptions options = {});
  /// A second client, beside that of `other`, which lives longer. `options` say what the client is
  /// like, and nothing of the servers, the memory and the cache.
  ClusterWorld(ClusterWorldOptions options, ClusterWorld& other);
  ClusterWorld(const ClusterWorld&) = delete;
  ClusterWorld& operator=(const ClusterWorld&) = delete;
  ~ClusterWorld();

  // The caller.

  void connect();
  std::optional<RequestId> submit(Tag tag, const Words& words,
                                  Duration timeout = std::chrono::seconds(10));
  /// Commands between MULTI and EXEC, in one request.
  std::optional<RequestId> submit_transaction(Tag tag, const std::vector<Words>& commands,
                                              Duration timeout = std::chrono::seconds(10));
  /// submit() and run().
  std::string call(Tag tag, const Words& words);
  /// As one who calls get() with a cache: what is found there is the outcome at once; if not, the
  /// read is submitted. Returns whether it was found.
  bool look_up(Tag tag, const Words& words, Duration max_staleness = cache::any_staleness,
               Duration timeout = std::chrono::seconds(10));
  /// look_up() and run(): "hit ..." if the cache had it.
  std::string get(Tag tag, const Words& words, Duration max_staleness = cache::any_staleness);
  /// A barrier. Its outcome is "proved", or the error.
  std::optional<RequestId> prove(Tag tag, Duration timeout = std::chrono::seconds(10));
  /// Somebody else's command with keys, which its slot's owner runs, or the node that this names.
  /// Returns the answer; nothing, if such a node does not work.
  std::string write_elsewhere(const Words& words);
  /// What is found in RESP bytes, as outcomes show it.
  static std::string shown(std::string_view reply);
  /// Appends `tag` to the list `key`.
  std::optional<RequestId> push(Tag tag, const std::string& key,
                                Duration timeout = std::chrono::seconds(10)) {
    return submit(tag, {"RPUSH", key, std::to_string(tag)}, timeout);
  }
  std::optional<RequestId> read(Tag tag, const std::string& key,
                                Duration timeout = std::chrono::seconds(10)) {
    return submit(tag, ClusterHistory::words_of_read(tag, key), timeout);
  }
  void cancel(RequestId id) { client_->cancel(id, now_); }
  /// On an exclusive connection, or the handle of one; several commands are one transaction.
  std::optional<RequestId> submit_to(ConnectionId connection, Tag tag,
                                     const std::vector<Words>& commands,
                                     Duration timeout = std::chrono::seconds(10));
  /// SSUBSCRIBE or SUNSUBSCRIBE on the connection of a subscription.
  std::optional<RequestId> subscribe(ConnectionId connection, Tag tag, const Words& channels,
                                     Duration timeout = std::chrono::seconds(10));
  std::optional<RequestId> unsubscribe(ConnectionId connection, Tag tag, const Words& channels,
                                       Duration timeout = std::chrono::seconds(10));
  /// Waits for the next message, whose text is the outcome.
  std::optional<RequestId> next_message(ConnectionId connection, Tag tag,
                                        Duration timeout = Duration::zero());
  /// The present id of the request; none if it has ended.
  std::optional<RequestId> id_of(Tag tag) const;
  /// The one outcome of `tag`; empty if there is none yet.
  std::string outcome(Tag tag) const { return history_.outcome(tag); }
  std::size_t pending_count() const { return history_.pending_count(); }
  /// The events since the last call, as those of ClientEnd, without those of requests.
  Lines take_events() { return std::exchange(events_, {}); }

  // Time and bytes.

  void run();
  /// Takes what the client has to tell, and moves no byte.
  void take_outcomes() { take_events_and_actions(); }
  /// Moves what the client sends as far as the nodes, but no answer to the client.
  void send();
  /// Goes from one moment to the next at which something is due, at most 10 ms each, and runs.
  void advance(Duration duration);

  // The network. An address leads to the node that has it now.

  /// Attempts at this address fail from now on, and its connections are lost.
  void kill(const std::string& address);
  void revive(const std::string& address) { dead_.erase(address); }
  /// The process does nothing. Its system goes on to accept connections and bytes.
  void freeze(const std::string& address) { frozen_.insert(address); }
  bool is_dead(const std::string& address) const { return dead_.contains(address); }
  bool is_frozen(const std::string& address) const { return frozen_.contains(address); }
  /// The process works through all that has come meanwhile.
  void wake(const std::string& address) { frozen_.erase(address); }
  /// Its connections are lost, and what is under way from it. What is under way to it arrives if
  /// the test says so, and is answered to nobody.
  enum class UnderWay { lost, arrives };
  void cut(const std::string& address, UnderWay to_node = UnderWay::lost);
  /// Nothing comes from this address until further notice. Its node works.
  void hold_answers(const std::string& address) { held_.insert(address); }
  void let_answers_go(const std::string& address) { held_.erase(address); }
  /// Another node, of no cluster that the client knows, has this address from now on. Nobody can
  /// reach the old one.
  NodeIndex replace(const std::string& address);
  /// The old one is back.
  void put_back(const std::string& address);
  /// An election: the replica of the primary has its slots, and all know but the primary itself.
  void elect(NodeIndex primary) {
    model().replicate(primary);
    model().promote_replica_of(primary);
    for (NodeIndex each = 0; each < model().nodes_count(); ++each) {
      if (each != primary) model().tell(each);
    }
  }
  /// Publishes the messages that the model was given to all subscribers.
  void deliver_published();

  // What a generator may choose; by default nothing takes time, and all is taken at once.
  std::function<Duration()> delay = [] { return Duration::zero(); };
  std::function<std::size_t(std::size_t)> piece = [](std::size_t bytes) { return bytes; };

  /// Called with each outcome, before the client is asked for the next event.
  std::function<void(Tag)> on_outcome{};
  /// Called with each request that had to wait for room, once it is submitted.
  std::function<void(Tag)> on_admitted{};
  /// Called with each event first, while it can still be asked what was missed before a message.
  std::function<void(const Event&)> on_event{};

  // What came of it.

  std::string main_address() const;
  std::size_t links_to(const std::string& address) const;
  /// Its connections for commands that block, exclusive users and subscriptions.
  std::size_t side_links() const;
  std::size_t attempts_at(const std::string& address) const;
  std::size_t attempts() const;

  ClusterModel& model() { return model_; }
  ModelNode& node(NodeIndex number) { return model_.node(number); }
  std::string address(NodeIndex number) const { return model_.node(number).address(); }
  ClusterHistory& history() { return history_; }
  /// Checks the history against what the nodes have run.
  void verify() { history_.verify(model_, lag_max_); }

  /// What became of the invalidations that nodes have said to this client about a key: whether one,
  /// or one of all keys, is still on its way on the connection to this address; and which of the
  /// key's changes (ClusterTracking::changes()) the client has read of, as the number of those up
  /// to it.
  bool is_told_soon(const std::string& key, const std::string& address) const;
  std::size_t told(const std::string& key) const;
  /// Whether the node at this address will tell this client of the key's next change.
  bool is_tracked(const std::string& key, const std::string& address) const;
  /// The address of the node that has the slot, as far as the client knows; empty if none has.
  std::string owner_known(unsigned slot) const;
  cache::Cache& cache() { return *net_->cache; }

  Client& client() { return *client_; }
  const Cluster& cluster() const { return *client_->cluster(); }
  Budget& budget() { return budget_; }
  Instant now() const { return now_; }
  TestMemory& memory() { return memory_; }
  std::size_t used(PoolKind pool) { return budget_.statistics().pool(pool).used; }
  /// The error of the last event that had one, or of the last refused call.
  const Error& last_error() const { return last_error_; }
  /// Its words, and those of the server, if it has any.
  const std::string& last_error_words() const { return last_error_words_; }
  /// validate() is called after each exchange from now on, and not only now and then when all is at
  /// rest.
  void validate_always() { validates_always_ = true; }

  static std::string port(NodeIndex number) { return "10.0.0.1:" + std::to_string(7000 + number); }

 private:
  static constexpr int visits_max = 6;

  // What worlds have in common that are beside each other.
  struct Net {
    explicit Net(const ClusterWorldOptions& options);

    TestMemory memory{};
    Budget budget;
    ClusterModel model;
    std::optional<cache::Cache> cache{};
    Instant now{};
    std::set<std::string> frozen{};
    std::set<std::string> held{};
    std::set<std::string> dead{};
    std::map<std::string, NodeIndex> strangers{};  // who has an address in place of its node
    std::vector<ClusterWorld*> worlds{};
    ModelSession elsewhere{};  // of write_elsewhere()
  };

  ClusterWorld(ClusterWorldOptions options, std::shared_ptr<Net> net);

  struct Parcel {
    Instant due;
    std::string bytes;
  };
  struct Link {
    std::string address;
    std::optional<NodeIndex> node{};  // once the connection is open
    Instant opens_at{};
    Peer peer{};
    ModelSession session{};
    std::deque<Parcel> to_node{};
    std::deque<Parcel> to_client{};
    // Bytes so far: sent by the client, read and answered by the node, read by the client.
    std::uint64_t sent = 0;
    std::uint64_t served = 0;
    std::uint64_t answered = 0;
    std::uint64_t given = 0;
    unsigned slot = 0;      // of the last command with a key
    bool is_named = false;  // by the client, as one with bytes to send
    // The refusals that the client has not read yet: the end of each, and its slot.
    std::deque<std::pair<std::uint64_t, unsigned>> refusals{};
    // What the client had sent when it read the last refusal for a slot.
    struct Seen {
      std::uint64_t sent;
      bool is_open;  // it had more to send than the transport took
    };
    std::map<unsigned, Seen> seen{};
    // The invalidations that the client has not read yet, and where each of them ends.
    std::deque<std::pair<std::uint64_t, ModelSession::Told>> told{};

    bool is_overtaken(std::uint64_t begin) const;
  };
  struct Waiting {
    std::string bytes;
    CommandView command;  // what a command has besides its bytes
  };
  enum class Answers { given, kept };

  static constexpr std::uint32_t first_of_nodes = 40;

  void start(Tag tag, const std::vector<Words>& commands, const CommandView& command,
             Duration timeout, Duration max_staleness = cache::any_staleness);
  bool is_at_replica(RequestId id) const;
  std::optional<RequestId> note_started(Tag tag, const Result<RequestId>& id);
  bool step(Answers answers);
  bool step_all(Answers answers);
  bool take_events_and_actions();
  int visit_short_replies();
  void act(const Action& action);
  bool open_links();
  bool take_sent(ConnectionId id, Link& link);
  bool serve(Link& link);
  std::string answer(Link& link, const Words& words);
  bool give(ConnectionId id);
  bool serve_orphans();
  bool settle_sessions();
  bool put_late();
  void note_told(Link& link);
  void hear(Link& link);
  void end_session(Link& link);
  void put(std::deque<Parcel>& parcels, std::string bytes);
  void lose(ConnectionId id, const Error& reason, UnderWay to_node);
  void lose_all(const std::string& address, const Error& reason, UnderWay to_node);
  std::optional<NodeIndex> node_at(const std::string& address) const;
  Instant next_due() const;
  void note(const Event& event);
  void admit(Tag tag);

  const std::shared_ptr<Net> net_;
  TestMemory& memory_;
  Budget& budget_;
  ClusterModel& model_;
  Instant& now_;
  std::set<std::string>& frozen_;
  std::set<std::string>& held_;
  std::set<std::string>& dead_;
  std::map<std::string, NodeIndex>& strangers_;
  const ClusterSessions::Works works_ = [this](NodeIndex each) {
    return frozen_.empty() || !frozen_.contains(address(each));
  };
  ClusterHistory history_;
  std::vector<std::string> seeds_;
  std::vector<std::string> hosts_;
  std::vector<std::string_view> host_views_;
  ClusterOptions cluster_options_;
  std::optional<Duration> lag_max_;  // of a client that reads from replicas
  std::optional<Client> client_;
  std::map<ConnectionId, std::unique_ptr<Link>> links_;
  std::vector<std::unique_ptr<Link>> orphans_;  // the client has left, and its bytes are under way
  std::map<std::string, std::size_t> attempts_;
  std::map<Tag, Waiting> waiting_;  // the requests that wait for room
  std::map<Tag, RequestId> ids_;
  std::set<Tag> proofs_;
  std::map<std::string, std::size_t> told_;
  unsigned turns_ = 0;
  int rests_ = 0;  // how often it came to rest
  int wakes_ = 0;  // at this moment
  Lines events_;
  Error last_error_;
  std::string last_error_words_;
  bool closed_ = false;
  bool validates_always_ = false;
};

}  // namespace plimsoll::testing
