#include "plimsoll/tests/sim/group/node.h"

#include <algorithm>
#include <utility>

#include "plimsoll/tests/sim/client/reply_hash.h"
#include "plimsoll/tests/sim/client/request.h"

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration dead_for_good = std::chrono::hours(24);
constexpr std::string_view read_only_error =
    "-READONLY You can't write against a read only replica.\r\n";

// What is said of changed keys comes before the reply to a write, or behind it.
std::string_view reply_to_write(std::string_view wire, std::string_view beginning) {
  wire.remove_prefix(std::min(wire.find(beginning), wire.size()));
  return wire.substr(0, wire.find('\n') + 1);
}

}  // namespace

Node::Node(Environment& environment, WriteBook& writes, std::uint32_t number)
    : environment_(environment),
      writes_(writes),
      random_(environment.scenario.seed, Random::Purpose::server, number),
      server_(environment.network.add_server(*this)),
      stream_(model_.accept(model_time())),
      lag_max_(random_.one_in(3) ? milliseconds(random_.between(1, 800)) : milliseconds(2)) {
  model_.set_execution_log([this](const model::Execution& each) { note_execution(each); });
}

model::Time Node::model_time() const {
  return {static_cast<std::uint64_t>(environment_.now().time_since_epoch().count())};
}

void Node::handle(std::uint32_t what, std::uint64_t detail) {
  const auto plan = static_cast<Plan>(what);
  if (is_alive_ && is_frozen()) {
    return environment_.schedule.plan_at(idle_at_, *this, what, detail);
  }
  switch (plan) {
    case turn:
      is_turn_planned_ = false;
      if (!is_alive_) return;
      for (Connection& connection : connections_) {
        if (connection.link != nullptr) serve(connection);
      }
      return poll_model();
    case apply:
      if (is_alive_ && detail == stream_life_) apply_next();
      return;
  }
}

void Node::handle_connected(Link& link) {
  std::size_t place = 0;
  while (place < connections_.size() && connections_[place].link != nullptr) ++place;
  if (place == connections_.size()) connections_.emplace_back();
  connections_[place] = {
      .link = &link, .client = model_.accept(model_time()), .input = {}, .output = {}};
  link.set_place(place);
}

void Node::plan_turn() {
  if (std::exchange(is_turn_planned_, true)) return;
  const Duration pause = random_.between(Duration::zero(), microseconds(20));
  environment_.schedule.plan_at(std::max(idle_at_, environment_.now() + pause), *this, turn);
}

void Node::serve(Connection& connection) {
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
    answer(connection, rest.substr(0, size));
    taken += size;
  }
  connection.input.erase(0, taken);
  flush(connection);
  if (connection.link == nullptr || !pipe.has_ended() || !pipe.readable().empty()) return;
  connection.link->close_by_server();
  forget(connection);
}

void Node::answer(Connection& connection, std::string_view request) {
  const RequestNumber number = number_of(scanner_.words());
  const bool is_hello = scanner_.words()[0] == "HELLO";
  const bool is_write = scanner_.words()[0] == "SET";
  require(number == 0 || !connection.is_told_replica,
          "nothing is asked of a server that says it is a replica");
  has_executed_ = false;
  std::string reply;
  if (is_write && !is_primary()) {
    reply = read_only_error;
  } else {
    executing_ = request;
    model_.handle_bytes(connection.client, request, model_time());
    executing_ = {};
    std::swap(reply, model_.output(connection.client));
    connection.closing |= model_.closing(connection.client) != model::Closing::no;
  }
  if (is_hello && reply.find("$7\r\nreplica\r\n") != std::string::npos) {
    connection.is_told_replica = true;
    environment_.coverage.count(Deed::replica_refused);
  }
  if (number != 0) {
    environment_.ledger.note_served(
        number, has_executed_ ? Ledger::Ran::yes : Ledger::Ran::no, connection.link->serial(),
        hash_of_wire(reply_to_write(reply, has_executed_ ? "+OK" : "-")));
    require(!has_executed_ || connection.link->note_run(number),
            "requests run in the order in which they were made");
  }
  send(connection, reply);
}

