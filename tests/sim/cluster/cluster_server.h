#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/cluster/slots.h"
#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/model/server.h"
#include "plimsoll/tests/sim/server/request_scanner.h"

// One server of a cluster as a process: the model server, with a view of who serves which slot,
// which may lag. It runs what its view says that it serves, and sends all else to another one.
// ModelCluster decides who owns what, and when a server hears of it.

namespace plimsoll::sim {

class ModelCluster;

class ClusterServer final : private Link::Server, private Handler {
 public:
  ClusterServer(Environment& environment, ModelCluster& cluster, std::uint32_t number);

  /// As the network numbers it.
  std::size_t number() const { return number_; }
  /// 40 hex digits.
  const std::string& id() const { return id_; }

  // What it knows, which ModelCluster changes.

  std::vector<std::uint16_t> view = std::vector<std::uint16_t>(all_slots_count, no_server);
  std::map<SlotNumber, std::size_t> migrating;
  std::map<SlotNumber, std::size_t> importing;
  std::optional<std::size_t> replica_of;
  bool is_synchronized = true;  ///< a replica: it has got what its primary had
  bool is_down = false;         ///< it says that the cluster is
  /// What is odd about its CLUSTER SLOTS.
  enum class OddView : std::uint8_t { none, empty, holes, unnamed, refused };
  OddView odd_view = OddView::none;

  // Its data, as others change it. Its clients are told of what they have read.

  std::optional<std::string> value_of(const std::string& key) const { return model_.peek(0, key); }
  void put(const std::string& key, const std::string& value);
  void drop(const std::string& key);
  /// It becomes a copy of `primary`, by a full synchronization.
  void copy_all(const ClusterServer& primary);
  /// As a replica, it gets a change of its primary's in a while; no value: the key is gone.
  void receive(const std::string& key, const std::optional<std::string>& value);
  /// Nothing comes from its primary any more.
  void end_stream() { arriving_.clear(), ++stream_life_; }
  std::uint64_t changes_count() const { return changes_count_; }

  // Faults.

  void kill();
  /// Its data is lost. What it knows of the cluster is not: that is in a file.
  void revive();
  void freeze(Duration time);
  void thaw();
  void cut(bool is_cut) { is_cut_ = is_cut; }

  bool is_alive() const { return is_alive_; }
  bool is_frozen() const { return environment_.now() < idle_at_; }
  Instant frozen_until() const { return idle_at_; }
  bool is_cut() const { return is_cut_; }
  /// Whether the other servers can hear of it, and it of them.
  bool is_well() const { return is_alive_ && !is_frozen() && !is_cut_; }

 private:
  enum Plan : std::uint32_t { turn, apply };

  struct Connection {
    Link* link = nullptr;  // null: the place is free
    model::ClientId client{};
    std::string input;        // of a request that is not whole
    std::string output;       // not taken by the socket
    std::uint64_t heard = 0;  // bytes of whole requests, in all
    std::uint64_t said = 0;   // bytes, in all
    bool is_asking = false;
    bool closing = false;
  };
  struct Change {
    std::string key;
    std::optional<std::string> value;
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void handle_connected(Link& link) override;
  void handle_readable(Link&) override { plan_turn(); }
  void handle_writable(Link& link) override { flush(connections_[link.place()]); }
  void handle_lost(Link& link) override { forget(connections_[link.place()]); }

  model::Time model_time() const;
  void plan_turn();
  void serve(Connection& connection);
  void answer(Connection& connection, std::string_view request);
  std::string reply_to_keyless(Connection& connection, std::string_view request);
  void answer_with_keys(Connection& connection, std::string_view request,
                        const std::vector<std::string>& keys);
  std::string refusal(const Connection& connection, const std::vector<std::string>& keys) const;
  void note_refusal(const Connection& connection, SlotNumber slot, RequestNumber number,
                    std::string_view refusal);
  std::string redirect(const char* word, SlotNumber slot, std::size_t to) const;
  std::string slots_reply() const;
  std::string reply_of_model(Connection& connection, std::string_view request);
  void note_execution(const model::Execution& execution);
  void run(std::string_view request);
  void poll_model();
  void send(Connection& connection, std::string_view bytes);
  void flush(Connection& connection);
  void forget(Connection& connection);
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "server", number_);
  }

  Environment& environment_;
  ModelCluster& cluster_;
  Random random_;
  const std::size_t number_;
  const std::string id_;
  model::Server model_;
  model::ClientId stream_;  // on which changes of others come
  RequestScanner scanner_;
  std::deque<Connection> connections_;
  std::deque<Change> arriving_;
  Duration lag_max_;
  Instant last_arrival_{};
  std::uint64_t stream_life_ = 0;
  std::uint64_t changes_count_ = 0;
  bool is_executing_ = false;  // a client's request
  bool has_executed_ = false;
  bool is_alive_ = true;
  bool is_cut_ = false;
  bool is_turn_planned_ = false;
  Instant idle_at_{};  // does nothing before
};

}  // namespace plimsoll::sim
