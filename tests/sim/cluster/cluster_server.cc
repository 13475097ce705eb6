#include "plimsoll/tests/sim/cluster/cluster_server.h"

#include <algorithm>
#include <utility>

#include "plimsoll/tests/sim/client/reply_hash.h"
#include "plimsoll/tests/sim/client/request.h"
#include "plimsoll/tests/sim/cluster/model_cluster.h"
#include "plimsoll/tests/sim/group/places.h"
#include "plimsoll/tests/sim/group/server_info.h"

namespace plimsoll::sim {
namespace {

// A request that ran is answered once, on whatever connection that was.
constexpr std::uint64_t last_of_links = UINT64_MAX;
constexpr std::string_view mode_of_one = "$10\r\nstandalone\r\n";
constexpr std::string_view mode_of_many = "$7\r\ncluster\r\n";

std::string bulk(std::string_view text) {
  return '$' + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string request_of(std::initializer_list<std::string_view> words) {
  std::string text = '*' + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) text += bulk(word);
  return text;
}

std::vector<std::string> keys_in(std::span<const std::string_view> words) {
  const std::string_view name = words[0];
  if (words.size() < 2) return {};
  if (name == "SET" || name == "GET") return {std::string(words[1])};
  if (name == "MGET" || name == "EXISTS" || name == "DEL") return {words.begin() + 1, words.end()};
  return {};
}

std::string id_of_server(std::size_t number) {
  const std::string digits = std::to_string(number);
  return std::string(40 - digits.size(), 'c') + digits;
}

constexpr const char* try_again = "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";

// What is said of changed keys comes before the reply, or behind it.
std::string_view reply_alone(std::string_view wire) {
  while (wire.starts_with('>')) {
    wire.remove_prefix(wire.find("invalidate") + 12);
    for (int lines = wire.starts_with('_') ? 1 : 3; lines > 0; --lines) {
      wire.remove_prefix(wire.find('\n') + 1);
    }
  }
  return wire.substr(0, wire.find(">2\r\n$10\r\ninvalidate"));
}

}  // namespace

ClusterServer::ClusterServer(Environment& environment, ModelCluster& cluster, std::uint32_t number)
    : Process(environment, number), cluster_(cluster), id_(id_of_server(this->number())) {
  model().set_execution_log([this](const model::Execution& each) { note_execution(each); });
  begin_history();
}

void ClusterServer::begin_history() {
  history_ = history_name(number(), ++histories_);
  has_link_ = true;
}

void ClusterServer::handle_change() {
  if (environment_.now() < lags_until_) return put_off_change(lags_until_);
  if (arriving_.empty()) return;
  const Change change = std::move(arriving_.front());
  arriving_.pop_front();
  offset_ = change.offset;
  if (change.stable) return void(migrating.erase(*change.stable));
  change.value ? put(change.key, *change.value) : drop(change.key);
}

ClusterServer::Peer ClusterServer::peer_of(const Connection& connection) const {
  const auto found = peers_.find(connection.place);
  return found == peers_.end() ? Peer{} : found->second;
}

void ClusterServer::answer(Connection& connection, std::string_view request) {
  if (scanner().words()[0] == "ASKING") {
    peers_[connection.place].is_asking = true;
    return send(connection, "+OK\r\n");
  }
  const std::vector<std::string> keys = keys_in(scanner().words());
  if (keys.empty()) {
    send(connection, reply_to_keyless(connection, request));
    const bool is_view = scanner().words()[0] == "CLUSTER" && scanner().words().back() == "SLOTS";
    if (is_view) {
      cluster_.news().note_said(
          connection.link->serial(), connection.said,
          {.what = SlotNews::Said::What::view, .question_end = connection.heard});
    }
  } else {
    answer_with_keys(connection, request, keys);
  }
  peers_[connection.place].is_asking = false;
}

std::string ClusterServer::reply_to_keyless(Connection& connection, std::string_view request) {
  const auto words = scanner().words();
  if (words[0] == "READONLY" || words[0] == "READWRITE") {
    peers_[connection.place].only_reads = words[0] == "READONLY";
    return "+OK\r\n";
  }
  if (words[0] == "INFO") return reply_to_info(connection);
  if (words[0] == "CLUSTER" && words.size() > 1) {
    if (words[1] == "MYID") return bulk(id_);
    if (words[1] == "SLOTS") return slots_reply();
  }
  const bool is_hello = words[0] == "HELLO";
  std::string reply = run_of_client(connection, request);
  const std::size_t mode = is_hello ? reply.find(mode_of_one) : std::string::npos;
  if (mode != std::string::npos) reply.replace(mode, mode_of_one.size(), mode_of_many);
  return reply;
}

std::string ClusterServer::reply_to_info(Connection& connection) {
  if (is_info_refused_) return std::string(info_refused_error);
  if (scanner().words().back() == "server") return info_reply(number() % 2 == 0 ? "even" : "odd");
  peers_[connection.place].is_informed = true;
  ReplicationInfo info;
  info.is_link_up = is_linked();
  info.history = history_;
  info.offset = offset_;
  if (replica_of) {
    info.primary_host = host_of(*replica_of);
    return info_reply(info);
  }
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    const ClusterServer& each = cluster_.server(i);
    if (!each.is_alive() || each.replica_of != number()) continue;
    info.replicas.push_back(
        {.host = host_of(i), .is_online = each.is_linked(), .offset = each.offset_});
  }
  return info_reply(info);
}

