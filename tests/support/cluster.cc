#include "plimsoll/tests/support/cluster.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <thread>

#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Limits that only what hangs reaches.
constexpr auto reply_limit = 10s;
constexpr auto settle_limit = 60s;

// A server gives up a failover that it was asked for after five seconds.
constexpr auto failover_limit = 6s;

constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();

template <class Condition>
bool wait_until(Condition condition, Clock::time_point deadline) {
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

template <class Condition>
bool wait_for(Condition condition, std::chrono::milliseconds usual) {
  return wait_until(condition, Clock::now() + test_timeout(usual));
}

// The number behind `name` in INFO; 0 if it is not there.
std::uint64_t count_in(const std::string& info, const std::string& name) {
  const std::size_t at = info.find(name);
  return at == std::string::npos ? 0 : std::stoull(info.substr(at + name.size()));
}

// Asks all at once: a node writes down what it knows of the cluster each time that it has nothing
// more to read.
std::vector<RawReply> ask_all(RawClient& client,
                              const std::vector<std::vector<std::string>>& commands) {
  for (const auto& words : commands) client.send(words);
  std::vector<RawReply> replies;
  while (replies.size() < commands.size()) {
    auto reply = client.receive(test_timeout(reply_limit));
    if (!reply || reply->is_error()) {
      throw std::runtime_error("a node refuses: " + (reply ? reply->text : "no reply"));
    }
    replies.push_back(*std::move(reply));
  }
  return replies;
}

}  // namespace

ClusterGroup::ClusterGroup(ClusterGroupOptions options) : options_(std::move(options)) {
  for (std::size_t i = 0; i < options_.primaries * (options_.replicas + 1); ++i) start_node();
  for (std::size_t i = 0; i < options_.primaries; ++i) {
    const std::size_t first = cluster_slots_count * i / options_.primaries;
    const std::size_t last = cluster_slots_count * (i + 1) / options_.primaries - 1;
    ask(i, {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first), std::to_string(last)});
  }
  meet();
  make_replicas();
  wait_until_settled();
}

void ClusterGroup::start_node() {
  Node node;
  node.held_bus_port = bind_tcp(0);
  node.server = std::make_unique<ValkeyServer>(ValkeyServerOptions{
      .listen = options_.listen, .arguments = arguments(port_of(node.held_bus_port))});
  nodes_.push_back(std::move(node));
  nodes_.back().id = ask(nodes_.size() - 1, {"CLUSTER", "MYID"}).text;
}

// No two nodes may begin with the same epoch: they would first have to agree on which is older.
void ClusterGroup::meet() const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    ask(i, {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const ValkeyServer& server = *nodes_[i].server;
    // All with all, since gossip takes longer.
    for (std::size_t other = i + 1; other < nodes_.size(); ++other) {
      ask(other, {"CLUSTER", "MEET", "127.0.0.1", std::to_string(server.port()),
                  std::to_string(port_of(nodes_[i].held_bus_port))});
    }
  }
}

void ClusterGroup::make_replicas() const {
  for (std::size_t i = options_.primaries; i < nodes_.size(); ++i) {
    const std::string& primary = nodes_[(i - options_.primaries) / options_.replicas].id;
    // Until they have met, the node does not know it.
    const auto follows = [&] {
      return !try_to_ask(i, {"CLUSTER", "REPLICATE", primary}).is_error();
    };
    if (!wait_for(follows, settle_limit)) throw std::runtime_error("a node does not know another");
  }
}

std::vector<std::string> ClusterGroup::arguments(std::uint16_t bus_port) const {
  std::vector<std::string> all = {
      "--cluster-enabled", "yes", "--cluster-port", std::to_string(bus_port),
      "--cluster-node-timeout", std::to_string(options_.node_timeout.count()),
      // Nobody follows another primary but by a test's will.
      "--cluster-allow-replica-migration", "no", "--repl-diskless-sync-delay", "0"};
  if (options_.listen == Listen::unix_socket_and_tls) {
    all.insert(all.end(), {"--tls-cluster", "yes", "--tls-replication", "yes"});
  }
  const std::string& password = options_.password;
  if (!password.empty()) {
    all.insert(all.end(), {"--requirepass", password, "--masterauth", password});
  }
  all.insert(all.end(), options_.arguments.begin(), options_.arguments.end());
  return all;
}

