#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "plimsoll/core/cluster/node_id.h"
#include "plimsoll/core/cluster/self_report.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/cluster/slot_set.h"

namespace plimsoll::testing {

/// A cluster as walks see it: nodes with slots and keys, whose history is drawn from a seed. Slots
/// move key by key to and fro, several at a time, or at once; moves are called off, and their keys
/// brought back; primaries are replaced, restarted, or cut off. Keys that are `lasting` are always
/// where a client would find them.
class WalkModel {
 public:
  using NodeIndex = std::size_t;

  explicit WalkModel(std::uint64_t seed);

  /// One thing happens.
  void happen();
  /// What has begun comes to its end, and everybody knows who is who.
  void settle();

  /// The owner of a slot as a client's table has it. It may be late.
  NodeIndex told_owner(Slot slot) const { return told_primaries_[told_owners_[slot]]; }
  void refresh_table();

  /// node_key() of its id.
  std::uint64_t key(NodeIndex node) const { return nodes_[node].key; }
  SelfReport report(NodeIndex node) const;

  struct Page {
    std::vector<int> keys;
    std::uint64_t cursor;
  };
  Page scan(NodeIndex node, std::uint64_t cursor, std::uint64_t count) const;

  const std::set<int>& lasting() const { return lasting_; }
  Slot slot_of(int key) const;

  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

 private:
  // In so many slots there are keys, and only these move.
  static constexpr std::size_t busy_slots = 12;
  static constexpr std::size_t shards_count = 3;
  static constexpr std::uint64_t buckets = 64;

  struct Node {
    NodeId id{};
    std::uint64_t key = 0;
    std::size_t shard = 0;
    bool is_primary = false;
    bool is_cut_off = false;  // it was replaced, and does not know it
    std::string run_id{};
    std::string history{};
    std::uint64_t hash_seed = 0;
    std::uint64_t epoch = 0;
    std::set<Slot> open{};
    SlotSet owns{};
    std::set<int> keys{};
    std::uint64_t migrated = 0;
    std::uint64_t restored = 0;
    std::uint64_t settled = 0;
    std::uint64_t moved_slots = 0;
    std::uint64_t resets = 0;
  };

  enum class Stage : std::uint8_t { opening, moving, returning, told_one, over };
  struct Move {
    Slot slot;
    std::size_t from;  // shards
    std::size_t to;
    Stage stage;
    bool target_first = true;
    bool has_target_opened = false;
  };

  Node& primary(std::size_t shard) { return nodes_[primaries_[shard]]; }
  void mirror(std::size_t shard);
  void begin_move();
  void step(Move& move);
  bool move_keys(Slot slot, std::size_t from, std::size_t to);
  void give(Slot slot, std::size_t shard, bool owns);
  void move_at_once();
  void fail_over();
  void restart();
  void churn();
  std::string name();

  std::mt19937_64 random_;
  std::vector<Node> nodes_;
  std::array<NodeIndex, shards_count> primaries_{};
  std::array<NodeIndex, shards_count> spares_{};
  std::array<std::uint8_t, slots_count> owners_{};  // the shards that serve them, or will
  // What the client's table says.
  std::array<NodeIndex, shards_count> told_primaries_{};
  std::array<std::uint8_t, slots_count> told_owners_{};
  std::vector<Slot> busy_;
  std::vector<Move> moves_;
  std::set<int> lasting_;
  std::uint64_t epoch_ = 0;
  int next_key_ = 0;
};

}  // namespace plimsoll::testing
