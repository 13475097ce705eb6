#include "plimsoll/tests/core/client/cluster_tracking.h"

#include <set>
#include <utility>

#include "plimsoll/tests/core/client/cluster_model.h"
#include "plimsoll/tests/core/client/peer.h"

namespace plimsoll::testing {
namespace {

const std::string invalidate = ">2\r\n$10\r\ninvalidate\r\n";

ClusterTracking::Value value_in(const ModelNode::Data& data, const std::string& key) {
  const auto found = data.find(key);
  return found == data.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::optional<std::string> ClusterTracking::answer(ModelSession& session, const Words& words) {
  if (words[0] != "CLIENT" || words.size() < 3) return std::nullopt;
  if (words[1] == "CACHING") {
    if (session.tracking != ModelSession::Tracking::opted_in) {
      return "-ERR CLIENT CACHING can be called only when the client is in tracking mode with "
             "OPTIN "
             "or OPTOUT mode enabled\r\n";
    }
    session.caches_next = true;
    return "+OK\r\n";
  }
  if (words[1] != "TRACKING") return std::nullopt;
  const bool is_on = words[2] == "ON";
  const bool opts_in = words.size() > 3 && words[3] == "OPTIN";
  if ((words[2] != "OFF" && !is_on) || words.size() > (opts_in ? 4 : 3)) {
    return "-ERR syntax error\r\n";
  }
  session.tracking = !is_on    ? ModelSession::Tracking::off
                     : opts_in ? ModelSession::Tracking::opted_in
                               : ModelSession::Tracking::all;
  return "+OK\r\n";
}

void ClusterTracking::note_read(ModelSession& session, const std::vector<std::string>& keys) {
  const bool is_tracked =
      session.tracking == ModelSession::Tracking::all ||
      (session.tracking == ModelSession::Tracking::opted_in && session.caches_now);
  if (is_tracked) session.tracked.insert(keys.begin(), keys.end());
}

bool ClusterTracking::is_by_owner(NodeIndex number, unsigned slot) const {
  const NodeIndex owner = model_.owner(slot);
  if (owner == number) return true;
  const auto import = model_.node(number).importing.find(slot);
  return import != model_.node(number).importing.end() && import->second == owner;
}

void ClusterTracking::note_change(NodeIndex number, const std::string& key) {
  changes_[key].push_back({.node = number,
                           .value = value_in(model_.node(number).data, key),
                           .by_owner = is_by_owner(number, model_slot_of(key)),
                           .is_loss = false,
                           .at = model_.sessions().now()});
  model_.replication().note_change(number, key);
  tell(number, key);
}

void ClusterTracking::note_move(NodeIndex number, const std::string& key) {
  model_.replication().note_change(number, key);
  tell(number, key);
}

// Each of them hears of the key once, and then not before it has read it again.
void ClusterTracking::tell(NodeIndex number, const std::string& key) {
  model_.sessions().for_each(number, [&](ModelSession& session) {
    if (session.tracked.erase(key) == 0) return;
    if (session.tracking == ModelSession::Tracking::off) return;
    session.late += invalidate + "*1\r\n" + bulk_reply(key);
    const bool is_true = is_by_owner(number, model_slot_of(key));
    session.told_late.push_back({.key = key, .changes = is_true ? true_changes(key) : 0});
    ++pushes_;
  });
}

void ClusterTracking::note_flush(NodeIndex number) {
  model_.sessions().for_each(number, [&](ModelSession& session) {
    session.tracked.clear();
    if (session.tracking == ModelSession::Tracking::off) return;
    session.late += invalidate + "_\r\n";
    session.told_late.push_back({});
    ++flushes_;
  });
}

void ClusterTracking::note_replicated(NodeIndex replica, const ModelNode::Data& data) {
  std::set<std::string> keys;
  for (const auto& [key, value] : data) keys.insert(key);
  for (const auto& [key, value] : model_.node(replica).data) keys.insert(key);
  for (const std::string& key : keys) {
    if (value_in(data, key) != value_in(model_.node(replica).data, key)) tell(replica, key);
  }
}

void ClusterTracking::note_owner(unsigned slot) {
  for (const auto& [key, all] : changes_) {
    if (model_slot_of(key) == slot) note_loss(key);
  }
}

void ClusterTracking::note_owners() {
  for (const auto& [key, all] : changes_) note_loss(key);
}

// Keys of a slot that is on the move may be at either of two nodes: nothing is lost there.
void ClusterTracking::note_loss(const std::string& key) {
  const unsigned slot = model_slot_of(key);
  const NodeIndex owner = model_.owner(slot);
  if (owner == ModelNode::nobody || model_.is_migrating(slot)) return;
  const Value value = value_in(model_.node(owner).data, key);
  if (value == truth(key)) return;
  changes_[key].push_back({.node = owner,
                           .value = value,
                           .by_owner = true,
                           .is_loss = true,
                           .at = model_.sessions().now()});
}

const std::vector<ClusterTracking::Change>& ClusterTracking::changes(const std::string& key) const {
  static const std::vector<Change> none;
  const auto found = changes_.find(key);
  return found == changes_.end() ? none : found->second;
}

std::size_t ClusterTracking::true_changes(const std::string& key) const {
  const std::vector<Change>& all = changes(key);
  std::size_t count = all.size();
  while (count > 0 && !all[count - 1].by_owner) --count;
  return count;
}

ClusterTracking::Value ClusterTracking::truth(const std::string& key) const {
  const std::size_t count = true_changes(key);
  return count == 0 ? std::nullopt : changes(key)[count - 1].value;
}

}  // namespace plimsoll::testing
