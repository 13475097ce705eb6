#include "plimsoll/tests/sim/server/server.h"

#include <algorithm>
#include <utility>

#include "plimsoll/tests/sim/client/reply_hash.h"
#include "plimsoll/tests/sim/client/request.h"

// The event loop. What goes wrong with a server is in server_faults.cc.

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;

// A connection whose client does not read is not read either.
constexpr std::size_t output_bytes_max = 256 * 1024;

}  // namespace

Server::Server(Environment& environment, std::uint32_t number)
    : environment_(environment),
      number_(number),
      random_(environment.scenario.seed, Random::Purpose::server, number),
      service_time_(random_.between(Duration::zero(), microseconds(5))),
      knows_tracking_(
          !Random(environment.scenario.seed, Random::Purpose::proxy, number).one_in(12)),
      resumption_random_(environment.scenario.seed, Random::Purpose::resumption, number),
      rights_random_(environment.scenario.seed, Random::Purpose::leant_server, number) {
  model_.set_execution_log([this](const model::Execution& each) { note_execution(each); });
  if (environment.scenario.faults.has(Fault::rotation)) restore_password();
  for (const char* const name : SharedCache::users) {
    model::User user;
    user.name = name;
    model_.set_user(user);
  }
  model_.options().user_key = SharedCache::user_key;
  if (random_.one_in(3)) model_.options().tracking_keys_max = random_.between(1, 8);
  draw_resumption();
  environment.network.add_server(*this);
  if (environment.leaning == Leaning::rights) plan_change_of_rights();
}

model::Time Server::model_time() const {
  return {static_cast<std::uint64_t>(environment_.now().time_since_epoch().count())};
}

void Server::handle(std::uint32_t what, std::uint64_t detail) {
  switch (static_cast<Plan>(what)) {
    case turn:
      turn_planned_ = false;
      if (environment_.now() < idle_at_) return plan_turn();
      return run_turn();
    case lift:
      if (detail == imposed_number_) lift_condition();
      return;
    case forget_passwords:
      former_passwords_.clear();
      if (imposed_ != Fault::wrong_password) restore_password();
      return;
    case change_rights: return change_some_rights();
    case serve_place:
      if (connections_[detail].link != nullptr) want_service(detail);
      return;
    case answer_waiting:
      answers_at_ = never;
      if (environment_.now() >= idle_at_) {
        model_.handle_time(model_time());
        note_versions();
        poll_model();
      }
      return plan_answers();
  }
}

void Server::handle_connected(Link& link) {
  std::size_t place = 0;
  while (place < connections_.size() && connections_[place].link != nullptr) ++place;
  if (place == connections_.size()) connections_.emplace_back();
  Connection& connection = connections_[place];
  connection.link = &link;
  link.set_place(place);
  connection.client = model_.accept(model_time());
  connection.input.clear();
  connection.output = model_.take_output(connection.client);
  link.note_said(connection.output.size());
  connection.sent = 0;
  connection.finished = connection.cut_short = false;
  connection.waiting = connection.transaction = 0;
  connection.in_transaction = connection.listens = false;
  connection.resumes_at.reset();
  connection.closing = model_.closing(connection.client) != model::Closing::no;
  flush(connection);
}

void Server::handle_lost(Link& link) { forget(connections_[link.place()]); }

void Server::handle_writable(Link& link) {
  Connection& connection = connections_[link.place()];
  flush(connection);
  if (connection.link != nullptr) want_service(link.place());
}

void Server::want_service(std::size_t place) {
  if (std::exchange(connections_[place].ready, true)) return;
  ready_.push_back(place);
  plan_turn();
}

void Server::plan_turn() {
  if (std::exchange(turn_planned_, true)) return;
  environment_.schedule.plan_at(idle_at_, *this, turn);
}

void Server::run_turn() {
  std::swap(ready_, serving_);
  for (const std::size_t place : serving_) {
    Connection& connection = connections_[place];
    connection.ready = false;
    if (connection.link != nullptr) serve(connection);
  }
  serving_.clear();
  if (random_.one_in(500)) evict_some();
  forget_some_stream();
  poll_model();
  plan_answers();
}

void Server::serve(Connection& connection) {
  if (connection.output.size() - connection.sent >= output_bytes_max) return;
  Pipe& pipe = connection.link->to_server();
  const std::string_view bytes = pipe.readable();
  std::size_t count = 0;
  if (connection.input.empty()) {
    const std::size_t taken = take_requests(connection, bytes, count);
    connection.input.assign(bytes.substr(taken));
  } else {
    connection.input.append(bytes);
    const std::size_t taken = take_requests(connection, connection.input, count);
    connection.input.erase(0, taken);
  }
  const Duration each = environment_.now() < slow_until_ ? slow_service_time_ : service_time_;
  idle_at_ = std::max(idle_at_, environment_.now()) + count * each;
  pipe.read(bytes.size());
  flush(connection);
  if (connection.link != nullptr && pipe.has_ended() && pipe.readable().empty()) close(connection);
}

// Answers the whole requests in `bytes`; returns how many bytes those are.
std::size_t Server::take_requests(Connection& connection, std::string_view bytes,
                                  std::size_t& count) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !connection.closing) {
    if (connection.waiting != 0) {
      const bool whole = scanner_.scan(bytes.substr(taken)) == RequestScanner::Found::whole;
      const bool waits = whole && number_of(scanner_.words()) != 0 && connection.link->truthful();
      require(!waits, "nobody waits behind what blocks");
      break;
    }
    const std::string_view rest = bytes.substr(taken);
    const RequestScanner::Found found = scanner_.scan(rest);
    require(found != RequestScanner::Found::nonsense, "a client sends whole requests");
    if (found != RequestScanner::Found::whole || puts_off_resumption(connection)) break;
    taken += scanner_.size();
    ++count;
    answer(connection, rest.substr(0, scanner_.size()));
  }
  return taken;
}

// What the model has to say besides the replies that were asked for.
void Server::poll_model() {
  model_.end_turn();
  while (const std::optional<model::ClientId> client = model_.poll_output()) {
    for (Connection& connection : connections_) {
      if (connection.link == nullptr || connection.client != *client) continue;
      std::string& said = model_.output(*client);
      if (connection.waiting != 0 && !model_.is_blocked(*client)) {
        note_taken(connection, said);
        want_service(connection.link->place());
      }
      send(connection, said);
      said.clear();
      connection.closing |= model_.closing(*client) != model::Closing::no;
      flush(connection);
    }
  }
}

void Server::send(Connection& connection, std::string_view bytes) {
  if (connection.finished || connection.cut_short) return;
  connection.output += bytes;
  connection.link->note_said(bytes.size());
  if (connection.listens) environment_.books.pushes.note_sent(connection.link->serial(), bytes);
}

void Server::flush(Connection& connection) {
  std::string& output = connection.output;
  if (connection.sent < output.size()) {
    const std::string_view unsent = std::string_view(output).substr(connection.sent);
    connection.sent += connection.link->to_client().write(unsent);
  }
  if (connection.sent < output.size()) return;
  output.clear();
  connection.sent = 0;
  if (connection.closing) close(connection);
}

void Server::close(Connection& connection) {
  connection.link->close_by_server();
  forget(connection);
}

void Server::forget(Connection& connection) {
  if (connection.link == nullptr) return;
  model_.disconnect(connection.client);
  connection.link = nullptr;
}

}  // namespace plimsoll::sim
