#include "plimsoll/tests/sim/cluster/cluster_server.h"

#include <algorithm>
#include <utility>

#include "plimsoll/tests/sim/client/reply_hash.h"
#include "plimsoll/tests/sim/client/request.h"
#include "plimsoll/tests/sim/cluster/model_cluster.h"
#include "plimsoll/tests/sim/group/places.h"

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration dead_until_revived = std::chrono::hours(24);
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
    : environment_(environment),
      cluster_(cluster),
      random_(environment.scenario.seed, Random::Purpose::server, number),
      number_(environment.network.add_server(*this)),
      id_(id_of_server(number_)),
      stream_(model_.accept(model_time())),
      lag_max_(random_.one_in(3) ? milliseconds(random_.between(1, 800)) : milliseconds(2)) {
  model_.set_execution_log([this](const model::Execution& each) { note_execution(each); });
}

model::Time ClusterServer::model_time() const {
  return {static_cast<std::uint64_t>(environment_.now().time_since_epoch().count())};
}

void ClusterServer::handle(std::uint32_t what, std::uint64_t detail) {
  if (is_alive_ && is_frozen()) {
    return environment_.schedule.plan_at(idle_at_, *this, what, detail);
  }
  switch (static_cast<Plan>(what)) {
    case turn:
      is_turn_planned_ = false;
      if (!is_alive_) return;
      for (Connection& connection : connections_) {
        if (connection.link != nullptr) serve(connection);
      }
      return poll_model();
    case apply: {
      if (!is_alive_ || detail != stream_life_ || arriving_.empty()) return;
      const Change change = std::move(arriving_.front());
      arriving_.pop_front();
      change.value ? put(change.key, *change.value) : drop(change.key);
    }
  }
}

void ClusterServer::handle_connected(Link& link) {
  std::size_t place = 0;
  while (place < connections_.size() && connections_[place].link != nullptr) ++place;
  if (place == connections_.size()) connections_.emplace_back();
  connections_[place] = Connection{};
  connections_[place].link = &link;
  connections_[place].client = model_.accept(model_time());
  link.set_place(place);
}

void ClusterServer::plan_turn() {
  if (std::exchange(is_turn_planned_, true)) return;
  const Duration pause = random_.between(Duration::zero(), microseconds(20));
  environment_.schedule.plan_at(std::max(idle_at_, environment_.now() + pause), *this, turn);
}

void ClusterServer::serve(Connection& connection) {
  Pipe& pipe = connection.link->to_server();
  connection.input += pipe.readable();
  pipe.read(pipe.readable().size());
  std::size_t taken = 0;
  while (!connection.closing && taken < connection.input.size()) {
    const std::string_view rest = std::string_view(connection.input).substr(taken);
    const RequestScanner::Found found = scanner_.scan(rest);
    require(found != RequestScanner::Found::nonsense, "a client sends whole requests");
    if (found != RequestScanner::Found::whole) break;
    const std::size_t size = scanner_.size();
    connection.heard += size;
    answer(connection, rest.substr(0, size));
    taken += size;
  }
  connection.input.erase(0, taken);
  flush(connection);
  if (connection.link == nullptr || !pipe.has_ended() || !pipe.readable().empty()) return;
  connection.link->close_by_server();
  forget(connection);
}

void ClusterServer::answer(Connection& connection, std::string_view request) {
  if (scanner_.words()[0] == "ASKING") {
    connection.is_asking = true;
    return send(connection, "+OK\r\n");
  }
  const std::vector<std::string> keys = keys_in(scanner_.words());
  if (keys.empty()) {
    send(connection, reply_to_keyless(connection, request));
    const bool is_view = scanner_.words()[0] == "CLUSTER" && scanner_.words().back() == "SLOTS";
    if (is_view) {
      cluster_.news().note_said(
          connection.link->serial(), connection.said,
          {.what = SlotNews::Said::What::view, .question_end = connection.heard});
    }
  } else {
    answer_with_keys(connection, request, keys);
  }
  connection.is_asking = false;
}

std::string ClusterServer::reply_to_keyless(Connection& connection, std::string_view request) {
  const auto words = scanner_.words();
  if (words[0] == "READONLY") return "+OK\r\n";
  if (words[0] == "CLUSTER" && words.size() > 1) {
    if (words[1] == "MYID") return bulk(id_);
    if (words[1] == "SLOTS") return slots_reply();
  }
  const bool is_hello = words[0] == "HELLO";
  std::string reply = reply_of_model(connection, request);
  const std::size_t mode = is_hello ? reply.find(mode_of_one) : std::string::npos;
  if (mode != std::string::npos) reply.replace(mode, mode_of_one.size(), mode_of_many);
  return reply;
}

