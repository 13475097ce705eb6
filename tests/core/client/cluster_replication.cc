#include "plimsoll/tests/core/client/cluster_replication.h"

#include <algorithm>
#include <utility>

#include "plimsoll/tests/core/client/cluster_model.h"

namespace plimsoll::testing {

std::string ClusterReplication::name_of_history(NodeIndex number, std::size_t history) {
  const std::string digits = std::to_string(number) + "e" + std::to_string(history);
  return std::string(40 - digits.size(), 'f') + digits;
}

bool ClusterReplication::is_primary(NodeIndex number) const {
  const ModelNode& node = model_.node(number);
  return !node.replica_of || node.was_replaced_unawares;
}

void ClusterReplication::append(NodeIndex number, Change change) {
  if (!is_primary(number)) return;
  ++model_.node(number).offset;
  // Nobody needs the log of a primary without replicas: a later one is given everything.
  bool is_followed = false;
  for (NodeIndex each = 0; each < model_.nodes_count(); ++each) {
    const ModelNode& node = model_.node(each);
    is_followed |= node.replica_of == number && node.replid == model_.node(number).replid;
  }
  if (is_followed) logs_[number].push_back(std::move(change));
}

void ClusterReplication::note_change(NodeIndex number, const std::string& key) {
  const ModelNode::Data& data = model_.node(number).data;
  const auto found = data.find(key);
  Change change{.key = key};
  if (found != data.end()) change.holds = found->second;
  append(number, std::move(change));
}

void ClusterReplication::note_slot(NodeIndex number, unsigned slot) {
  if (!replicas_know_migrations) return;
  const ModelNode& node = model_.node(number);
  Change change{.slot = slot, .owner = node.view[slot]};
  const auto migrating = node.migrating.find(slot);
  if (migrating != node.migrating.end()) change.migrating_to = migrating->second;
  append(number, std::move(change));
}

void ClusterReplication::note_promotion(NodeIndex old, NodeIndex promoted) {
  ModelNode& primary = model_.node(promoted);
  primary.replica_of.reset();
  primary.was_replaced_unawares = false;
  primary.is_link_up = true;
  primary.migrating_at_primary.clear();
  ++primary.history;
  primary.replid = name_of_history(promoted, primary.history);
  logs_.erase(promoted);
  positions_.erase(promoted);
  ModelNode& replaced = model_.node(old);
  replaced.replica_of = promoted;
  replaced.was_replaced_unawares = true;
  replaced.is_link_up = false;
}

void ClusterReplication::tell(NodeIndex number) {
  ModelNode& node = model_.node(number);
  node.was_replaced_unawares = false;
  if (!node.replica_of) return;
  const std::optional<NodeIndex> successor = model_.node(*node.replica_of).replica_of;
  if (!successor) return;
  node.replica_of = successor;
  node.is_link_up = false;
  node.migrating_at_primary.clear();
}

bool ClusterReplication::is_linked(NodeIndex replica) const {
  const ModelNode& node = model_.node(replica);
  return node.replica_of && !node.was_replaced_unawares && node.is_link_up &&
         is_primary(*node.replica_of) && node.replid == model_.node(*node.replica_of).replid;
}

std::size_t ClusterReplication::position_of(NodeIndex replica) const {
  const auto found = positions_.find(replica);
  return found == positions_.end() ? 0 : found->second;
}

std::size_t ClusterReplication::behind(NodeIndex replica) const {
  const auto log = logs_.find(model_.node(replica).replica_of.value());
  return log == logs_.end() ? 0 : log->second.size() - position_of(replica);
}

std::size_t ClusterReplication::catch_up(NodeIndex replica, std::size_t changes) {
  if (!is_linked(replica)) return 0;
  const std::size_t count = std::min(changes, behind(replica));
  for (std::size_t i = 0; i < count; ++i) {
    apply(replica, logs_.at(*model_.node(replica).replica_of)[positions_[replica]++]);
    ++model_.node(replica).offset;
  }
  return count;
}

void ClusterReplication::apply(NodeIndex replica, const Change& change) {
  ModelNode& node = model_.node(replica);
  if (change.key) {
    if (change.holds) {
      node.data[*change.key] = *change.holds;
    } else {
      node.data.erase(*change.key);
    }
    model_.tracking().note_applied(replica, *change.key);
    return;
  }
  // A replica may have heard more of the cluster than its primary had when it said this. Only what
  // the replica serves must fit the data that it has.
  const NodeIndex primary = *node.replica_of;
  if (change.owner == primary || node.view[change.slot] == primary) {
    node.view[change.slot] = change.owner;
  }
  node.migrating_at_primary.erase(change.slot);
  if (change.migrating_to) node.migrating_at_primary[change.slot] = *change.migrating_to;
}

void ClusterReplication::note_given(NodeIndex replica) {
  ModelNode& node = model_.node(replica);
  const NodeIndex number = node.replica_of.value();
  const ModelNode& primary = model_.node(number);
  node.offset = primary.offset;
  node.replid = primary.replid;
  node.is_link_up = true;
  node.was_replaced_unawares = false;
  node.migrating_at_primary.clear();
  positions_[replica] = logs_[number].size();
  logs_.erase(replica);
  if (!replicas_know_migrations) return;
  node.migrating_at_primary = primary.migrating;
  // Otherwise the replica would answer null for what is not at its primary any more.
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    if (node.view[slot] == number && primary.view[slot] != number) {
      node.view[slot] = primary.view[slot];
    }
  }
}

std::string ClusterReplication::report_of(NodeIndex number) const {
  const ModelNode& node = model_.node(number);
  const std::string offset = std::to_string(node.offset);
  std::string text = "# Replication\r\n";
  if (!is_primary(number)) {
    const ModelNode& primary = model_.node(*node.replica_of);
    text += "role:slave\r\nmaster_host:" + primary.host +
            "\r\nmaster_port:" + std::to_string(primary.port) +
            "\r\nmaster_link_status:" + (is_linked(number) ? "up" : "down") +
            "\r\nslave_read_repl_offset:" + offset + "\r\nslave_repl_offset:" + offset +
            "\r\nconnected_slaves:0\r\n";
  } else {
    std::size_t count = 0;
    std::string lines;
    for (NodeIndex each = 0; each < model_.nodes_count(); ++each) {
      const ModelNode& replica = model_.node(each);
      if (replica.replica_of != number || !is_linked(each)) continue;
      lines += "slave" + std::to_string(count++) + ":ip=" + replica.host +
               ",port=" + std::to_string(replica.port) +
               ",state=online,offset=" + std::to_string(replica.offset) + ",lag=0\r\n";
    }
    text += "role:master\r\nconnected_slaves:" + std::to_string(count) + "\r\n" + lines;
  }
  return text + "master_replid:" + node.replid + "\r\nmaster_repl_offset:" + offset + "\r\n";
}

}  // namespace plimsoll::testing
