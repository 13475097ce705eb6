// More than 500 lines, because what a node answers and what an operator does to it change one
// state.

#include "plimsoll/tests/core/client/cluster_model.h"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/model_reads.h"
#include "plimsoll/tests/core/client/model_walk.h"
#include "plimsoll/tests/core/client/peer.h"

namespace plimsoll::testing {
namespace {

constexpr std::string_view ok = "+OK\r\n";
constexpr std::string_view null_reply = "_\r\n";

// FAIL() in a function of its own: a failed promise ends the test, whoever made the call.
void require_of_model(bool promise, const char* otherwise) {
  if (!promise) FAIL(otherwise);
}

std::string words_in_one(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// As a server answers INFO in RESP3.
std::string text_reply(const std::string& text) {
  return "=" + std::to_string(text.size() + 4) + "\r\ntxt:" + text + "\r\n";
}

std::string integer_reply(std::size_t number) { return ":" + std::to_string(number) + "\r\n"; }
std::string header(char sign, std::size_t count) { return sign + std::to_string(count) + "\r\n"; }

struct Asked {
  std::vector<std::string> keys;
  bool only_reads = false;
  bool is_known = true;
};

// Where the commands that the model knows have their keys.
Asked keys_asked(const Words& words) {
  const std::string& name = words[0];
  const auto one = [&] { return std::vector<std::string>{words.at(1)}; };
  const auto rest = [&](std::size_t step) {
    std::vector<std::string> keys;
    for (std::size_t i = 1; i < words.size(); i += step) keys.push_back(words[i]);
    return keys;
  };
  static const std::set<std::string_view> reads{"GET",  "GETRANGE", "LRANGE", "LLEN",
                                                "PTTL", "HGETALL",  "STRLEN", "TYPE"};
  if (reads.contains(name)) return {one(), true};
  if (name == "SET" || name == "HSET" || name == "RPUSH" || name == "INCR") return {one(), false};
  if (name == "MGET" || name == "EXISTS" || name == "WATCH") return {rest(1), true};
  if (name == "BLPOP") return {{words.begin() + 1, words.end() - 1}, false};
  if (name == "DEL") return {rest(1), false};
  if (name == "MSET") return {rest(2), false};
  if (name == "EVAL") {
    const auto count = static_cast<std::ptrdiff_t>(std::stoul(words.at(2)));
    return {{words.begin() + 3, words.begin() + 3 + count}, false};
  }
  return {{}, false, false};
}

}  // namespace

unsigned model_slot_of(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open != key.npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != key.npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  std::uint32_t crc = 0;
  for (const char byte : key) {
    crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc % model_slots_count;
}

ClusterModel::ClusterModel(std::size_t primaries, std::size_t replicas) {
  for (std::size_t i = 0; i < primaries * (1 + replicas); ++i) {
    add_node("10.0.0.1", static_cast<std::uint16_t>(7000 + i));
    if (i < primaries) continue;
    node(i).replica_of = i % primaries;
    node(i).replid = node(i % primaries).replid;
  }
  for (unsigned slot = 0; slot < model_slots_count; ++slot)
    owners_[slot] = slot * primaries / model_slots_count;
  for (ModelNode& each : nodes_) each.view.assign(owners_.begin(), owners_.end());
}

NodeIndex ClusterModel::add_node(const std::string& host, std::uint16_t port) {
  const NodeIndex number = nodes_.size();
  ModelNode node;
  node.host = host;
  node.port = port;
  const std::string digits = std::to_string(number);
  node.id = std::string(40 - digits.size(), 'a') + digits;
  node.replid = ClusterReplication::name_of_history(number, 0);
  nodes_.push_back(std::move(node));
  return number;
}

std::string ClusterModel::endpoint(const ModelNode& asked, const ModelNode& named) const {
  switch (asked.host_form) {
    case ModelNode::HostForm::address: return named.host;
    case ModelNode::HostForm::null:
    case ModelNode::HostForm::empty: return "";
    case ModelNode::HostForm::question_mark: return "?";
  }
  return "";
}

std::string ClusterModel::redirect(const char* word, unsigned slot, const ModelNode& asked,
                                   NodeIndex named) const {
  return std::string("-") + word + " " + std::to_string(slot) + " " + endpoint(asked, node(named)) +
         ":" + std::to_string(node(named).port) + "\r\n";
}

// In the order in which Valkey's getNodeByQuery() decides. Empty: the node runs the command.
std::string ClusterModel::refusal(NodeIndex number, const ModelSession& session,
                                  const std::vector<std::string>& keys, bool only_reads) const {
  if (keys.empty()) return "";
  const ModelNode& asked = node(number);
  const unsigned slot = model_slot_of(keys[0]);
  std::size_t missing = 0;
  for (const std::string& key : keys) {
    if (model_slot_of(key) != slot) {
      return "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
    }
    if (!asked.data.contains(key)) ++missing;
  }
  const bool are_several =
      std::any_of(keys.begin(), keys.end(), [&](const std::string& key) { return key != keys[0]; });
  const std::uint16_t owner_seen = asked.view[slot];
  const char* const try_again = "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";
  if (owner_seen == ModelNode::nobody) return "-CLUSTERDOWN Hash slot not served\r\n";
  if (asked.is_down) return "-CLUSTERDOWN The cluster is down\r\n";
  const bool is_own = owner_seen == number;
  if (const auto to = asked.migrating.find(slot); is_own && to != asked.migrating.end()) {
    if (missing > 0 && missing < keys.size()) return try_again;
    if (missing > 0) return redirect("ASK", slot, asked, to->second);
  } else if (const auto from = asked.importing.find(slot);
             !is_own && from != asked.importing.end() && session.is_asking) {
    if (are_several && missing > 0) return try_again;
    // An ASK that is answered this late was said before the slot's last move was called off. Valkey
    // would run the command on a key that is elsewhere, and no client could know. Here it does not.
    const bool is_elsewhere = missing > 0 && node(from->second).data.contains(keys[0]);
    if (!is_elsewhere) return "";
  }
  if (is_own) return asked.refusal;
  if (asked.replica_of == owner_seen && session.is_readonly && only_reads) {
    // What has left is missing here as it is at the primary, once the replica has come as far.
    const auto to = asked.migrating_at_primary.find(slot);
    if (to != asked.migrating_at_primary.end() && missing > 0) {
      return missing < keys.size() ? try_again : redirect("ASK", slot, asked, to->second);
    }
    return asked.refusal;
  }
  return redirect("MOVED", slot, asked, owner_seen);
}

std::string ClusterModel::refusal_of_slot(NodeIndex number, unsigned slot) const {
  const ModelNode& asked = node(number);
  const std::uint16_t owner_seen = asked.view[slot];
  if (owner_seen == ModelNode::nobody) return "-CLUSTERDOWN Hash slot not served\r\n";
  if (asked.is_down) return "-CLUSTERDOWN The cluster is down\r\n";
  return owner_seen == number ? "" : redirect("MOVED", slot, asked, owner_seen);
}

bool ClusterModel::is_undisputed(unsigned slot) const {
  const NodeIndex owner_now = owner(slot);
  for (NodeIndex each = 0; each < nodes_.size(); ++each) {
    if (each != owner_now && node(each).view[slot] == each) return false;
  }
  return owner_now != ModelNode::nobody;
}

std::string ClusterModel::answer(NodeIndex number, ModelSession& session, const Words& words) {
  if (session.blocked) {
    session.behind.push_back(words);
    return "";
  }
  const auto is_this = [number](NodeIndex each) { return each == number; };
  sessions_.settle(is_this);
  const std::string late = session.take_late();
  const std::string reply = answer_unblocked(number, session, words);
  session.has_refused = reply.starts_with('-');
  sessions_.settle(is_this);
  return late + reply;
}

std::string ClusterModel::answer_unblocked(NodeIndex number, ModelSession& session,
                                           const Words& words) {
  ModelNode& asked = node(number);
  const std::string& name = words.at(0);
  const std::string two = words.size() > 1 ? name + " " + words[1] : name;
  // ASKING holds for one command, or until the end of a transaction.
  const bool was_asking = session.is_asking;
  if (name != "CLIENT") session.caches_now = std::exchange(session.caches_next, false);
  const auto end_asking = [&](std::string reply) {
    if (was_asking && !session.is_in_transaction) session.is_asking = false;
    return reply;
  };
  for (const std::string& each : {name, two}) {
    const auto found = asked.refused.find(each);
    if (found == asked.refused.end()) continue;
    if (session.is_in_transaction) session.is_aborted = true;
    return end_asking(found->second);
  }
  if (name == "HELLO" || name == "AUTH") {
    if (!asked.password.empty() &&
        std::find(words.begin(), words.end(), asked.password) == words.end()) {
      return "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    }
    session.has_authenticated = true;
    const auto auth = std::find(words.begin(), words.end(), "AUTH");
    if (words.end() - auth > 2) session.user = auth[1];
    if (name == "AUTH") return std::string(ok);
    std::string reply = hello_reply;
    reply.replace(reply.find(":4\r\n"), 2, ":" + std::to_string(session.id));
    reply.replace(reply.find("$10\r\nstandalone"), 15, "$7\r\ncluster");
    if (asked.replica_of) reply.replace(reply.find("$6\r\nmaster"), 10, "$7\r\nreplica");
    return reply;
  }
  if (!asked.password.empty() && !session.has_authenticated) {
    return "-NOAUTH Authentication required.\r\n";
  }
  if (name == "EXEC") return end_asking(run_transaction(number, session));
  if (name == "DISCARD") {
    session.is_in_transaction = false;
    session.queued.clear();
    session.watched.clear();
    return end_asking(std::string(ok));
  }
  if (session.is_in_transaction) return queue(number, session, words);
  if (name == "MULTI") {
    session.is_in_transaction = true;
    session.is_aborted = false;
    return std::string(ok);
  }
  const Asked keys = keys_asked(words);
  if (!keys.is_known) return end_asking(run_keyless(number, session, words));
  const std::string refused = refusal(number, session, keys.keys, keys.only_reads);
  return end_asking(refused.empty() ? run(number, session, words) : refused);
}

std::string ClusterModel::queue(NodeIndex number, ModelSession& session, const Words& words) {
  const Asked keys = keys_asked(words);
  const std::string refused = refusal(number, session, keys.keys, keys.only_reads);
  if (!refused.empty()) {
    session.is_aborted = true;
    return refused;
  }
  if (!session.is_aborted) session.queued.push_back(words);
  return "+QUEUED\r\n";
}

std::string ClusterModel::run_transaction(NodeIndex number, ModelSession& session) {
  if (!session.is_in_transaction) return "-ERR EXEC without MULTI\r\n";
  const std::vector<Words> queued = std::exchange(session.queued, {});
  const auto end_watches = [&](std::string reply) {
    session.is_in_transaction = false;
    session.watched.clear();
    return reply;
  };
  std::vector<std::string> keys;
  bool only_reads = true;
  for (const Words& words : queued) {
    const Asked each = keys_asked(words);
    keys.insert(keys.end(), each.keys.begin(), each.keys.end());
    only_reads &= each.only_reads || each.keys.empty();
  }
  const std::string refused = refusal(number, session, keys, only_reads);
  if (!refused.empty()) return end_watches(refused);
  if (session.is_aborted) {
    return end_watches("-EXECABORT Transaction discarded because of previous errors.\r\n");
  }
  if (!sessions_.are_unchanged(number, session)) return end_watches(std::string(null_reply));
  if (sessions_.on_commit) sessions_.on_commit(session, queued);
  std::string reply = header('*', queued.size());
  for (const Words& words : queued) {
    reply += keys_asked(words).is_known ? run(number, session, words)
                                        : run_keyless(number, session, words);
  }
  return end_watches(reply);
}

std::string ClusterModel::run(NodeIndex number, ModelSession& session, const Words& words) {
  ModelNode::Data& data = node(number).data;
  const std::string& name = words[0];
  const Asked asked = keys_asked(words);
  if (asked.keys.empty()) {
    node(number).keyless.push_back(words_in_one(words));
    return std::string(ok);
  }
  const std::string& key = asked.keys[0];
  // A script may say whatever its author likes.
  if (name == "EVAL" && words[1].starts_with("error:")) return "-" + words[1].substr(6) + "\r\n";
  const unsigned slot = model_slot_of(key);
  runs_.push_back({.node = number, .slot = slot, .words = words});
  if (node(number).replica_of && node(number).replica_of == node(number).view[slot]) {
    replica_reads_.push_back({.node = number, .words = words, .at = sessions_.now()});
  }
  if (name == "BLPOP") return sessions_.pop(number, session, words);
  if (name == "WATCH") {
    sessions_.watch(number, session, words);
    return std::string(ok);
  }
  if (const auto reply = answer_of_read(data, words)) {
    ClusterTracking::note_read(session, asked.keys);
    return *reply;
  }
  std::string reply = std::string(ok);
  if (name == "DEL") {
    std::size_t count = 0;
    for (const std::string& each : asked.keys) {
      if (data.erase(each) == 0) continue;
      ++count;
      tracking_.note_change(number, each);
    }
    return integer_reply(count);
  }
  if (name == "MSET") {
    for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
      data[words[i]] = {words[i + 1]};
      tracking_.note_change(number, words[i]);
    }
    return reply;
  }
  if (name == "SET") {
    data[key] = {words.at(2)};
  } else if (name == "HSET") {
    data[key] = {words.begin() + 2, words.end()};
    reply = integer_reply(data[key].size() / 2);
  } else if (name == "INCR") {
    const std::string number_now = data.contains(key) ? data[key].back() : "0";
    data[key] = {std::to_string(std::stoul(number_now) + 1)};
    reply = integer_reply(std::stoul(data[key].back()));
  } else {
    // RPUSH, and EVAL, which appends its arguments to its first key.
    const std::size_t first = name == "RPUSH" ? 2 : 3 + asked.keys.size();
    if (first == words.size()) return integer_reply(data.contains(key) ? data[key].size() : 0);
    data[key].insert(data[key].end(), words.begin() + static_cast<std::ptrdiff_t>(first),
                     words.end());
    reply = integer_reply(data[key].size());
  }
  tracking_.note_change(number, key);
  return reply;
}

std::string ClusterModel::run_keyless(NodeIndex number, ModelSession& session, const Words& words) {
  ModelNode& asked = node(number);
  const std::string& name = words[0];
  if (name == "ASKING") {
    session.is_asking = true;
    return std::string(ok);
  }
  if (name == "READONLY" || name == "READWRITE") {
    session.is_readonly = name == "READONLY";
    return std::string(ok);
  }
  if (name == "INFO" && words.size() > 1 && words[1] == "replication") {
    return text_reply(replication_.report_of(number));
  }
  if (name == "SSUBSCRIBE" || name == "SUNSUBSCRIBE" || name == "SPUBLISH") {
    return sessions_.answer_about_shards(number, session, words);
  }
  if (const auto of_tracking = ClusterTracking::answer(session, words)) return *of_tracking;
  if (name == "ACL" && words.at(1) == "WHOAMI") return bulk_reply(session.user);
  if (name == "CLIENT" && words.at(1) == "UNBLOCK") return sessions_.unblock(number, words);
  if (name == "UNWATCH") {
    session.watched.clear();
    return std::string(ok);
  }
  if (name == "CLUSTER" && words.at(1) == "MYID") return bulk_reply(asked.id);
  if (name == "CLUSTER" && words.at(1) == "SLOTS") {
    ++asked.views_told;
    return slots_of(number);
  }
  if (name == "SUBSCRIBE") {
    std::string reply;
    for (std::size_t i = 1; i < words.size(); ++i) {
      session.channels.insert(words[i]);
      reply += ">3\r\n" + bulk_reply("subscribe") + bulk_reply(words[i]) +
               integer_reply(session.channels.size());
    }
    return reply;
  }
  if (const auto of_walk = answer_of_walk(asked, number, words)) return *of_walk;
  asked.keyless.push_back(words_in_one(words));
  if (name == "DBSIZE") return integer_reply(asked.data.size());
  if (name == "KEYS") {
    std::string reply = header('*', asked.data.size());
    for (const auto& [key, values] : asked.data) reply += bulk_reply(key);
    return reply;
  }
  if (name == "RANDOMKEY") {
    return asked.data.empty() ? std::string(null_reply) : bulk_reply(asked.data.begin()->first);
  }
  if (name == "FLUSHALL") {
    const ModelNode::Data flushed = std::exchange(asked.data, {});
    tracking_.note_flush(number);
    for (const auto& [key, value] : flushed) tracking_.note_change(number, key);
    return std::string(ok);
  }
  if (name == "PUBLISH") {
    published_.emplace_back(words.at(1), words.at(2));
    return integer_reply(0);
  }
  return Peer::default_reply(words);
}

std::string ClusterModel::slots_of(NodeIndex number) const {
  const ModelNode& asked = node(number);
  const auto node_entry = [&](NodeIndex named) {
    const bool is_null = asked.host_form == ModelNode::HostForm::null;
    return "*4\r\n" +
           (is_null ? std::string(null_reply) : bulk_reply(endpoint(asked, node(named)))) +
           integer_reply(node(named).port) + bulk_reply(node(named).id) + "%0\r\n";
  };
  std::string ranges;
  std::size_t count = 0;
  for (unsigned begin = 0, end = 0; begin < model_slots_count; begin = end) {
    const std::uint16_t owner_seen = asked.view[begin];
    for (end = begin + 1; end < model_slots_count && asked.view[end] == owner_seen;) ++end;
    if (owner_seen == ModelNode::nobody) continue;
    ++count;
    std::string entries = node_entry(owner_seen);
    std::size_t entries_count = 1;
    for (NodeIndex each = 0; each < nodes_.size(); ++each) {
      if (each == owner_seen || node(each).replica_of != owner_seen) continue;
      if (!node(each).has_caught_up) continue;
      entries += node_entry(each);
      ++entries_count;
    }
    ranges +=
        header('*', 2 + entries_count) + integer_reply(begin) + integer_reply(end - 1) + entries;
  }
  return header('*', count) + ranges;
}

bool ClusterModel::is_migrating(unsigned slot) const {
  return node(owner(slot)).migrating.contains(slot);
}

NodeIndex ClusterModel::target_of(unsigned slot) const {
  return node(owner(slot)).migrating.at(slot);
}

void ClusterModel::start_migration(unsigned slot, NodeIndex to) {
  const NodeIndex from = owner(slot);
  require_of_model(from != to && !is_migrating(slot), "this slot cannot begin to move there");
  node(to).importing[slot] = from;
  node(from).migrating[slot] = to;
  ++node(to).slots_settled;
  ++node(from).slots_settled;
  replication_.note_slot(from, slot);
}

bool ClusterModel::move_key(unsigned slot) {
  const std::vector<std::string> keys = keys_at(owner(slot), slot);
  return !keys.empty() && move_key(slot, keys[0]);
}

bool ClusterModel::move_key(unsigned slot, const std::string& key) {
  if (!node(owner(slot)).data.contains(key)) return false;
  move_to(owner(slot), target_of(slot), key);
  return true;
}

// MIGRATE at the source, and RESTORE-ASKING at the target.
void ClusterModel::move_to(NodeIndex from, NodeIndex to, const std::string& key) {
  auto moved = node(from).data.extract(key);
  node(to).data.insert_or_assign(key, std::move(moved.mapped()));
  tracking_.note_move(from, key);
  tracking_.note_move(to, key);
  ++node(from).keys_left;
  ++node(to).keys_came;
}

// The source's half: it says MOVED from now on. It may have heard already that the target has it.
void ClusterModel::finish_at_source(unsigned slot) {
  for (NodeIndex each = 0; each < nodes_.size(); ++each) {
    ModelNode& source = node(each);
    const auto found = source.migrating.find(slot);
    if (found == source.migrating.end()) continue;
    const NodeIndex target = found->second;
    for (const std::string& key : keys_at(each, slot)) move_to(each, target, key);
    ++source.slots_settled;
    source.view[slot] = static_cast<std::uint16_t>(target);
    source.migrating.erase(slot);
    replication_.note_slot(each, slot);
    return;
  }
}

// The target's half: it is the owner from now on, and says so to whoever asks it.
void ClusterModel::finish_at_target(unsigned slot) {
  for (NodeIndex each = 0; each < nodes_.size(); ++each) {
    ModelNode& target = node(each);
    const auto found = target.importing.find(slot);
    if (found == target.importing.end()) continue;
    const NodeIndex source = found->second;
    for (const std::string& key : keys_at(source, slot)) move_to(source, each, key);
    ++target.slots_settled;
    ++target.epoch;
    target.view[slot] = static_cast<std::uint16_t>(each);
    target.importing.erase(slot);
    owners_[slot] = each;
    replication_.note_slot(each, slot);
    return;
  }
  FAIL("no target has this slot");
}

void ClusterModel::cancel_migration(unsigned slot) {
  const NodeIndex to = target_of(slot);
  for (const std::string& key : keys_at(to, slot)) move_to(to, owner(slot), key);
  end_migration(slot);
}

void ClusterModel::end_migration(unsigned slot) {
  for (NodeIndex each = 0; each < nodes_.size(); ++each) {
    ModelNode& settled = node(each);
    const std::size_t sides = settled.migrating.erase(slot) + settled.importing.erase(slot);
    settled.slots_settled += sides;
    if (sides > 0) replication_.note_slot(each, slot);
  }
}

void ClusterModel::move_atomically(unsigned slot, NodeIndex to) {
  const NodeIndex from = owner(slot);
  start_migration(slot, to);
  finish_at_source(slot);
  finish_at_target(slot);
  require_of_model(keys_at(from, slot).empty(), "keys were left behind");
}

void ClusterModel::take_over(unsigned slot, NodeIndex to) {
  end_migration(slot);
  owners_[slot] = to;
  tell(to, slot);
  tracking_.note_owner(slot);
}

void ClusterModel::unassign(unsigned slot) {
  end_migration(slot);
  owners_[slot] = ModelNode::nobody;
}

void ClusterModel::tell(NodeIndex number) {
  const ModelNode& told = node(number);
  std::set<unsigned> under_way;
  for (const auto& [slot, to] : told.migrating) under_way.insert(slot);
  for (const auto& [slot, from] : told.importing) under_way.insert(slot);
  for (const unsigned slot : under_way) tell(number, slot);
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    if (told.view[slot] != owners_[slot]) tell(number, slot);
  }
  replication_.tell(number);
}

// A node that learns of another owner ends its own part in a migration. A source that was told
// first goes on to name the target, which does not claim the slot yet; and so do its replicas,
// which have it from the source.
void ClusterModel::tell(NodeIndex number, unsigned slot) {
  ModelNode& told = node(number);
  const NodeIndex owner_now = owners_[slot];
  if (const std::uint16_t named = told.view[slot]; named != ModelNode::nobody) {
    const auto import = node(named).importing.find(slot);
    const bool is_half_done = import != node(named).importing.end() && import->second == owner_now;
    if (is_half_done && (owner_now == number || told.replica_of == owner_now)) return;
  }
  const bool had_it =
      std::exchange(told.view[slot], static_cast<std::uint16_t>(owner_now)) == number;
  if (owner_now != number) told.migrating.erase(slot);
  if (owner_now == number) told.importing.erase(slot);
  if (had_it || owner_now == number) replication_.note_slot(number, slot);
  if (had_it && owner_now != number) drop_slot(number, slot);
}

// A primary that hears of another owner deletes the keys that it still has. One that was replaced
// is a replica by then, and gets the new owner's data.
void ClusterModel::drop_slot(NodeIndex number, unsigned slot) {
  if (node(number).replica_of || owner(slot) == ModelNode::nobody) return;
  for (const std::string& key : keys_at(number, slot)) {
    node(number).data.erase(key);
    tracking_.note_move(number, key);
  }
}

void ClusterModel::tell_all() {
  for (NodeIndex each = 0; each < nodes_.size(); ++each) tell(each);
}

std::vector<NodeIndex> ClusterModel::replicas_of(NodeIndex primary) const {
  std::vector<NodeIndex> replicas;
  for (NodeIndex each = 0; each < nodes_.size(); ++each) {
    if (node(each).replica_of == primary) replicas.push_back(each);
  }
  return replicas;
}

NodeIndex ClusterModel::replica_of(NodeIndex primary) const {
  const std::vector<NodeIndex> replicas = replicas_of(primary);
  require_of_model(!replicas.empty(), "this node has no replica");
  return replicas.front();
}

void ClusterModel::replicate(NodeIndex primary) {
  require_of_model(!replicas_of(primary).empty(), "this node has no replica");
  for (const NodeIndex replica : replicas_of(primary)) {
    tracking_.note_replicated(replica, node(primary).data);
    node(replica).data = node(primary).data;
    replication_.note_given(replica);
  }
}

void ClusterModel::replicate(NodeIndex primary, std::size_t changes) {
  for (const NodeIndex replica : replicas_of(primary)) replication_.catch_up(replica, changes);
}

void ClusterModel::resynchronize(NodeIndex replica) {
  node(replica).data = node(node(replica).replica_of.value()).data;
  replication_.note_given(replica);
  tracking_.note_flush(replica);
}

NodeIndex ClusterModel::promote_replica_of(NodeIndex primary) {
  const NodeIndex promoted = replica_of(primary);
  promote(promoted);
  return promoted;
}

void ClusterModel::promote(NodeIndex promoted) {
  const NodeIndex primary = node(promoted).replica_of.value();
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    if (owners_[slot] != primary) continue;
    end_migration(slot);
    owners_[slot] = promoted;
  }
  // What it has not heard of yet may be that keys have moved away.
  std::erase_if(node(promoted).data, [&](const auto& each) {
    const NodeIndex owner_now = owners_[model_slot_of(each.first)];
    return owner_now != promoted && owner_now != ModelNode::nobody;
  });
  replication_.note_promotion(primary, promoted);
  tracking_.note_owners();
  tell(promoted);
}

std::vector<std::string> ClusterModel::keys_at(NodeIndex number, unsigned slot) const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : node(number).data) {
    if (model_slot_of(key) == slot) keys.push_back(key);
  }
  return keys;
}

}  // namespace plimsoll::testing
