#include "plimsoll/tests/sim/group/sentinel.h"

#include <algorithm>
#include <utility>

#include "plimsoll/tests/sim/group/places.h"

namespace plimsoll::sim {
namespace {

constexpr Duration for_good = std::chrono::hours(24);
constexpr std::string_view channel = "+switch-master";

void add_bulk(std::string& reply, std::string_view text) {
  reply += '$' + std::to_string(text.size()) + "\r\n";
  reply += text;
  reply += "\r\n";
}

// As valkey-sentinel 8.0.1: it has no role.
std::string hello_reply() {
  std::string reply = "%6\r\n";
  add_bulk(reply, "server");
  add_bulk(reply, "valkey");
  add_bulk(reply, "version");
  add_bulk(reply, "8.0.1");
  add_bulk(reply, "proto");
  reply += ":3\r\n";
  add_bulk(reply, "id");
  reply += ":1\r\n";
  add_bulk(reply, "mode");
  add_bulk(reply, "sentinel");
  add_bulk(reply, "modules");
  reply += "*0\r\n";
  return reply;
}

}  // namespace

Sentinel::Sentinel(Environment& environment, Sayings& sayings, std::size_t primary)
    : environment_(environment),
      sayings_(sayings),
      server_(environment.network.add_server(*this)),
      primary_(primary),
      former_primary_(primary) {}

std::string Sentinel::id_of(std::size_t server) {
  std::string id(40, '0');
  id.back() = static_cast<char>('1' + server);
  return id;
}

void Sentinel::learn(std::size_t primary, Duration wait) {
  if (primary == primary_) return;
  environment_.note("sentinel", server_, "knows that % is the primary", primary);
  former_primary_ = std::exchange(primary_, primary);
  environment_.schedule.plan(wait, *this, publish, ++switch_number_);
}

void Sentinel::handle(std::uint32_t what, std::uint64_t detail) {
  if (!is_alive_) {
    is_turn_planned_ = false;
    return;
  }
  if (environment_.now() < frozen_until_) {
    return environment_.schedule.plan_at(frozen_until_, *this, what, detail);
  }
  switch (static_cast<Plan>(what)) {
    case turn:
      is_turn_planned_ = false;
      for (Connection& connection : connections_) {
        if (connection.link != nullptr) serve(connection);
      }
      return;
    case publish:
      if (detail == switch_number_) announce();
      return;
  }
}

void Sentinel::handle_connected(Link& link) {
  std::size_t place = 0;
  while (place < connections_.size() && connections_[place].link != nullptr) ++place;
  if (place == connections_.size()) connections_.emplace_back();
  connections_[place] = {.link = &link, .input = {}, .output = {}};
  link.set_place(place);
}

void Sentinel::handle_readable(Link&) { plan_turn(); }

void Sentinel::plan_turn() {
  if (std::exchange(is_turn_planned_, true)) return;
  environment_.schedule.plan_at(std::max(environment_.now(), frozen_until_), *this, turn);
}

void Sentinel::serve(Connection& connection) {
  Pipe& pipe = connection.link->to_server();
  connection.input += pipe.readable();
  pipe.read(pipe.readable().size());
  while (connection.link != nullptr) {
    const RequestScanner::Found found = scanner_.scan(connection.input);
    environment_.referee.require(found != RequestScanner::Found::nonsense,
                                 "a client sends whole requests", "sentinel", server_);
    if (found != RequestScanner::Found::whole) break;
    const std::size_t size = scanner_.size();
    answer(connection);
    connection.input.erase(0, size);
  }
  if (connection.link == nullptr || !pipe.has_ended() || !pipe.readable().empty()) return;
  connection.link->close_by_server();
  connection.link = nullptr;
}

void Sentinel::answer(Connection& connection) {
  const std::string_view command = scanner_.words()[0];
  if (command == "HELLO") return say(connection, hello_reply());
  if (command == "CLIENT") return say(connection, "+OK\r\n");
  if (command == "PING") return say(connection, "+PONG\r\n");
  if (command == "SENTINEL") return answer_sentinel(connection);
  if (command != "SUBSCRIBE") return say(connection, "-ERR unknown command\r\n");
  connection.is_subscribed = true;
  std::string reply = ">3\r\n";
  add_bulk(reply, "subscribe");
  add_bulk(reply, channel);
  say(connection, reply + ":1\r\n");
}

void Sentinel::answer_sentinel(Connection& connection) {
  const std::string_view what = scanner_.words().size() > 1 ? scanner_.words()[1] : "";
  std::string reply;
  if (what == "MYID") {
    add_bulk(reply, own_id());
    return say(connection, reply);
  }
  const bool is_ours = scanner_.words().size() > 2 && scanner_.words()[2] == group_name;
  if (!is_ours) return say(connection, "-ERR No such master with that name\r\n");
  if (what == "SENTINELS") {
    reply = '*' + std::to_string(others_.size()) + "\r\n";
    for (const Sentinel* const other : others_) {
      reply += "%5\r\n";
      add_bulk(reply, "name");
      add_bulk(reply, id_of(other->server_));
      add_bulk(reply, "ip");
      add_bulk(reply, host_of(other->server_));
      add_bulk(reply, "port");
      add_bulk(reply, group_port);
      add_bulk(reply, "runid");
      add_bulk(reply, id_of(other->server_));
      add_bulk(reply, "flags");
      add_bulk(reply, other->is_well() ? "sentinel" : "s_down,sentinel");
    }
    return say(connection, reply);
  }
  reply = "*2\r\n";
  add_bulk(reply, host_of(primary_));
  add_bulk(reply, group_port);
  say(connection, reply);
  sayings_.note_said(connection.link->serial(),
                     {.sentinel = server_, .primary = primary_, .kind = Saying::Kind::answer});
}

void Sentinel::announce() {
  environment_.note("sentinel", server_, "announces that % is the primary", primary_);
  std::string text(group_name);
  for (const std::size_t server : {former_primary_, primary_}) {
    text += ' ' + host_of(server) + ' ' + std::string(group_port);
  }
  std::string push = ">3\r\n";
  add_bulk(push, "message");
  add_bulk(push, channel);
  add_bulk(push, text);
  for (Connection& connection : connections_) {
    if (connection.link == nullptr || !connection.is_subscribed) continue;
    say(connection, push);
    sayings_.note_said(
        connection.link->serial(),
        {.sentinel = server_, .primary = primary_, .kind = Saying::Kind::announcement});
  }
}

void Sentinel::say(Connection& connection, std::string_view bytes) {
  sayings_.note_written(connection.link->serial(), bytes.size());
  connection.output += bytes;
  flush(connection);
}

void Sentinel::flush(Connection& connection) {
  if (connection.link == nullptr || connection.output.empty()) return;
  connection.output.erase(0, connection.link->to_client().write(connection.output));
}

void Sentinel::kill() {
  environment_.note("sentinel", server_, "is killed");
  is_alive_ = false;
  for (Connection& connection : connections_) {
    if (connection.link != nullptr) connection.link->reset_by_server();
    connection.link = nullptr;
  }
  environment_.network.refuse_connections(server_, for_good);
}

void Sentinel::revive() {
  if (is_alive_) return;
  environment_.note("sentinel", server_, "is back");
  is_alive_ = true;
  well_since_ = environment_.now();
  environment_.network.refuse_connections(server_, Duration::zero());
}

void Sentinel::freeze(Duration time) {
  environment_.note("sentinel", server_, "freezes for %", time);
  frozen_until_ = environment_.now() + time;
}

}  // namespace plimsoll::sim
