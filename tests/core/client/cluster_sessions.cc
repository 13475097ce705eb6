#include "plimsoll/tests/core/client/cluster_sessions.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "plimsoll/tests/core/client/cluster_model.h"
#include "plimsoll/tests/core/client/peer.h"

namespace plimsoll::testing {
namespace {

constexpr std::string_view nothing = "_\r\n";

std::string push_of(std::string_view word, const std::string& channel, std::size_t left) {
  return ">3\r\n" + bulk_reply(word) + bulk_reply(channel) + ":" + std::to_string(left) + "\r\n";
}

}  // namespace

void ClusterSessions::open(NodeIndex number, ModelSession& session) {
  session.id = 10 + ++ids_[number];
  open_.push_back({number, &session});
}

void ClusterSessions::close(ModelSession& session) {
  std::erase_if(open_, [&](const Open& each) { return each.session == &session; });
  std::erase(waiting_, &session);
}

void ClusterSessions::close_all(NodeIndex number) {
  std::vector<ModelSession*> gone;
  for (const Open& each : open_) {
    if (each.node == number) gone.push_back(each.session);
  }
  for (ModelSession* const each : gone) close(*each);
  ids_[number] = 0;  // it begins to count anew
}

std::optional<std::string> ClusterSessions::take(NodeIndex number, const Words& words) {
  ModelNode::Data& data = model_.node(number).data;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    const auto found = data.find(words[i]);
    if (found == data.end()) continue;
    const std::string element = found->second.front();
    found->second.erase(found->second.begin());
    if (found->second.empty()) data.erase(found);
    popped_.push_back({.node = number, .words = words, .element = element});
    model_.tracking().note_change(number, words[i]);
    return "*2\r\n" + bulk_reply(words[i]) + bulk_reply(element);
  }
  return std::nullopt;
}

std::string ClusterSessions::pop(NodeIndex number, ModelSession& session, const Words& words) {
  if (auto taken = take(number, words)) return *taken;
  const bool is_open = std::any_of(open_.begin(), open_.end(),
                                   [&](const Open& each) { return each.session == &session; });
  if (!is_open || session.is_in_transaction) return std::string(nothing);
  const double seconds = std::stod(words.back());
  const auto time = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  session.blocked = {.words = words, .until = seconds == 0 ? never : now_ + time};
  waiting_.push_back(&session);
  return "";
}

std::string ClusterSessions::unblock(NodeIndex number, const Words& words) {
  for (const Open& each : open_) {
    if (each.node != number || std::to_string(each.session->id) != words.at(2)) continue;
    if (!each.session->blocked) break;
    if (on_unblocked) on_unblocked(each.session->blocked->words);
    end(number, *each.session, std::string(nothing));
    return ":1\r\n";
  }
  return ":0\r\n";
}

// What came behind it is run now.
void ClusterSessions::end(NodeIndex number, ModelSession& session, const std::string& reply) {
  session.blocked.reset();
  std::erase(waiting_, &session);
  session.late += reply;
  while (!session.blocked && !session.behind.empty()) {
    const Words next = std::move(session.behind.front());
    session.behind.pop_front();
    session.late += model_.answer(number, session, next);
  }
}

void ClusterSessions::watch(NodeIndex number, ModelSession& session, const Words& words) {
  const ModelNode::Data& data = model_.node(number).data;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto found = data.find(words[i]);
    const bool is_there = found != data.end();
    session.watched.emplace(words[i], is_there ? std::optional(found->second) : std::nullopt);
  }
}

bool ClusterSessions::are_unchanged(NodeIndex number, const ModelSession& session) const {
  const ModelNode::Data& data = model_.node(number).data;
  return std::all_of(session.watched.begin(), session.watched.end(), [&](const auto& each) {
    const auto found = data.find(each.first);
    return each.second == (found == data.end() ? std::nullopt : std::optional(found->second));
  });
}