std::string ClusterGroup::address(std::size_t node) const {
  return "127.0.0.1:" + std::to_string(nodes_[node].server->port());
}

std::size_t ClusterGroup::index_of(std::string_view address) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (this->address(i) == address) return i;
  }
  throw std::runtime_error("no node has the address '" + std::string(address) + "'");
}

std::string ClusterGroup::url(const std::vector<std::size_t>& nodes) const {
  std::string all;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const bool is_named = std::find(nodes.begin(), nodes.end(), i) != nodes.end();
    if (!nodes.empty() && !is_named) continue;
    if (!all.empty()) all += ",";
    all += address(i);
  }
  const bool has_tls = options_.listen == Listen::unix_socket_and_tls;
  return (has_tls ? "valkeys+cluster://" : "valkey+cluster://") + all;
}

RawClient ClusterGroup::connect(std::size_t node) const {
  RawClient client(unix_address(nodes_[node].server->socket_path()));
  if (!options_.password.empty()) client.ask({"AUTH", options_.password}, reply_limit);
  return client;
}

RawReply ClusterGroup::try_to_ask(std::size_t node, const std::vector<std::string>& words) const {
  return connect(node).ask(words, test_timeout(reply_limit));
}

RawReply ClusterGroup::ask(std::size_t node, const std::vector<std::string>& words) const {
  RawReply reply = try_to_ask(node, words);
  if (!reply.is_error()) return reply;
  std::string command;
  for (const std::string& word : words) command += word + " ";
  throw std::runtime_error("a node refuses " + command + ": " + reply.text);
}

RawReply ClusterGroup::ask_owner(std::uint16_t slot, const std::vector<std::string>& words) const {
  return ask(owner_of(slot), words);
}

std::uint64_t ClusterGroup::calls(std::size_t node, std::string_view command) const {
  return count_in(ask(node, {"INFO", "commandstats"}).text,
                  "\ncmdstat_" + std::string(command) + ":calls=");
}

void ClusterGroup::reset_calls() const {
  for (const std::size_t node : running()) ask(node, {"CONFIG", "RESETSTAT"});
}

std::uint64_t ClusterGroup::errors(std::size_t node, std::string_view name) const {
  return count_in(ask(node, {"INFO", "errorstats"}).text,
                  "\nerrorstat_" + std::string(name) + ":count=");
}

void ClusterGroup::wait_until_blocked(std::size_t node, std::size_t clients) const {
  const auto block = [&] {
    return count_in(ask(node, {"INFO", "clients"}).text, "\nblocked_clients:") == clients;
  };
  if (!wait_for(block, settle_limit)) {
    throw std::runtime_error("not so many clients block: " + std::to_string(clients));
  }
}

std::vector<KnownNode> ClusterGroup::known_nodes(std::size_t asked) const {
  return read_known_nodes(ask(asked, {"CLUSTER", "NODES"}).text);
}

std::size_t ClusterGroup::index_of_id(std::string_view id) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].id == id) return i;
  }
  return unknown;
}

std::vector<std::size_t> ClusterGroup::running() const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].state == State::running) all.push_back(i);
  }
  return all;
}

std::size_t ClusterGroup::owner_by(std::size_t asked, std::uint16_t slot) const {
  for (const KnownNode& each : known_nodes(asked)) {
    if (each.owns(slot)) return index_of_id(each.id);
  }
  return unknown;
}

std::size_t ClusterGroup::owner_of(std::uint16_t slot) const {
  std::map<std::size_t, std::size_t> votes;
  for (const std::size_t asked : running()) {
    const std::size_t named = owner_by(asked, slot);
    if (named != unknown) ++votes[named];
  }
  if (votes.empty()) throw std::runtime_error("nobody owns slot " + std::to_string(slot));
  return std::max_element(votes.begin(), votes.end(),
                          [](const auto& one, const auto& two) { return one.second < two.second; })
      ->first;
}

std::size_t ClusterGroup::replica_of(std::size_t primary) const {
  for (const std::size_t asked : running()) {
    for (const KnownNode& each : known_nodes(asked)) {
      const std::size_t index = index_of_id(each.id);
      const bool follows = each.has_flag("slave") && each.primary == nodes_[primary].id;
      if (follows && index != unknown && is_running(index)) return index;
    }
  }
  throw std::runtime_error("nobody follows node " + std::to_string(primary));
}