void Node::note_execution(const model::Execution& execution) {
  if (executing_.empty()) return;
  has_executed_ = true;
  if (execution.command != "set") return;
  note_write(mark_of(execution.arguments.back()).number, executing_);
}

void Node::note_write(RequestNumber number, std::string_view request) {
  history_.push_back(number);
  requests_.emplace_back(request);
  writes_.note_run(number, server_, survives_);
  for (Node* const replica : replicas_) replica->receive();
}

// A write of the primary's is on its way. They arrive in order.
void Node::receive() {
  const Instant arrival = environment_.now() + random_.between(microseconds(50), lag_max_);
  last_arrival_ = std::max(last_arrival_, arrival);
  environment_.schedule.plan_at(last_arrival_, *this, apply, stream_life_);
}

void Node::apply_next() {
  if (primary_ == nullptr || history_.size() >= primary_->history_.size()) return;
  const std::size_t next = history_.size();
  history_.push_back(primary_->history_[next]);
  requests_.push_back(primary_->requests_[next]);
  run_of_primary(requests_.back());
  poll_model();
}

void Node::run_of_primary(std::string_view request) {
  model_.handle_bytes(stream_, request, model_time());
  model_.output(stream_).clear();
}

void Node::poll_model() {
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

void Node::send(Connection& connection, std::string_view bytes) { connection.output += bytes; }

void Node::flush(Connection& connection) {
  if (connection.link == nullptr) return;
  if (!connection.output.empty()) {
    connection.output.erase(0, connection.link->to_client().write(connection.output));
  }
  if (!connection.closing || !connection.output.empty()) return;
  connection.link->close_by_server();
  forget(connection);
}

void Node::forget(Connection& connection) {
  if (connection.link == nullptr) return;
  model_.disconnect(connection.client);
  connection.link = nullptr;
}

void Node::close_all() {
  for (Connection& connection : connections_) {
    if (connection.link == nullptr) continue;
    connection.link->close_by_server();
    forget(connection);
  }
}

void Node::leave_primary() {
  ++stream_life_;
  if (primary_ == nullptr) return;
  std::erase(primary_->replicas_, this);
  primary_ = nullptr;
}

void Node::promote() {
  environment_.note("server", server_, "is promoted, with % writes", history_.size());
  leave_primary();
  model_.options().role = model::Role::primary;
  close_all();
}

void Node::follow(Node& primary) {
  environment_.note("server", server_, "becomes a replica of %", primary.server_);
  leave_primary();
  close_all();
  for (Node* const replica : replicas_) {
    ++replica->stream_life_;  // what is on its way is not to be had any more
  }
  model_.restart(model::Server::Data::lost);
  stream_ = model_.accept(model_time());
  model_.options().role = model::Role::replica;
  model_.options().condition = model::Condition::serving;
  primary_ = &primary;
  primary.replicas_.push_back(this);
  history_ = primary.history_;
  requests_ = primary.requests_;
  for (const std::string& request : requests_) run_of_primary(request);
}

void Node::kill() {
  environment_.note("server", server_, "is killed");
  is_alive_ = false;
  idle_at_ = {};
  for (Connection& connection : connections_) {
    if (connection.link == nullptr) continue;
    connection.link->reset_by_server();
    forget(connection);
  }
  for (Node* const replica : replicas_) ++replica->stream_life_;
  environment_.network.refuse_connections(server_, dead_for_good);
}

void Node::revive() {
  if (is_alive_) return;
  environment_.note("server", server_, "is back");
  is_alive_ = true;
  environment_.network.refuse_connections(server_, Duration::zero());
}

void Node::freeze(Duration time) {
  environment_.note("server", server_, "freezes for %", time);
  idle_at_ = environment_.now() + time;
}

void Node::thaw() {
  idle_at_ = environment_.now();
  plan_turn();
}

}  // namespace plimsoll::sim