std::string ClusterSessions::answer_about_shards(NodeIndex number, ModelSession& session,
                                                 const Words& words) {
  const unsigned slot = model_slot_of(words.at(1));
  const std::string refused = model_.refusal_of_slot(number, slot);
  if (!refused.empty()) return refused;
  if (words[0] == "SPUBLISH") {
    std::size_t count = 0;
    for (const Open& each : open_) {
      if (each.node != number || !each.session->shard_channels.contains(words[1])) continue;
      each.session->late +=
          ">3\r\n" + bulk_reply("smessage") + bulk_reply(words[1]) + bulk_reply(words.at(2));
      ++count;
    }
    published_.push_back({.node = number,
                          .by_owner = model_.owner(slot) == number && model_.is_undisputed(slot),
                          .channel = words[1],
                          .text = words[2]});
    return ":" + std::to_string(count) + "\r\n";
  }
  std::string reply;
  std::set<std::string>& channels = session.shard_channels;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[0] == "SSUBSCRIBE") {
      channels.insert(words[i]);
      reply += push_of("ssubscribe", words[i], channels.size());
    } else {
      channels.erase(words[i]);
      reply += push_of("sunsubscribe", words[i], channels.size());
    }
  }
  return reply;
}

// As clusterRedirectBlockedClientIfNeeded() decides. Empty: it goes on waiting.
std::string ClusterSessions::refusal_of_blocked(NodeIndex number,
                                                const ModelSession& session) const {
  const ModelNode& node = model_.node(number);
  const unsigned slot = model_slot_of(session.blocked->words.at(1));
  if (node.view[slot] == number || node.importing.contains(slot)) {
    return node.is_down ? "-CLUSTERDOWN The cluster is down\r\n" : "";
  }
  const bool is_demoted = closes_when_demoted && node.replica_of && *node.replica_of != number;
  if (is_demoted && node.view[slot] == *node.replica_of) {
    return "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> "
           "replica?)\r\n";
  }
  return model_.refusal_of_slot(number, slot);
}

// Unasked; a SUNSUBSCRIBE that is under way is refused behind it.
void ClusterSessions::end_lost_channels(NodeIndex number, ModelSession& session) const {
  for (auto at = session.shard_channels.begin(); at != session.shard_channels.end();) {
    if (model_.node(number).view[model_slot_of(*at)] == number) {
      ++at;
      continue;
    }
    const std::string channel = *at;
    at = session.shard_channels.erase(at);
    session.late += push_of("sunsubscribe", channel, session.shard_channels.size());
  }
}

// A world calls this with each step that it takes, and mostly nobody waits.
void ClusterSessions::settle(const Works& works) {
  for (const Open& each : open_) {
    const bool may_lose = !each.session->shard_channels.empty() && works(each.node);
    if (may_lose) end_lost_channels(each.node, *each.session);
  }
  if (waiting_.empty()) return;
  // end() may let another one begin to block, which is looked at in the next turn.
  const std::deque<ModelSession*> waiting = waiting_;
  for (ModelSession* const each : waiting) {
    const auto found = std::find_if(open_.begin(), open_.end(),
                                    [&](const Open& one) { return one.session == each; });
    if (found == open_.end() || !each->blocked || !works(found->node)) continue;
    const NodeIndex number = found->node;
    const std::string refused = refusal_of_blocked(number, *each);
    if (!refused.empty()) {
      each->closes |= refused.starts_with("-UNBLOCKED");
      end(number, *each, refused);
    } else if (const auto taken = take(number, each->blocked->words)) {
      end(number, *each, *taken);
    } else if (now_ >= each->blocked->until) {
      end(number, *each, std::string(nothing));
    }
  }
}

Instant ClusterSessions::next_due(const Works& works) const {
  Instant next = never;
  for (const Open& each : open_) {
    const bool waits = each.session->blocked && works(each.node);
    if (waits) next = std::min(next, each.session->blocked->until);
  }
  return next;
}

std::vector<Words> ClusterSessions::blocked() const {
  std::vector<Words> all;
  for (const ModelSession* const each : waiting_) all.push_back(each->blocked->words);
  return all;
}

std::size_t ClusterSessions::blocked_count(NodeIndex number) const {
  return static_cast<std::size_t>(std::count_if(open_.begin(), open_.end(), [&](const Open& each) {
    return each.node == number && each.session->blocked.has_value();
  }));
}

std::size_t ClusterSessions::subscribers(NodeIndex number, const std::string& channel) const {
  return static_cast<std::size_t>(std::count_if(open_.begin(), open_.end(), [&](const Open& each) {
    return each.node == number && each.session->shard_channels.contains(channel);
  }));
}

}  // namespace plimsoll::testing
