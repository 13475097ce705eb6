#include "plimsoll/tests/core/cluster/walk_model.h"

#include <algorithm>
#include <string_view>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/cluster/walk.h"
#include "plimsoll/core/resp/node.h"

namespace plimsoll::testing {
namespace {

BytesView view_of(const std::string& text, Node& room) {
  room = Node{.type = Type::bulk_string, .split = false, .size = 0, .bytes = nullptr};
  room.size = static_cast<std::uint32_t>(text.size());
  room.bytes = text.data();
  return BytesView(&room);
}

std::uint64_t mixed(std::uint64_t number) {
  number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
  number = (number ^ number >> 27) * 0x94d049bb133111eb;
  return number ^ number >> 31;
}

}  // namespace

WalkModel::WalkModel(std::uint64_t seed) : random_(mixed(seed + 1)) {
  for (std::size_t i = 0; i < 2 * shards_count; ++i) {
    Node node;
    const std::string id = name();
    std::copy(id.begin(), id.end(), node.id.begin());
    node.key = node_key(node.id);
    node.shard = i % shards_count;
    node.is_primary = i < shards_count;
    node.run_id = name();
    node.hash_seed = random_();
    node.epoch = ++epoch_;
    nodes_.push_back(node);
  }
  for (std::size_t shard = 0; shard < shards_count; ++shard) {
    primaries_[shard] = shard;
    spares_[shard] = shard + shards_count;
    nodes_[shard].history = name();
  }
  for (std::uint32_t slot = 0; slot < slots_count; ++slot) {
    owners_[slot] = static_cast<std::uint8_t>(slot * shards_count / slots_count);
    primary(owners_[slot]).owns.add(static_cast<Slot>(slot));
  }
  for (std::size_t i = 0; i < busy_slots; ++i) {
    busy_.push_back(static_cast<Slot>(i * (slots_count / busy_slots) + draw(1000)));
  }
  const int keys = 20 + static_cast<int>(draw(60));
  for (; next_key_ < keys; ++next_key_) {
    lasting_.insert(next_key_);
    primary(owners_[slot_of(next_key_)]).keys.insert(next_key_);
  }
  for (std::size_t shard = 0; shard < shards_count; ++shard) mirror(shard);
  refresh_table();
}

std::string WalkModel::name() {
  std::string text;
  while (text.size() < 40) text += "0123456789abcdef"[draw(16)];
  return text;
}

Slot WalkModel::slot_of(int key) const {
  return busy_[static_cast<std::size_t>(mixed(static_cast<std::uint64_t>(key)) % busy_slots)];
}

void WalkModel::refresh_table() {
  told_primaries_ = primaries_;
  told_owners_ = owners_;
}

// The replica has what its primary has.
void WalkModel::mirror(std::size_t shard) {
  Node& spare = nodes_[spares_[shard]];
  if (!spare.is_cut_off) spare.keys = primary(shard).keys;
}

SelfReport WalkModel::report(NodeIndex index) const {
  const Node& node = nodes_[index];
  std::string nodes;
  for (const Node& each : nodes_) {
    const bool is_self = &each == &node;
    nodes += std::string(each.id.data(), each.id.size()) + " 127.0.0.1:6379@16379 " +
             (is_self ? "myself," : "") + (each.is_primary ? "master" : "slave") + " - 0 0 " +
             std::to_string(each.epoch) + " connected";
    each.owns.for_each_range([&nodes](Slot first, Slot last) {
      nodes += " " + std::to_string(first) + "-" + std::to_string(last);
    });
    for (const Slot slot : each.open) {
      if (is_self) nodes += " [" + std::to_string(slot) + "->-" + std::string(40, 'a') + "]";
    }
    nodes += "\n";
  }
  const auto counted = [](std::string_view command, std::uint64_t calls) {
    return calls == 0 ? std::string()
                      : "cmdstat_" + std::string(command) + ":calls=" + std::to_string(calls) +
                            ",usec=" + std::to_string(3 * calls) + "\r\n";
  };
  const std::string fields =
      "# Server\r\nrun_id:" + node.run_id + "\r\nmaster_replid:" + node.history +
      "\r\ncluster_state:" + (node.is_cut_off ? "fail" : "ok") +
      "\r\ncmdstat_cluster|nodes:calls=1,usec=1\r\n" + counted("migrate", node.migrated) +
      counted("restore-asking", node.restored) + counted("cluster|setslot", node.settled) +
      counted("cluster|migrateslots", node.moved_slots) + counted("config|resetstat", node.resets);
  SelfReport report;
  plimsoll::Node room;
  PLIMSOLL_CHECK(report.read_nodes(view_of(nodes, room)));
  report.read_fields(view_of(fields, room));
  PLIMSOLL_CHECK(report.check());
  return report;
}

// A key's bucket depends on the process. The cursor is the next bucket.
WalkModel::Page WalkModel::scan(NodeIndex index, std::uint64_t cursor, std::uint64_t count) const {
  const Node& node = nodes_[index];
  Page page{.keys = {}, .cursor = std::min(cursor + count, buckets) % buckets};
  for (const int key : node.keys) {
    const std::uint64_t bucket = mixed(static_cast<std::uint64_t>(key) ^ node.hash_seed) % buckets;
    if (bucket >= cursor && bucket < cursor + count) page.keys.push_back(key);
  }
  return page;
}

void WalkModel::happen() {
  const std::uint64_t what = draw(100);
  if (what < 8) {
    begin_move();
  } else if (what < 78) {
    if (!moves_.empty()) step(moves_[draw(moves_.size())]);
  } else if (what < 82) {
    move_at_once();
  } else if (what < 85) {
    fail_over();
  } else if (what < 87) {
    restart();
  } else if (what < 88) {
    Node& node = nodes_[draw(nodes_.size())];
    node.migrated = node.restored = node.settled = node.moved_slots = 0;
    ++node.resets;
  } else if (what < 93) {
    refresh_table();
  } else if (what < 96) {
    // A view of a node that lags behind: a replica is taken for the primary.
    const std::size_t shard = draw(shards_count);
    told_primaries_[shard] = spares_[shard];
  } else if (what < 97) {
    for (Node& each : nodes_) {
      if (!each.is_cut_off) continue;
      each.is_cut_off = each.is_primary = false;
      each.owns = {};
      each.open.clear();
      each.history = primary(each.shard).history;
      each.keys = primary(each.shard).keys;
    }
  } else {
    churn();
  }
  std::erase_if(moves_, [](const Move& move) { return move.stage == Stage::over; });
  for (std::size_t shard = 0; shard < shards_count; ++shard) mirror(shard);
}

void WalkModel::settle() {
  while (!moves_.empty()) {
    step(moves_.front());
    std::erase_if(moves_, [](const Move& move) { return move.stage == Stage::over; });
  }
  for (std::size_t shard = 0; shard < shards_count; ++shard) mirror(shard);
  refresh_table();
}

void WalkModel::begin_move() {
  const Slot slot = busy_[draw(busy_.size())];
  const bool is_moving =
      std::any_of(moves_.begin(), moves_.end(), [&](const Move& m) { return m.slot == slot; });
  if (is_moving || moves_.size() == 3) return;
  const std::size_t from = owners_[slot];
  const std::size_t to = (from + 1 + draw(shards_count - 1)) % shards_count;
  moves_.push_back({.slot = slot,
                    .from = from,
                    .to = to,
                    .stage = Stage::opening,
                    .target_first = draw(3) != 0});
}

void WalkModel::step(Move& move) {
  Node& source = primary(move.from);
  Node& target = primary(move.to);
  switch (move.stage) {
    case Stage::opening: {
      Node& told = move.has_target_opened ? source : target;
      told.open.insert(move.slot);
      ++told.settled;
      if (move.has_target_opened) move.stage = Stage::moving;
      move.has_target_opened = true;
      return;
    }
    case Stage::moving: {
      if (draw(12) == 0) {
        move.stage = Stage::returning;
        return;
      }
      if (move_keys(move.slot, move.from, move.to)) return;
      // A client goes to the source as long as that takes itself for the owner.
      owners_[move.slot] = static_cast<std::uint8_t>(move.to);
      Node& first = move.target_first ? target : source;
      give(move.slot, first.shard, move.target_first);
      move.stage = Stage::told_one;
      return;
    }
    case Stage::returning:
      if (move_keys(move.slot, move.to, move.from)) return;
      for (Node* const each : {&source, &target}) {
        each->open.erase(move.slot);
        ++each->settled;
      }
      move.stage = Stage::over;
      return;
    case Stage::told_one:
      give(move.slot, move.target_first ? move.from : move.to, !move.target_first);
      move.stage = Stage::over;
      return;
    case Stage::over: return;
  }
}

// MIGRATE with one key or more. Returns false if there are none.
bool WalkModel::move_keys(Slot slot, std::size_t from, std::size_t to) {
  std::vector<int> moving;
  for (const int key : primary(from).keys) {
    if (slot_of(key) == slot) moving.push_back(key);
  }
  if (moving.empty()) return false;
  moving.resize(std::min<std::size_t>(moving.size(), 1 + draw(3)));
  ++primary(from).migrated;
  for (const int key : moving) {
    primary(from).keys.erase(key);
    primary(to).keys.insert(key);
    ++primary(to).restored;
  }
  return true;
}

// CLUSTER SETSLOT NODE.
void WalkModel::give(Slot slot, std::size_t shard, bool owns) {
  Node& node = primary(shard);
  node.open.erase(slot);
  owns ? node.owns.add(slot) : node.owns.remove(slot);
  ++node.settled;
  if (owns && node.epoch != epoch_) node.epoch = ++epoch_;
}

// As CLUSTER MIGRATESLOTS does it.
void WalkModel::move_at_once() {
  const Slot slot = busy_[draw(busy_.size())];
  for (const Move& each : moves_) {
    if (each.slot == slot) return;
  }
  const std::size_t from = owners_[slot];
  const std::size_t to = (from + 1 + draw(shards_count - 1)) % shards_count;
  Node& source = primary(from);
  ++source.moved_slots;
  std::set<int> keys;
  for (const int key : source.keys) {
    if (slot_of(key) == slot) keys.insert(key);
  }
  for (const int key : keys) source.keys.erase(key);
  Node& target = primary(to);
  target.keys.insert(keys.begin(), keys.end());
  source.owns.remove(slot);
  target.owns.add(slot);
  if (target.epoch != epoch_) target.epoch = ++epoch_;
  owners_[slot] = static_cast<std::uint8_t>(to);
}

// The replaced primary knows it at once, or believes for a while that it is cut off.
void WalkModel::fail_over() {
  const std::size_t shard = draw(shards_count);
  if (nodes_[spares_[shard]].is_cut_off) return;
  std::swap(primaries_[shard], spares_[shard]);
  Node& old = nodes_[spares_[shard]];
  Node& fresh = nodes_[primaries_[shard]];
  fresh.is_primary = true;
  fresh.owns = old.owns;
  fresh.open = old.open;
  fresh.history = name();
  fresh.epoch = ++epoch_;
  if (draw(2) == 0) {
    old.is_cut_off = true;
    return;
  }
  old.is_primary = false;
  old.owns = {};
  old.open.clear();
  old.history = fresh.history;
}

// With its data, and before anybody has missed it.
void WalkModel::restart() {
  Node& node = primary(draw(shards_count));
  node.run_id = name();
  node.history = name();
  node.hash_seed = random_();
  node.migrated = node.restored = node.settled = node.moved_slots = node.resets = 0;
}

// Keys that do not last come and go.
void WalkModel::churn() {
  const int key =
      draw(2) == 0 ? next_key_++ : static_cast<int>(draw(static_cast<std::uint64_t>(next_key_)));
  if (lasting_.contains(key)) return;
  for (Node& each : nodes_) {
    if (each.keys.erase(key) > 0) return;
  }
  primary(owners_[slot_of(key)]).keys.insert(key);
}

}  // namespace plimsoll::testing
