#include "plimsoll/tests/sim/server/process.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration dead_until_started = std::chrono::hours(24);

}  // namespace

Process::Process(Environment& environment, std::uint32_t random_stream)
    : environment_(environment),
      random_(environment.scenario.seed, Random::Purpose::server, random_stream),
      number_(environment.network.add_server(*this)),
      stream_(model_.accept(time())),
      lag_max_(random_.one_in(3) ? milliseconds(random_.between(1, 800)) : milliseconds(2)) {}

model::Time Process::time() const {
  return {static_cast<std::uint64_t>(environment_.now().time_since_epoch().count())};
}

void Process::handle(std::uint32_t what, std::uint64_t detail) {
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
    case arrival:
      if (is_alive_ && detail == stream_life_) handle_change();
  }
}

void Process::handle_connected(Link& link) {
  std::size_t place = 0;
  while (place < connections_.size() && connections_[place].link != nullptr) ++place;
  if (place == connections_.size()) connections_.emplace_back();
  Connection& connection = connections_[place];
  connection = Connection{};
  connection.link = &link;
  connection.place = place;
  connection.client = model_.accept(time());
  link.set_place(place);
  forget_place(place);
}

void Process::plan_turn() {
  if (std::exchange(is_turn_planned_, true)) return;
  const Duration pause = random_.between(Duration::zero(), microseconds(20));
  environment_.schedule.plan_at(std::max(idle_at_, environment_.now() + pause), *this, turn);
}

void Process::serve(Connection& connection) {
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

std::string Process::reply_of_model(Connection& connection, std::string_view request) {
  model_.handle_bytes(connection.client, request, time());
  connection.closing |= model_.closing(connection.client) != model::Closing::no;
  return std::exchange(model_.output(connection.client), {});
}

void Process::run_on_stream(std::string_view request) {
  model_.handle_bytes(stream_, request, time());
  model_.output(stream_).clear();
}

void Process::poll_model() {
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

void Process::send(Connection& connection, std::string_view bytes) {
  connection.output += bytes;
  connection.said += bytes.size();
}

void Process::flush(Connection& connection) {
  if (connection.link == nullptr) return;
  if (!connection.output.empty()) {
    connection.output.erase(0, connection.link->to_client().write(connection.output));
  }
  if (!connection.closing || !connection.output.empty()) return;
  connection.link->close_by_server();
  forget(connection);
}

void Process::forget(Connection& connection) {
  if (connection.link == nullptr) return;
  model_.disconnect(connection.client);
  connection.link = nullptr;
}

void Process::expect_change() {
  const Instant at = environment_.now() + random_.between(microseconds(50), lag_max_);
  last_arrival_ = std::max(last_arrival_, at);
  put_off_change(last_arrival_);
}

void Process::put_off_change(Instant until) {
  environment_.schedule.plan_at(until, *this, arrival, stream_life_);
}

void Process::close_all() {
  for (Connection& connection : connections_) {
    if (connection.link == nullptr) continue;
    connection.link->close_by_server();
    forget(connection);
  }
}

void Process::reset(Connection& connection) {
  connection.link->reset_by_server();
  connection.closing = true;
  forget(connection);
}

void Process::stop() {
  is_alive_ = false;
  idle_at_ = {};
  for (Connection& connection : connections_) {
    if (connection.link != nullptr) reset(connection);
  }
  environment_.network.refuse_connections(number_, dead_until_started);
}

void Process::start() {
  is_alive_ = true;
  environment_.network.refuse_connections(number_, Duration::zero());
}

void Process::lose_data() {
  model_.restart(model::Server::Data::lost);
  stream_ = model_.accept(time());
}

void Process::freeze(Duration time) {
  environment_.note("server", number_, "freezes for %", time);
  idle_at_ = environment_.now() + time;
}

void Process::thaw() {
  idle_at_ = environment_.now();
  plan_turn();
}

}  // namespace plimsoll::sim
