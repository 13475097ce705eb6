#include "plimsoll/tests/sim/group/node.h"

#include <algorithm>
#include <utility>

#include "plimsoll/tests/sim/client/reply_hash.h"
#include "plimsoll/tests/sim/client/request.h"
#include "plimsoll/tests/sim/group/places.h"
#include "plimsoll/tests/sim/group/server_info.h"

namespace plimsoll::sim {
namespace {

constexpr std::string_view read_only_error =
    "-READONLY You can't write against a read only replica.\r\n";

// What is said of changed keys comes before the reply to a write, or behind it.
std::string_view reply_to_write(std::string_view wire, std::string_view beginning) {
  wire.remove_prefix(std::min(wire.find(beginning), wire.size()));
  return wire.substr(0, wire.find('\n') + 1);
}

}  // namespace

Node::Node(Environment& environment, WriteBook& writes, ReadBook& reads, std::uint32_t number)
    : Process(environment, number),
      writes_(writes),
      reads_(reads),
      zone_(this->number() % 2 == 0 ? "even" : "odd") {
  begin_history();
  model().set_execution_log([this](const model::Execution& each) { note_execution(each); });
}

void Node::handle_change() {
  if (environment_.now() < lags_until_) return put_off_change(lags_until_);
  apply_next();
}

void Node::answer(Connection& connection, std::string_view request) {
  const RequestNumber number = number_of(scanner().words());
  const bool is_hello = scanner().words()[0] == "HELLO";
  const bool is_write = scanner().words()[0] == "SET";
  const bool is_read = scanner().words()[0] == "MGET";
  require(number == 0 || is_read || !peer_of(connection).is_told_replica,
          "only reads are asked of a server that says it is a replica");
  require(!is_read || !peer_of(connection).is_told_replica || peer_of(connection).is_told_offset,
          "a replica is read only behind its answer of how much it has, on the same connection");
  if (is_read && cuts(connection)) return;
  has_executed_ = false;
  const bool is_info = scanner().words()[0] == "INFO";
  const std::string reply = is_info                     ? reply_to_info(connection)
                            : is_write && !is_primary() ? std::string(read_only_error)
                                                        : reply_to(connection, request);
  if (is_hello && reply.find("$7\r\nreplica\r\n") != std::string::npos) {
    peer_of(connection).is_told_replica = true;
  }
  if (number != 0) note_answered(connection, number, reply);
  send(connection, reply);
}

std::string Node::reply_to(Connection& connection, std::string_view request) {
  executing_ = request;
  std::string reply = reply_of_model(connection, request);
  executing_ = {};
  return reply;
}

// What is read may have gone from one server to another, and then comes behind what was asked
// later.
void Node::note_answered(Connection& connection, RequestNumber number, std::string_view reply) {
  const std::uint64_t link = connection.link->serial();
  const bool is_read = scanner().words()[0] == "MGET";
  environment_.ledger.note_served(
      number, has_executed_ ? Ledger::Ran::yes : Ledger::Ran::no, link,
      hash_of_wire(is_read ? reply : reply_to_write(reply, has_executed_ ? "+OK" : "-")));
  if (is_read) return note_read(connection, number, reply);
  require(!has_executed_ || connection.link->note_run(number),
          "requests run in the order in which they were made");
}

// A client that has heard of a refusal knows that it has before it tells of a read that was
// refused, and went elsewhere.
void Node::note_read(Connection& connection, RequestNumber number, std::string_view reply) {
  reads_.note_answered(number, {.server = this->number(), .link = connection.link->serial()});
  Peer& peer = peer_of(connection);
  if (!peer.is_told_replica) return;
  read_at_ = environment_.now();
  require(peer.refused == 0 || !reads_.was_completed_before(peer.refused, number),
          "a replica that has refused a read is asked how it is before it is read again");
  if (peer.refused == 0 && reply.starts_with('-')) peer.refused = number;
}

bool Node::cuts(Connection& connection) {
  if (!peer_of(connection).is_told_replica || !std::exchange(cuts_next_read_, false)) return false;
  environment_.note("server", number(), "loses a connection with a read in flight");
  environment_.coverage.count(Fault::replica_cut);
  reset(connection);
  return true;
}

// A server that is LOADING, or has lost its primary, answers INFO too.
std::string Node::reply_to_info(Connection& connection) {
  if (refuses_info_) return std::string(info_refused_error);
  if (scanner().words().size() > 1 && scanner().words()[1] == "server") return info_reply(zone_);
  peer_of(connection).is_told_offset = true;
  reads_.note_history(connection.link->serial(), history_name_);
  peer_of(connection).refused = 0;
  return replication_info();
}

std::string Node::replication_info() {
  ReplicationInfo info;
  info.history = history_name_;
  info.offset = offset_;
  info.is_link_up = has_link();
  // HELLO says the same of a server that is in this condition.
  const bool seems_replica = model().options().condition == model::Condition::primary_down;
  if (primary_ != nullptr || seems_replica) {
    info.primary_host = host_of(primary_ != nullptr ? primary_->number() : number());
    return info_reply(info);
  }
  for (const Node* const replica : replicas_) {
    const bool is_named = replica->is_alive() && replica->follows(*this);
    if (!is_named || replica->listed_ == Listed::no) continue;
    info.replicas.push_back({.host = host_of(replica->number()),
                             .is_online = replica->listed_ == Listed::yes,
                             .offset = replica->offset_});
  }
  return info_reply(info);
}

// Whether it has a link to a primary. One that follows a server which is no primary any more, or
// has begun another history, has to be given all that there is.
bool Node::has_link() const {
  return primary_ != nullptr && !is_link_down_ && primary_->is_alive() && primary_->is_primary() &&
         follows(*primary_);
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
  offset_ += request.size();
  writes_.note_run(number, scanner().words()[1], this->number(), survives_, environment_.now());
  for (Node* const replica : replicas_) replica->receive();
}

void Node::begin_history() { history_name_ = history_name(number(), ++histories_); }

// A write of the primary's is on its way. They arrive in order.
void Node::receive() {
  if (is_link_down_ || !follows(*primary_)) return;
  expect_change();
}

void Node::apply_next() {
  if (primary_ == nullptr || history_.size() >= primary_->history_.size()) return;
  const std::size_t next = history_.size();
  history_.push_back(primary_->history_[next]);
  requests_.push_back(primary_->requests_[next]);
  offset_ += requests_.back().size();
  run_of_primary(requests_.back());
  poll_model();
}

// The link to the primary is there again, and what is missing is on its way.
void Node::receive_all_anew() {
  end_stream();
  if (!has_link()) return;
  for (std::size_t i = history_.size(); i < primary_->history_.size(); ++i) receive();
}

// Clients may be refused meanwhile; the primary is not.
void Node::run_of_primary(std::string_view request) {
  model::Condition& condition = model().options().condition;
  const model::Condition before = std::exchange(condition, model::Condition::serving);
  run_on_stream(request);
  condition = before;
}

void Node::leave_primary() {
  end_stream();
  if (primary_ == nullptr) return;
  std::erase(primary_->replicas_, this);
  primary_ = nullptr;
}

void Node::promote() {
  environment_.note("server", number(), "is promoted, with % writes", history_.size());
  leave_primary();
  begin_history();
  model().options().role = model::Role::primary;
  heal();
  close_all();
}

void Node::follow(Node& primary) {
  environment_.note("server", number(), "becomes a replica of %", primary.number());
  leave_primary();
  close_all();
  for (Node* const replica : replicas_) {
    replica->end_stream();  // what is on its way is not to be had any more
  }
  model().options().role = model::Role::replica;
  primary_ = &primary;
  primary.replicas_.push_back(this);
  history_ = primary.history_;
  requests_ = primary.requests_;
  history_name_ = primary.history_name_;
  offset_ = primary.offset_;
  heal();
  run_all();
}

// From nothing.
void Node::run_all() {
  lose_data();
  for (const std::string& request : requests_) run_of_primary(request);
}

void Node::kill() {
  environment_.note("server", number(), "is killed");
  stop();
  for (Node* const replica : replicas_) replica->end_stream();
}

void Node::revive() {
  if (is_alive()) return;
  environment_.note("server", number(), "is back");
  start();
  if (!is_primary()) return;
  // A primary that is started again begins a new history, and knows the one before: those that have
  // it may go on from where they are.
  const std::string former = history_name_;
  begin_history();
  for (Node* const replica : replicas_) {
    if (replica->history_name_ != former) continue;
    replica->history_name_ = history_name_;
    replica->receive_all_anew();
  }
}

void Node::lag(Duration time) {
  environment_.note("server", number(), "gets no writes for %", time);
  lags_until_ = environment_.now() + time;
}

void Node::lose_primary() {
  environment_.note("server", number(), "loses its link to the primary");
  is_link_down_ = true;
  end_stream();
}

void Node::restart_with(std::size_t writes_count) {
  environment_.note("server", number(), "is started again, with % of its % writes", writes_count,
                    history_.size());
  close_all();
  history_.resize(writes_count);
  while (requests_.size() > writes_count) {
    offset_ -= requests_.back().size();
    requests_.pop_back();
  }
  run_all();
  receive_all_anew();
}

void Node::heal() {
  model().options().condition = model::Condition::serving;
  listed_ = Listed::yes;
  refuses_info_ = cuts_next_read_ = false;
  lags_until_ = environment_.now();
  is_link_down_ = false;
  if (!is_primary()) receive_all_anew();
}

}  // namespace plimsoll::sim