// Of a replica: whether what its primary runs comes here.
bool ClusterServer::is_linked() const {
  if (!replica_of || !is_synchronized || !has_link_) return false;
  const ClusterServer& primary = cluster_.server(*replica_of);
  return primary.is_alive() && !primary.replica_of;
}

void ClusterServer::answer_with_keys(Connection& connection, std::string_view request,
                                     const std::vector<std::string>& keys) {
  const RequestNumber mark = number_of(scanner().words());
  const SlotNumber slot = slot_of_key(keys[0]);
  const bool is_write = scanner().words()[0] == "SET" || scanner().words()[0] == "DEL";
  const std::uint64_t link = connection.link->serial();
  Peer peer = peer_of(connection);
  const bool is_asking = peer.is_asking;
  peer.only_reads = peer.only_reads && !is_write;
  require(is_asking || !cluster_.news().was_sent_elsewhere(mark, slot, number()),
          "a client goes where a slot was said to be, until it hears something newer");
  const std::string refused = refusal(peer, keys);
  environment_.note("server", number(), "% a request for slot % (connection %)",
                    refused.empty() ? "runs" : "refuses", slot, link);
  if (!refused.empty()) {
    send(connection, refused);
    cluster_.order().note_refused(mark, link, connection.said);
    note_refusal(connection, slot, mark, refused);
    return;
  }
  if (answers_as_replica(peer, slot)) {
    require(peer.is_informed,
            "a replica is read only behind its answer of how much it has, on the same connection");
    environment_.coverage.count(Deed::cluster_replica_read);
  }
  const std::string reply = run_of_client(connection, request);
  send(connection, reply);
  if (!is_asking) {
    cluster_.news().note_said(link, connection.said,
                              {.what = SlotNews::Said::What::served,
                               .slot = slot,
                               .at = environment_.now(),
                               .is_owner = cluster_.is_true_at(*this, slot, false),
                               .keys = keys});
  }
  if (mark != 0 && has_executed_) {
    environment_.note("server", number(), "runs %", mark);
    environment_.ledger.note_served(mark, Ledger::Ran::yes, last_of_links,
                                    hash_of_wire(reply_alone(reply)));
    require(cluster_.order().note_run(mark, link) == 0,
            "requests of one caller for one key run in the order of submission");
  }
  if (is_write) cluster_.note_change(*this, keys, mark, is_asking);
}

void ClusterServer::note_refusal(const Connection& connection, SlotNumber slot,
                                 RequestNumber number, std::string_view refusal) {
  SlotNews::Said said{.what = SlotNews::Said::What::down, .slot = slot, .number = number};
  if (refusal.starts_with("-MOVED")) {
    said.what = SlotNews::Said::What::moved;
    said.server = view[slot];
  } else if (!refusal.starts_with("-CLUSTERDOWN")) {
    return;
  }
  cluster_.news().note_said(connection.link->serial(), connection.said, std::move(said));
}

// In the order in which Valkey's getNodeByQuery() decides. Empty: the server runs the command.
std::string ClusterServer::refusal(const Peer& peer, const std::vector<std::string>& keys) const {
  const SlotNumber slot = slot_of_key(keys[0]);
  std::size_t missing = 0;
  for (const std::string& key : keys) {
    if (slot_of_key(key) != slot)
      return "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
    if (!value_of(key)) ++missing;
  }
  const std::uint16_t owner = view[slot];
  if (owner == no_server) return "-CLUSTERDOWN Hash slot not served\r\n";
  if (is_down) return "-CLUSTERDOWN The cluster is down\r\n";
  const bool is_own = owner == number();
  if (const auto to = migrating.find(slot); is_own && to != migrating.end()) {
    if (missing > 0 && missing < keys.size()) return try_again;
    if (missing > 0) return redirect("ASK", slot, to->second);
  } else if (const auto from = importing.find(slot);
             !is_own && from != importing.end() && peer.is_asking) {
    if (keys.size() > 1 && missing > 0) return try_again;
    // An ASK that arrives so late was said before an earlier move of the slot was called off.
    // Valkey would run the command although the key is elsewhere, and no client could know. Here it
    // is not run.
    const bool is_elsewhere = missing > 0 && cluster_.server(from->second).value_of(keys[0]);
    if (!is_elsewhere) return "";
  }
  if (answers_as_replica(peer, slot)) {
    return refusal_of_replica(slot, missing > 0, missing == keys.size());
  }
  return is_own ? "" : redirect("MOVED", slot, owner);
}

