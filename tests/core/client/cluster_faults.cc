#include "plimsoll/tests/core/client/cluster_faults.h"

#include <algorithm>
#include <utility>

namespace plimsoll::testing {

int ClusterFaults::pick(int count) {
  return std::uniform_int_distribution<>(0, count - 1)(random_);
}

// The next step of a migration, for which the generator keeps its own state.
void ClusterFaults::slots() {
  ClusterModel& model = world_.model();
  const unsigned slot = one_of(slots_);
  State& state = states_[slot];
  const NodeIndex owner = model.owner(slot);
  switch (state) {
    case State::rest: {
      const NodeIndex to = any_primary();
      if (to == owner) return;
      if (pick(6) == 0) {
        model.unassign(slot);
        holders_[slot] = owner;
        state = State::unserved;
        ++struck["unserved"];
      } else if (pick(3) == 0) {
        model.move_atomically(slot, to);
        ++struck["atomic move"];
      } else {
        model.start_migration(slot, to);
        state = State::moving;
      }
      return;
    }
    case State::moving:
      if (!model.is_migrating(slot)) {
        state = State::rest;
        return;
      }
      if (pick(3) != 0 && model.move_key(slot)) return;
      switch (pick(5)) {
        case 0:
          model.cancel_migration(slot);
          state = State::rest;
          ++struck["called off"];
          return;
        case 1:
        case 2:
          model.finish_at_source(slot);
          state = State::target_to_be_told;
          return;
        default:
          model.finish_at_target(slot);
          state = State::source_to_be_told;
          return;
      }
    case State::unserved:
      model.take_over(slot, holders_[slot]);
      state = State::rest;
      return;
    case State::target_to_be_told:
      model.finish_at_target(slot);
      state = State::rest;
      ++struck["source told first"];
      return;
    case State::source_to_be_told:
      model.finish_at_source(slot);
      state = State::rest;
      ++struck["target told first"];
      return;
  }
}

NodeIndex ClusterFaults::any_primary() {
  for (;;) {
    const auto number = static_cast<NodeIndex>(pick(static_cast<int>(nodes_count())));
    if (!world_.node(number).replica_of) return number;
  }
}

void ClusterFaults::network() {
  const std::string address = any_node();
  switch (pick(4)) {
    case 0:
      world_.cut(address,
                 pick(2) == 0 ? ClusterWorld::UnderWay::arrives : ClusterWorld::UnderWay::lost);
      ++struck["cut"];
      return;
    case 1:
      world_.kill(address);
      ++struck["killed"];
      return;
    case 2:
      world_.freeze(address);
      ++struck["frozen"];
      return;
    default: world_.hold_answers(address); ++struck["answers held"];
  }
}

bool ClusterFaults::is_at_rest() const {
  return std::all_of(states_.begin(), states_.end(),
                     [](const auto& each) { return each.second == State::rest; });
}

// A failover, also of a node that is well; nobody needs to know at once.
void ClusterFaults::owners() {
  ClusterModel& model = world_.model();
  if (!is_at_rest()) return;
  const NodeIndex primary = any_primary();
  model.replicate(primary);
  model.promote_replica_of(primary);
  ++struck["failover"];
  tell_some(primary);
}

void ClusterFaults::tell_some(NodeIndex replaced) {
  for (NodeIndex each = 0; each < nodes_count(); ++each) {
    if (each == replaced ? pick(2) == 0 : pick(4) != 0) tell(each);
  }
}

std::optional<NodeIndex> ClusterFaults::lossy_failover() {
  ClusterModel& model = world_.model();
  if (!is_at_rest()) return std::nullopt;
  const NodeIndex primary = any_primary();
  std::vector<NodeIndex> linked;
  for (const NodeIndex each : model.replicas_of(primary)) {
    const bool works = !world_.is_frozen(world_.address(each));
    if (works && model.replication().is_linked(each)) linked.push_back(each);
  }
  if (linked.empty()) return std::nullopt;
  const NodeIndex promoted = one_of(linked);
  model.promote(promoted);
  ++struck["failover to a replica that lags"];
  tell_some(primary);
  return promoted;
}

// A frozen process learns nothing until it has worked through what lies in its sockets.
void ClusterFaults::tell(NodeIndex number) {
  if (!world_.is_frozen(world_.address(number))) world_.model().tell(number);
}

void ClusterFaults::words() {
  ModelNode& node = world_.node(static_cast<NodeIndex>(pick(static_cast<int>(nodes_count()))));
  static const std::vector<std::string> refusals{"-LOADING wait\r\n", "-MASTERDOWN no link\r\n",
                                                 "-READONLY no\r\n"};
  static const std::vector<std::string> views{"*0\r\n", "+OK\r\n", "*1\r\n:5\r\n",
                                              "-LOADING wait\r\n"};
  switch (pick(5)) {
    case 0: node.refusal = one_of(refusals); break;
    case 4: node.refused["HELLO"] = "-ERR max number of clients reached\r\n"; break;
    case 1: node.is_down = true; break;
    case 2: node.refused["CLUSTER SLOTS"] = one_of(views); break;
    default: node.host_form = static_cast<ModelNode::HostForm>(pick(4));
  }
  ++struck["refusals"];
}

// A node of another cluster takes the address of a node whose id the client knows for a while,
// and claims all slots.
void ClusterFaults::strangers() {
  if (!stranger_at_.empty()) {
    world_.put_back(std::exchange(stranger_at_, {}));
    return;
  }
  stranger_at_ = ClusterWorld::port(static_cast<NodeIndex>(pick(static_cast<int>(primaries_))));
  const NodeIndex stranger = world_.replace(stranger_at_);
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    world_.node(stranger).view[slot] = static_cast<std::uint16_t>(stranger);
  }
  ++struck["stranger"];
}

void ClusterFaults::recover() {
  const auto number = static_cast<NodeIndex>(pick(static_cast<int>(nodes_count())));
  ModelNode& node = world_.node(number);
  node.refusal.clear();
  node.is_down = false;
  node.refused.clear();
  node.host_form = ModelNode::HostForm::address;
  if (pick(2) == 0) world_.revive(node.address());
  if (pick(2) == 0) world_.wake(node.address());
  if (pick(2) == 0) world_.let_answers_go(node.address());
}

void ClusterFaults::slots_to_rest(unsigned slot) {
  ClusterModel& model = world_.model();
  State& state = states_[slot];
  if (state == State::moving && model.is_migrating(slot)) model.cancel_migration(slot);
  if (state == State::unserved) model.take_over(slot, holders_[slot]);
  if (state == State::target_to_be_told) model.finish_at_target(slot);
  if (state == State::source_to_be_told) model.finish_at_source(slot);
  state = State::rest;
}

void ClusterFaults::end_all() {
  if (!stranger_at_.empty()) world_.put_back(std::exchange(stranger_at_, {}));
  for (const unsigned slot : slots_) {
    while (states_[slot] != State::rest) slots_to_rest(slot);
  }
  for (NodeIndex each = 0; each < nodes_count(); ++each) {
    ModelNode& node = world_.node(each);
    node.refusal.clear();
    node.is_down = false;
    node.refused.clear();
    node.host_form = ModelNode::HostForm::address;
    world_.revive(node.address());
    world_.wake(node.address());
    world_.let_answers_go(node.address());
  }
  world_.memory().refuse_one_after(TestMemory::no_refusal);
  world_.run();
}

}  // namespace plimsoll::testing