void ClusterGroup::move_slot(std::uint16_t slot, std::size_t to, SlotOrder order) {
  begin_move(slot, to);
  migrate_keys(slot, to);
  finish_move(slot, to, order);
}

void ClusterGroup::begin_move(std::uint16_t slot, std::size_t to) const {
  const std::size_t from = owner_of(slot);
  const std::string number = std::to_string(slot);
  ask(to, {"CLUSTER", "SETSLOT", number, "IMPORTING", nodes_[from].id});
  ask(from, {"CLUSTER", "SETSLOT", number, "MIGRATING", nodes_[to].id});
}

std::size_t ClusterGroup::migrate_keys(std::uint16_t slot, std::size_t to,
                                       std::size_t keys_max) const {
  const std::size_t from = owner_of(slot);
  std::size_t moved = 0;
  while (moved < keys_max) {
    const std::size_t piece = std::min<std::size_t>(keys_max - moved, 100);
    const RawReply keys =
        ask(from, {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), std::to_string(piece)});
    if (keys.elements.empty()) break;
    for (const RawReply& key : keys.elements) migrate_key(from, to, key.text);
    moved += keys.elements.size();
  }
  return moved;
}

void ClusterGroup::migrate_key(std::size_t from, std::size_t to, const std::string& key) const {
  const std::string limit = std::to_string(std::chrono::milliseconds(reply_limit).count());
  std::vector<std::string> words = {"MIGRATE", "127.0.0.1", "", "", "0", limit};
  words[2] = std::to_string(nodes_[to].server->port());
  if (!options_.password.empty()) words.insert(words.end(), {"AUTH", options_.password});
  words.insert(words.end(), {"KEYS", key});
  ask(from, words);
}

void ClusterGroup::finish_move(std::uint16_t slot, std::size_t to, SlotOrder order) const {
  const std::size_t from = owner_of(slot);
  std::vector<std::size_t> told = {to, from};
  if (order == SlotOrder::source_first) std::swap(told[0], told[1]);
  // The other primaries hear of it sooner than by gossip.
  for (const KnownNode& each : known_nodes(to)) {
    const std::size_t index = index_of_id(each.id);
    if (index == to || index == from || index == unknown) continue;
    if (each.has_flag("master") && is_running(index)) told.push_back(index);
  }
  for (const std::size_t node : told) {
    ask(node, {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", nodes_[to].id});
  }
  const auto is_known = [&] {
    const std::vector<std::size_t> all = running();
    const std::string epoch = epoch_by(to, to);
    return std::all_of(all.begin(), all.end(), [&](std::size_t asked) {
      return epoch_by(asked, to) == epoch && owner_by(asked, slot) == to;
    });
  };
  if (!wait_for(is_known, settle_limit)) {
    throw std::runtime_error("not all nodes know of the move of slot " + std::to_string(slot));
  }
}

std::string ClusterGroup::epoch_by(std::size_t asked, std::size_t node) const {
  for (const KnownNode& each : known_nodes(asked)) {
    if (each.id == nodes_[node].id) return each.epoch;
  }
  return {};
}

void ClusterGroup::cancel_move(std::uint16_t slot, std::size_t to) const {
  for (const std::size_t node : {owner_of(slot), to}) {
    ask(node, {"CLUSTER", "SETSLOT", std::to_string(slot), "STABLE"});
  }
}

void ClusterGroup::give_empty_slots(std::size_t from, std::size_t to) const {
  RawClient giver = connect(from);
  RawClient taker = connect(to);
  std::vector<std::string> slots;
  for (const KnownNode& each : known_nodes(from)) {
    for (const auto& [first, last] : each.slots) {
      for (unsigned slot = first; each.has_flag("myself") && slot <= last; ++slot) {
        slots.push_back(std::to_string(slot));
      }
    }
  }
  std::vector<std::vector<std::string>> counts;
  for (const std::string& each : slots) counts.push_back({"CLUSTER", "COUNTKEYSINSLOT", each});
  const std::vector<RawReply> keys = ask_all(giver, counts);
  std::vector<std::vector<std::string>> tellings;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (keys[i].text != "0") continue;
    // A node claims what it has imported with a new epoch. One slot of all is enough.
    if (tellings.empty()) {
      ask_all(taker, {{"CLUSTER", "SETSLOT", slots[i], "IMPORTING", nodes_[from].id}});
    }
    tellings.push_back({"CLUSTER", "SETSLOT", slots[i], "NODE", nodes_[to].id});
  }
  ask_all(taker, tellings);
  ask_all(giver, tellings);
  const auto last = static_cast<std::uint16_t>(std::stoul(tellings.back()[2]));
  wait_until_owner(last, to);
}

void ClusterGroup::wait_until_owner(std::uint16_t slot, std::size_t node) const {
  const auto agree = [&] {
    const std::vector<std::size_t> all = running();
    return std::all_of(all.begin(), all.end(),
                       [&](std::size_t asked) { return owner_by(asked, slot) == node; });
  };
  if (!wait_for(agree, settle_limit)) {
    throw std::runtime_error("not all nodes know the owner of slot " + std::to_string(slot));
  }
}

void ClusterGroup::fail_over(std::size_t replica, Takeover takeover) const {
  std::vector<std::string> words = {"CLUSTER", "FAILOVER"};
  if (takeover == Takeover::forced) words.emplace_back("FORCE");
  if (takeover == Takeover::alone) words.emplace_back("TAKEOVER");
  const auto is_primary = [&] { return ask(replica, {"ROLE"}).elements[0].text == "master"; };
  // A primary that does not answer in time leaves the replica as it was, and it may be asked again:
  // in the server's own time, which is not stretched as that of tests is.
  const auto has_taken_over = [&] {
    ask(replica, words);
    return wait_until(is_primary, Clock::now() + failover_limit);
  };
  if (!wait_for(has_taken_over, settle_limit)) {
    throw std::runtime_error("a replica does not take over: " +
                             ask(replica, {"INFO", "replication"}).text);
  }
}

void ClusterGroup::freeze(std::size_t node) {
  nodes_[node].server->pause();
  nodes_[node].state = State::frozen;
}

void ClusterGroup::thaw(std::size_t node) {
  nodes_[node].server->resume();
  nodes_[node].state = State::running;
}

void ClusterGroup::kill(std::size_t node) {
  nodes_[node].server->kill();
  nodes_[node].state = State::dead;
}

void ClusterGroup::restart(std::size_t node, Data data) {
  nodes_[node].server->restart(data);
  nodes_[node].state = State::running;
}

void ClusterGroup::remove(std::size_t node) {
  nodes_[node].state = State::removed;
  for (const std::size_t other : running()) ask(other, {"CLUSTER", "FORGET", nodes_[node].id});
  ask(node, {"FLUSHALL"});
  ask(node, {"CLUSTER", "RESET", "HARD"});
}

void ClusterGroup::settle() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].state == State::frozen) thaw(i);
    if (nodes_[i].state == State::dead) restart(i);
  }
  wait_until_settled();
}

