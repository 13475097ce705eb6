#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/cluster/slots.h"
#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/server/process.h"

// One server of a cluster: a process with a view of who serves which slot, which may lag. It runs
// what its view says that it serves, and, on a connection with READONLY, reads of what its primary
// serves; it sends all else to another one. ModelCluster decides who owns what, and when a server
// hears of it.

namespace plimsoll::sim {

class ModelCluster;

class ClusterServer final : public Process {
 public:
  ClusterServer(Environment& environment, ModelCluster& cluster, std::uint32_t number);

  /// 40 hex digits.
  const std::string& id() const { return id_; }

  // What it knows, which ModelCluster changes.

  std::vector<std::uint16_t> view = std::vector<std::uint16_t>(all_slots_count, no_server);
  std::map<SlotNumber, std::size_t> migrating;  ///< from here, or from the primary of this replica
  std::map<SlotNumber, std::size_t> importing;
  std::optional<std::size_t> replica_of;
  bool is_synchronized = true;  ///< a replica: it has got what its primary had
  bool is_down = false;         ///< it says that the cluster is
  /// What is odd about its CLUSTER SLOTS.
  enum class OddView : std::uint8_t { none, empty, holes, unnamed, refused };
  OddView odd_view = OddView::none;

  // Its data, as others change it. Its clients are told of what they have read.

  std::optional<std::string> value_of(const std::string& key) const { return model().peek(0, key); }
  void put(const std::string& key, const std::string& value);
  void drop(const std::string& key);
  /// It becomes a copy of `primary`, by a full synchronization.
  void copy_all(const ClusterServer& primary);
  /// As a primary, it has made one more change, which its replicas are to get.
  void note_written() { ++offset_; }
  /// As a replica, it gets that change of its primary's in a while; no value: the key is gone.
  void receive(const std::string& key, const std::optional<std::string>& value,
               const ClusterServer& primary);
  /// The same of CLUSTER SETSLOT STABLE.
  void receive_stable(SlotNumber slot, const ClusterServer& primary);
  /// Nothing more comes from its primary, before it is given all that there is.
  void lose_link() { has_link_ = false; }
  bool has_link() const { return has_link_; }
  /// What it runs from now on is a history of its own.
  void begin_history();
  /// Nothing comes from its primary any more.
  void end_stream() { arriving_.clear(), Process::end_stream(); }
  std::uint64_t changes_count() const { return changes_count_; }

  // Faults.

  void kill();
  /// Its data is lost. What it knows of the cluster is not: that is in a file.
  void revive();
  void set_cut(bool is_cut) { is_cut_ = is_cut; }
  /// As a replica, it gets nothing of its primary's for that long, and does not know.
  void lag(Duration time) { lags_until_ = environment_.now() + time; }
  void set_info_refused(bool is_refused) { is_info_refused_ = is_refused; }

  bool is_cut() const { return is_cut_; }
  /// Whether the other servers can hear of it, and it of them.
  bool is_well() const { return is_alive() && !is_frozen() && !is_cut_; }

 private:
  struct Change {
    std::string key;
    std::optional<std::string> value;
    std::uint64_t offset;                // of its primary's history, with this
    std::optional<SlotNumber> stable{};  // in place of a key
  };
  // What it knows of who is at a connection.
  struct Peer {
    bool is_asking = false;    // ASKING was the last request
    bool only_reads = false;   // READONLY
    bool is_informed = false;  // how much it has, by INFO
  };

  void receive(Change change, const ClusterServer& primary);
  void answer(Connection& connection, std::string_view request) override;
  void forget_place(std::size_t place) override { peers_[place] = {}; }
  void handle_change() override;

  Peer peer_of(const Connection& connection) const;
  std::string reply_to_keyless(Connection& connection, std::string_view request);
  std::string reply_to_info(Connection& connection);
  bool is_linked() const;
  void answer_with_keys(Connection& connection, std::string_view request,
                        const std::vector<std::string>& keys);
  std::string refusal(const Peer& peer, const std::vector<std::string>& keys) const;
  std::string refusal_of_replica(SlotNumber slot, bool lacks_some, bool lacks_all) const;
  bool answers_as_replica(const Peer& peer, SlotNumber slot) const;
  void note_refusal(const Connection& connection, SlotNumber slot, RequestNumber number,
                    std::string_view refusal);
  std::string redirect(const char* word, SlotNumber slot, std::size_t to) const;
  std::string slots_reply() const;
  std::string run_of_client(Connection& connection, std::string_view request);
  void note_execution(const model::Execution& execution);
  void run(std::string_view request);

  ModelCluster& cluster_;
  const std::string id_;
  std::map<std::size_t, Peer> peers_;  // by place
  std::deque<Change> arriving_;
  std::string history_;          // its name
  std::uint64_t offset_ = 0;     // how much of it there is here
  std::uint64_t histories_ = 0;  // that it has begun
  bool has_link_ = true;
  bool is_info_refused_ = false;
  Instant lags_until_{};
  std::uint64_t changes_count_ = 0;
  bool is_executing_ = false;  // a client's request
  bool has_executed_ = false;
  bool is_cut_ = false;
};

}  // namespace plimsoll::sim
