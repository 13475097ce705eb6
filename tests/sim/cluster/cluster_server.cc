#include "plimsoll/tests/sim/cluster/cluster_server.h"

#include <algorithm>
#include <utility>

#include "plimsoll/tests/sim/client/reply_hash.h"
#include "plimsoll/tests/sim/client/request.h"
#include "plimsoll/tests/sim/cluster/model_cluster.h"
#include "plimsoll/tests/sim/group/places.h"

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
}

void ClusterServer::handle_change() {
  if (arriving_.empty()) return;
  const Change change = std::move(arriving_.front());
  arriving_.pop_front();
  change.value ? put(change.key, *change.value) : drop(change.key);
}

void ClusterServer::answer(Connection& connection, std::string_view request) {
  if (scanner().words()[0] == "ASKING") {
    asking_.insert(connection.place);
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
  asking_.erase(connection.place);
}

std::string ClusterServer::reply_to_keyless(Connection& connection, std::string_view request) {
  const auto words = scanner().words();
  if (words[0] == "READONLY") return "+OK\r\n";
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

void ClusterServer::answer_with_keys(Connection& connection, std::string_view request,
                                     const std::vector<std::string>& keys) {
  const RequestNumber mark = number_of(scanner().words());
  const SlotNumber slot = slot_of_key(keys[0]);
  const bool is_write = scanner().words()[0] == "SET" || scanner().words()[0] == "DEL";
  const std::uint64_t link = connection.link->serial();
  const bool is_asking = asking_.contains(connection.place);
  require(is_asking || !cluster_.news().was_sent_elsewhere(mark, slot, number()),
          "a client goes where a slot was said to be, until it hears something newer");
  const std::string refused = refusal(connection, keys);
  environment_.note("server", number(), "% a request for slot % (connection %)",
                    refused.empty() ? "runs" : "refuses", slot, link);
  if (!refused.empty()) {
    send(connection, refused);
    cluster_.order().note_refused(mark, link, connection.said);
    note_refusal(connection, slot, mark, refused);
    return;
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
std::string ClusterServer::refusal(const Connection& connection,
                                   const std::vector<std::string>& keys) const {
  const SlotNumber slot = slot_of_key(keys[0]);
  std::size_t missing = 0;
  for (const std::string& key : keys) {
    if (slot_of_key(key) != slot)
      return "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
    if (!value_of(key)) ++missing;
  }
  constexpr const char* try_again = "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";
  const std::uint16_t owner = view[slot];
  if (owner == no_server) return "-CLUSTERDOWN Hash slot not served\r\n";
  if (is_down) return "-CLUSTERDOWN The cluster is down\r\n";
  const bool is_own = owner == number();
  if (const auto to = migrating.find(slot); is_own && to != migrating.end()) {
    if (missing > 0 && missing < keys.size()) return try_again;
    if (missing > 0) return redirect("ASK", slot, to->second);
  } else if (const auto from = importing.find(slot);
             !is_own && from != importing.end() && asking_.contains(connection.place)) {
    if (keys.size() > 1 && missing > 0) return try_again;
    // An ASK that arrives so late was said before an earlier move of the slot was called off.
    // Valkey would run the command although the key is elsewhere, and no client could know. Here it
    // is not run.
    const bool is_elsewhere = missing > 0 && cluster_.server(from->second).value_of(keys[0]);
    if (!is_elsewhere) return "";
  }
  return is_own ? "" : redirect("MOVED", slot, owner);
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
      if (!replica.is_alive() || replica.replica_of != owner) continue;
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
}

void ClusterServer::receive(const std::string& key, const std::optional<std::string>& value) {
  if (!is_well()) return;
  arriving_.push_back({key, value});
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
}

}  // namespace plimsoll::sim