void ClusterGroup::wait_until_settled() const {
  std::string trouble;
  const auto is_settled = [&] {
    try {
      for (const std::size_t asked : running()) {
        trouble = trouble_of(asked);
        if (!trouble.empty()) return false;
      }
      return true;
    } catch (const std::runtime_error& error) {
      trouble = error.what();
      return false;
    }
  };
  if (!wait_for(is_settled, settle_limit)) {
    throw std::runtime_error("the cluster does not settle: " + trouble);
  }
}

// What is not yet as it should be, by this node; empty: nothing.
std::string ClusterGroup::trouble_of(std::size_t asked) const {
  const std::string state = ask(asked, {"CLUSTER", "INFO"}).text;
  if (state.find("cluster_state:ok") == std::string::npos) return state;
  const auto known = known_nodes(asked);
  const std::string all = ask(asked, {"CLUSTER", "NODES"}).text;
  if (known.size() != running().size()) return all;
  std::size_t primaries = 0;
  for (const KnownNode& each : known) {
    const bool is_well = (each.is_linked || each.has_flag("myself")) && !each.has_flag("fail") &&
                         !each.has_flag("fail?") && !each.has_flag("handshake");
    if (!is_well) return all;
    if (each.has_flag("master")) ++primaries;
  }
  // A node that comes back is a primary until it hears that its replica has taken over.
  const bool all_roles_are_known =
      options_.replicas == 0 || primaries == nodes_.size() / (options_.replicas + 1);
  if (!all_roles_are_known) return all;
  const std::string replication = ask(asked, {"INFO", "replication"}).text;
  const bool lags = replication.find("role:slave") != std::string::npos &&
                    replication.find("master_link_status:up") == std::string::npos;
  return lags ? replication : std::string();
}

}  // namespace plimsoll::testing