bool ClusterServer::answers_as_replica(const Peer& peer, SlotNumber slot) const {
  return peer.only_reads && replica_of && view[slot] == *replica_of;
}

// From Valkey 8.0 on, a replica knows which slots leave its primary.
std::string ClusterServer::refusal_of_replica(SlotNumber slot, bool lacks_some,
                                              bool lacks_all) const {
  if (!is_synchronized) return "-LOADING Valkey is loading the dataset in memory\r\n";
  const auto to = migrating.find(slot);
  if (!lacks_some || to == migrating.end()) return "";
  return lacks_all ? redirect("ASK", slot, to->second) : std::string(try_again);
}

std::string ClusterServer::redirect(const char* word, SlotNumber slot, std::size_t to) const {
  return std::string("-") + word + ' ' + std::to_string(slot) + ' ' + host_of(to) + ':' +
         std::string(group_port) + "\r\n";
}

std::string ClusterServer::slots_reply() const {
  if (odd_view == OddView::empty) return "*0\r\n";
  if (odd_view == OddView::refused) return "-LOADING server is loading the dataset in memory\r\n";
  const auto entry = [this](std::size_t server) {
    const bool is_unnamed = odd_view == OddView::unnamed && server != number();
    return "*4\r\n" + bulk(is_unnamed ? "?" : host_of(server)) + ':' + std::string(group_port) +
           "\r\n" + bulk(cluster_.server(server).id()) + "%0\r\n";
  };
  // One other primary is not known, where there are holes.
  const std::size_t hole =
      odd_view == OddView::holes ? (number() + 1) % cluster_.size() : no_server;
  std::string ranges;
  std::size_t count = 0;
  for (std::size_t begin = 0, end = 0; begin < all_slots_count; begin = end) {
    const std::uint16_t owner = view[begin];
    for (end = begin + 1; end < all_slots_count && view[end] == owner;) ++end;
    if (owner == no_server || owner == hole) continue;
    ++count;
    std::string entries = entry(owner);
    std::size_t entries_count = 1;
    for (std::size_t each = 0; each < cluster_.size(); ++each) {
      const ClusterServer& replica = cluster_.server(each);
      // One that has nothing of its primary yet is in no view.
      const bool has_caught_up = replica.is_alive() && replica.is_synchronized;
      if (!has_caught_up || replica.replica_of != owner) continue;
      entries += entry(each);
      ++entries_count;
    }
    ranges += '*' + std::to_string(2 + entries_count) + "\r\n:" + std::to_string(begin) +
              "\r\n:" + std::to_string(end - 1) + "\r\n" + entries;
  }
  return '*' + std::to_string(count) + "\r\n" + ranges;
}

std::string ClusterServer::run_of_client(Connection& connection, std::string_view request) {
  is_executing_ = true;
  has_executed_ = false;
  std::string reply = reply_of_model(connection, request);
  is_executing_ = false;
  return reply;
}

void ClusterServer::note_execution(const model::Execution&) { has_executed_ |= is_executing_; }

void ClusterServer::run(std::string_view request) {
  run_on_stream(request);
  ++changes_count_;
  poll_model();
}

void ClusterServer::put(const std::string& key, const std::string& value) {
  run(request_of({"SET", key, value}));
}

void ClusterServer::drop(const std::string& key) {
  if (value_of(key)) run(request_of({"DEL", key}));
}

void ClusterServer::copy_all(const ClusterServer& primary) {
  end_stream();
  is_synchronized = true;
  run(request_of({"FLUSHALL"}));
  for (std::size_t i = 0; i < cluster_keys_count; ++i) {
    const std::string key = cluster_key(i);
    if (const auto value = primary.value_of(key)) put(key, *value);
  }
  changes_count_ = primary.changes_count_;
  migrating = primary.migrating;
  history_ = primary.history_;
  offset_ = primary.offset_;
  has_link_ = true;
}

void ClusterServer::receive(const std::string& key, const std::optional<std::string>& value,
                            const ClusterServer& primary) {
  receive({.key = key, .value = value, .offset = primary.offset_}, primary);
}

void ClusterServer::receive_stable(SlotNumber slot, const ClusterServer& primary) {
  receive({.key = {}, .value = {}, .offset = primary.offset_, .stable = slot}, primary);
}

void ClusterServer::receive(Change change, const ClusterServer& primary) {
  const bool is_apart = primary.is_cut() != is_cut_;
  if (is_apart || !is_alive() || is_frozen()) lose_link();
  if (!has_link_) return;
  arriving_.push_back(std::move(change));
  expect_change();
}

void ClusterServer::kill() {
  environment_.note("server", number(), "is killed");
  end_stream();
  stop();
}

void ClusterServer::revive() {
  environment_.note("server", number(), "is started again, empty");
  start();
  lose_data();
  is_down = false;
  changes_count_ = 0;
  offset_ = 0;
  begin_history();
}

}  // namespace plimsoll::sim
