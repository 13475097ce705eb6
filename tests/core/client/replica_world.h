#pragma once

#include <cstdint>
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
#include "plimsoll/core/client/replicas.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/core/client/client_end.h"
#include "plimsoll/tests/core/client/peer.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// A client that reads from replicas, and scripted servers, which are found by their addresses. The
// client's own address leads to the primary, "a:6379". run() moves bytes until nobody has anything
// to say; time stands still unless a test lets it pass. A replica has what replicate() gives it.
//
// With a near cache, each server tells a connection that tracks what becomes of the keys that were
// read there (valkey.io, "Client-side caching": default mode), when it has the change itself.

namespace plimsoll::testing {

/// What a server is, what it has, and how it behaves.
struct NodeScript {
  bool is_replica = false;
  bool is_link_up = true;
  std::string history = std::string(40, '1');
  std::uint64_t offset = 100;
  std::string zone{};
  std::string password{};
  std::vector<std::string> replicas{};  ///< those that it names
  std::map<std::string, std::string> data{};
  std::string refusal{};                         ///< the answer to each command on data
  std::map<std::string, std::string> refused{};  ///< the answers to single commands
  std::string report{};                          ///< if not empty, the answer to INFO replication

  std::vector<std::string> served{};  ///< the commands on data that it was given: "GET k"
  std::size_t reports = 0;            ///< how often it was asked INFO replication
  bool is_in_transaction = false;
  std::vector<std::string> queued{};
  std::vector<std::string> changed{};  ///< keys, by the command that it has just run
};

class ReplicaWorld {
 public:
  /// With a primary and these replicas of it, which have what it has.
  explicit ReplicaWorld(const std::vector<std::string>& replicas,
                        const ReplicaOptions& replica_options = prefer_replica(),
                        ClientOptions options = {}, const BudgetOptions& budget = {},
                        const std::optional<cache::CacheOptions>& cache = {});
  ReplicaWorld(const ReplicaWorld&) = delete;
  ReplicaWorld& operator=(const ReplicaWorld&) = delete;
  ~ReplicaWorld();

  static ReplicaOptions prefer_replica() { return {.read_from = ReadFrom::prefer_replica}; }

  NodeScript& add_replica(const std::string& address);
  NodeScript& server(const std::string& address) { return *servers_.at(address); }
  NodeScript& primary() { return server(primary_address); }
  /// The replica has all that the primary has.
  void replicate(const std::string& address);
  /// Somebody who is no client of this world writes.
  void write_elsewhere(const std::string& key, const std::string& value);

  void connect();
  std::optional<RequestId> submit(Tag tag, const Words& words,
                                  Duration timeout = std::chrono::seconds(10),
                                  Duration max_staleness = cache::any_staleness);
  /// As one who calls get() does: a hit is the outcome "hit <value>", a miss a request.
  std::string read(Tag tag, const Words& words, Duration max_staleness = cache::any_staleness);
  /// Whether the cache has the reply, which is left as it is.
  std::optional<std::string> look_up(const Words& words,
                                     Duration max_staleness = cache::any_staleness);
  void prove(Tag tag);
  /// The words of all commands in one request.
  std::optional<RequestId> submit_transaction(Tag tag, const std::vector<Words>& commands);
  std::optional<RequestId> submit_to(ConnectionId connection, Tag tag, const Words& words);
  /// submit() and run().
  void call(Tag tag, const Words& words) {
    submit(tag, words);
    run();
  }
  void cancel(RequestId id) { client_->cancel(id, now_); }
  void run();
  /// Moves what the client sends, but no answer, and no time.
  void send();
  /// Lets time pass in steps of at most 10 ms, and runs after each.
  void advance(Duration duration);
  /// Lets time pass in one step, without any call of the client before.
  void jump(Duration duration);
  /// Takes the client's events, and then carries out its actions, without moving a byte.
  void poll();

  /// Attempts at this address fail from now on, and its connections are lost.
  void kill(const std::string& address);
  /// The address listens again.
  void revive(const std::string& address) { dead_.erase(address); }
  /// The address says nothing any more, not even that it refuses connections.
  void freeze(const std::string& address) { frozen_.insert(address); }
  void wake(const std::string& address) { frozen_.erase(address); }
  /// Its connections are lost.
  void cut(const std::string& address);
  /// The client reads these bytes from each connection to this address; poll() is the test's.
  void push_unpolled(const std::string& address, const std::string& bytes);

  /// The server says this on each of its connections.
  void say(const std::string& address, const std::string& bytes);

  /// The events since the last call, as those of ClientEnd.
  Lines take_events() { return std::exchange(events_, {}); }
  bool is_pending(Tag tag) const { return pending_.contains(tag); }
  /// The one outcome of `tag`; empty if there is none yet.
  std::string outcome(Tag tag) const;
  /// The commands on data that this server was given since the last call.
  Lines take_served(const std::string& address) {
    return std::exchange(server(address).served, {});
  }
  std::size_t links_to(const std::string& address) const;
  std::size_t attempts_at(const std::string& address) const;
  const ServerNode* node(const std::string& address) const;
  const Replicas& replicas() const { return *client_->replicas(); }
  std::size_t pending_count() const { return pending_.size(); }

  Client& client() { return *client_; }
  cache::Cache& cache() { return *cache_; }
  Budget& budget() { return budget_; }
  Instant now() const { return now_; }
  TestMemory& memory() { return memory_; }
  std::size_t used(PoolKind pool) { return budget_.statistics().pool(pool).used; }
  const Error& last_error() const { return last_error_; }

  std::function<void()> on_ready{};

  static constexpr const char* primary_address = "a:6379";

 private:
  static constexpr int visits_max = 6;

  struct Link {
    std::string address;
    bool is_open = false;
    Peer peer;
    std::string down{};  // bytes on their way to the client
    bool is_tracked = false;
    std::set<std::string> tracks{};
  };
  enum class Answers { given, kept };

  void take_request(Link& link, NodeScript& server, const Words& request);
  void tell(const std::string& address, const std::string& key);
  std::string answer(NodeScript& server, const Words& request);
  std::string run_command(NodeScript& server, const Words& request);
  static std::string report_of(const NodeScript& server);
  bool step(Answers answers);
  bool take_events_and_actions();
  int visit_short_replies();
  void act(const Action& action);
  bool open_links();
  bool move_bytes(Answers answers);
  bool give(ConnectionId id, Link& link);
  void note(const Event& event);
  void admit(Tag tag);
  void note_outcome(Tag tag, const std::string& outcome);
  void lose(const std::string& address, const Error& reason);

  TestMemory memory_;
  Budget budget_;
  std::optional<cache::Cache> cache_;
  std::optional<Client> client_;
  Instant now_{};
  std::map<std::string, std::unique_ptr<NodeScript>> servers_;
  std::set<std::string> frozen_;
  std::set<std::string> dead_;
  std::map<ConnectionId, std::unique_ptr<Link>> links_;
  std::map<std::string, std::size_t> attempts_;
  unsigned turns_ = 0;
  std::set<Tag> pending_;
  std::map<Tag, std::string> outcomes_;
  std::map<Tag, Words> waiting_;  // the commands of requests that wait for room
  Lines events_;
  Error last_error_;
  bool closed_ = false;
};

}  // namespace plimsoll::testing
