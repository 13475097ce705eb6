#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/tests/sim/cluster/cluster_server.h"
#include "plimsoll/tests/sim/cluster/order_book.h"
#include "plimsoll/tests/sim/cluster/slot_news.h"
#include "plimsoll/tests/sim/group/write_book.h"

// The servers of a cluster, and the truth about them: who owns which slot, who follows whom, which
// writes are lost. A server hears of a change later than those who have made it, as by gossip.

namespace plimsoll::sim {

class ModelCluster final : private Handler {
 public:
  /// So many primaries with equal parts of the slots; each has that many replicas.
  ModelCluster(Environment& environment, std::size_t primaries, std::size_t replicas);

  std::size_t size() const { return servers_.size(); }
  ClusterServer& server(std::size_t number) { return *servers_[number]; }
  const ClusterServer& server(std::size_t number) const { return *servers_[number]; }
  /// no_server: nobody serves it.
  std::uint16_t owner(SlotNumber slot) const { return owners_[slot]; }
  /// How often that has changed.
  std::uint64_t owner_changes(SlotNumber slot) const { return owner_changes_[slot]; }
  bool is_primary(std::size_t server) const { return primaries_[server] == server; }
  /// Whom this server follows, as far as the cluster has decided; itself: it is a primary.
  std::size_t primary_of(std::size_t server) const { return primaries_[server]; }

  /// In some worlds most of what happens is about one slot: then what has to happen together does.
  bool has_busy_slot() const { return has_busy_slot_; }

  WriteBook& writes() { return writes_; }
  OrderBook& order() { return order_; }
  SlotNews& news() { return news_; }

  /// What the cluster has of a key; nothing: it is missing, or nobody serves its slot.
  std::optional<std::string> truth(const std::string& key) const;
  /// The number of the write that this value is of; 0: none.
  static RequestNumber write_of(const std::optional<std::string>& value);

  /// Whether what this server runs for the slot is what the cluster has.
  bool is_true_at(const ClusterServer& where, SlotNumber slot, bool is_asking) const;

  /// A client's request has changed these keys at a server.
  void note_change(ClusterServer& where, const std::vector<std::string>& keys, RequestNumber number,
                   bool is_asking);

  // What an operator does with a slot that is owned.

  bool is_migrating(SlotNumber slot) const;
  /// Whether an operator reaches both servers that have a part in its move, and they each other.
  bool can_go_on(SlotNumber slot) const;
  /// CLUSTER SETSLOT IMPORTING at `to`, then MIGRATING at the owner.
  void start_migration(SlotNumber slot, std::size_t to);
  /// MIGRATE of one key; false if the source has none.
  bool move_key(SlotNumber slot);
  /// CLUSTER SETSLOT NODE, at one of the two. It moves the keys that are left first.
  void finish_at_source(SlotNumber slot, std::size_t from);
  void finish_at_target(SlotNumber slot);
  /// The keys go back, then CLUSTER SETSLOT STABLE at both.
  void call_off(SlotNumber slot);
  /// CLUSTER SETSLOT NODE at `to` alone, without a move. The owner hears of it at once, and drops
  /// what it has of the slot.
  void take_over(SlotNumber slot, std::size_t to);
  /// Nobody serves it, until it is assigned again.
  void unassign(SlotNumber slot);
  void assign(SlotNumber slot, std::size_t to);

  // Failovers.

  /// The best replica that could take the place of this primary; null: there is none.
  ClusterServer* successor_of(std::size_t primary);
  /// Whether most of the primaries can hear of each other.
  bool has_majority() const;
  void promote(ClusterServer& replica);
  /// All that the servers have lost is known to be lost.
  void recount();

  // Gossip.

  /// Every server hears of what is so now, within that time.
  void tell_all(Duration time_max);
  void tell(std::size_t server, Duration wait);
  /// From now on this server hears of everything so much later.
  void delay_news(std::size_t server, Duration time) { news_delays_[server] = time; }
  /// Hears of it at once, if it can hear anything.
  void learn(std::size_t server);
  /// Replicas that have missed something of this server's, or this one itself, are given all that
  /// there is, if they and their primaries are well.
  void mend_links(std::size_t server);
  /// A replica that is empty is given all that its primary has.
  void refill(ClusterServer& replica) { follow(replica, *replica.replica_of); }

 private:
  void handle(std::uint32_t what, std::uint64_t detail) override;
  enum Plan : std::uint32_t { hear, synchronize };
  void learn_slot(ClusterServer& server, SlotNumber slot);
  void follow(ClusterServer& server, std::size_t primary);
  void set_owner(SlotNumber slot, std::size_t owner);
  template <class Visit>
  void for_each_told(const ClusterServer& primary, Visit&& visit);
  void tell_replicas(const ClusterServer& primary, SlotNumber slot);
  void end_import(SlotNumber slot);
  void take_over_imports(ClusterServer& successor, std::size_t former);
  void end_migration(SlotNumber slot);
  void move(ClusterServer& from, ClusterServer& to, const std::string& key);
  void put(ClusterServer& where, const std::string& key, const std::optional<std::string>& value);
  void replicate(ClusterServer& where, const std::string& key);

  Environment& environment_;
  Random random_;
  const bool has_busy_slot_;
  WriteBook writes_;
  OrderBook order_;
  SlotNews news_;
  std::vector<std::unique_ptr<ClusterServer>> servers_;
  std::vector<std::uint16_t> owners_ = std::vector<std::uint16_t>(all_slots_count);
  std::vector<std::uint64_t> owner_changes_ = std::vector<std::uint64_t>(all_slots_count);
  std::vector<std::size_t> primaries_;  // whom each server follows; itself: it is a primary
  std::vector<Duration> news_delays_;
};

}  // namespace plimsoll::sim