void ClusterServer::answer_with_keys(Connection& connection, std::string_view request,
                                     const std::vector<std::string>& keys) {
  const RequestNumber number = number_of(scanner_.words());
  const SlotNumber slot = slot_of_key(keys[0]);
  const bool is_write = scanner_.words()[0] == "SET" || scanner_.words()[0] == "DEL";
  const std::uint64_t link = connection.link->serial();
  const bool is_asking = connection.is_asking;
  require(is_asking || !cluster_.news().was_sent_elsewhere(number, slot, number_),
          "a client goes where a slot was said to be, until it hears something newer");
  const std::string refused = refusal(connection, keys);
  environment_.note("server", number_, "% a request for slot % (connection %)",
                    refused.empty() ? "runs" : "refuses", slot, link);
  if (!refused.empty()) {
    send(connection, refused);
    cluster_.order().note_refused(number, link, connection.said);
    note_refusal(connection, slot, number, refused);
    return;
  }
  const std::string reply = reply_of_model(connection, request);
  send(connection, reply);
  if (!is_asking) {
    cluster_.news().note_said(link, connection.said,
                              {.what = SlotNews::Said::What::served,
                               .slot = slot,
                               .at = environment_.now(),
                               .is_owner = cluster_.is_true_at(*this, slot, false),
                               .keys = keys});
  }
  if (number != 0 && has_executed_) {
    environment_.note("server", number_, "runs %", number);
    environment_.ledger.note_served(number, Ledger::Ran::yes, last_of_links,
                                    hash_of_wire(reply_alone(reply)));
    require(cluster_.order().note_run(number, link) == 0,
            "requests of one caller for one key run in the order of submission");
  }
  if (is_write) cluster_.note_change(*this, keys, number, is_asking);
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
  const bool is_own = owner == number_;
  if (const auto to = migrating.find(slot); is_own && to != migrating.end()) {
    if (missing > 0 && missing < keys.size()) return try_again;
    if (missing > 0) return redirect("ASK", slot, to->second);
  } else if (const auto from = importing.find(slot);
             !is_own && from != importing.end() && connection.is_asking) {
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
    const bool is_unnamed = odd_view == OddView::unnamed && server != number_;
    return "*4\r\n" + bulk(is_unnamed ? "?" : host_of(server)) + ':' + std::string(group_port) +
           "\r\n" + bulk(cluster_.server(server).id()) + "%0\r\n";
  };
  // One other primary is not known, where there are holes.
  const std::size_t hole = odd_view == OddView::holes ? (number_ + 1) % cluster_.size() : no_server;
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

std::string ClusterServer::reply_of_model(Connection& connection, std::string_view request) {
  is_executing_ = true;
  has_executed_ = false;
  model_.handle_bytes(connection.client, request, model_time());
  is_executing_ = false;
  connection.closing |= model_.closing(connection.client) != model::Closing::no;
  return std::exchange(model_.output(connection.client), {});
}

void ClusterServer::note_execution(const model::Execution&) { has_executed_ |= is_executing_; }

void ClusterServer::run(std::string_view request) {
  model_.handle_bytes(stream_, request, model_time());
  model_.output(stream_).clear();
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

// Changes arrive in order.
void ClusterServer::receive(const std::string& key, const std::optional<std::string>& value) {
  if (!is_well()) return;
  arriving_.push_back({key, value});
  const Instant arrival = environment_.now() + random_.between(microseconds(50), lag_max_);
  last_arrival_ = std::max(last_arrival_, arrival);
  environment_.schedule.plan_at(last_arrival_, *this, apply, stream_life_);
}

void ClusterServer::poll_model() {
  model_.end_turn();
  while (const std::optional<model::ClientId> client = model_.poll_output()) {
    for (Connection& connection : connections_) {
      if (connection.link == nullptr || connection.client != *client) continue;
      send(connection, model_.take_output(*client));
      connection.closing |= model_.closing(*client) != model::Closing::no;
      flush(connection);
    }
  }
}

void ClusterServer::send(Connection& connection, std::string_view bytes) {
  connection.output += bytes;
  connection.said += bytes.size();
}

void ClusterServer::flush(Connection& connection) {
  if (connection.link == nullptr) return;
  if (!connection.output.empty()) {
    connection.output.erase(0, connection.link->to_client().write(connection.output));
  }
  if (!connection.closing || !connection.output.empty()) return;
  connection.link->close_by_server();
  forget(connection);
}

void ClusterServer::forget(Connection& connection) {
  if (connection.link == nullptr) return;
  model_.disconnect(connection.client);
  connection.link = nullptr;
}

void ClusterServer::kill() {
  environment_.note("server", number_, "is killed");
  is_alive_ = false;
  idle_at_ = {};
  end_stream();
  for (Connection& connection : connections_) {
    if (connection.link == nullptr) continue;
    connection.link->reset_by_server();
    forget(connection);
  }
  environment_.network.refuse_connections(number_, dead_until_revived);
}

void ClusterServer::revive() {
  environment_.note("server", number_, "is started again, empty");
  is_alive_ = true;
  environment_.network.refuse_connections(number_, Duration::zero());
  model_.restart(model::Server::Data::lost);
  stream_ = model_.accept(model_time());
  is_down = false;
  changes_count_ = 0;
}

void ClusterServer::freeze(Duration time) {
  environment_.note("server", number_, "freezes for %", time);
  idle_at_ = environment_.now() + time;
}

void ClusterServer::thaw() {
  idle_at_ = environment_.now();
  plan_turn();
}

}  // namespace plimsoll::sim
