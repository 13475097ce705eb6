#include "plimsoll/tests/sim/model/server.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "plimsoll/tests/sim/model/engine.h"

namespace plimsoll::sim::model {
namespace {

constexpr std::string_view too_many_text = "-ERR max number of clients reached\r\n";
constexpr std::string_view protected_text =
    "-DENIED Running in protected mode because protected mode is enabled and no password is set "
    "for "
    "the default user. In this mode connections are only accepted from the loopback interface. If "
    "you want to connect from external computers, you may adopt one of the following solutions: 1) "
    "Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the "
    "loopback interface by connecting from the same host the server is running, however MAKE SURE "
    "it's not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this "
    "change "
    "permanent. 2) Alternatively you can just disable the protected mode by editing the "
    "configuration file, and setting the protected mode option to 'no', and then restarting the "
    "server. 3) If you started the server manually just for testing, restart it with the "
    "'--protected-mode no' option. 4) Set up an authentication password for the default user. "
    "NOTE: "
    "You only need to do one of the above things in order for the server to start accepting "
    "connections from the outside.\r\n";

}  // namespace

Server::Server(ServerOptions options) : engine_(std::make_unique<Engine>(std::move(options))) {}
Server::~Server() = default;

ClientId Server::accept(Time now) {
  engine_->now = now;
  Connections& connections = engine_->connections;
  Connection& connection = connections.open(engine_->options.bulk_bytes_max);
  connection.user = &engine_->users.default_user();
  connection.trust = engine_->users.trust_at_first();

  std::string_view refusal;
  if (connections.size() > engine_->options.clients_max) refusal = too_many_text;
  const bool is_protected =
      engine_->options.access == Access::protected_mode && connection.trust == Trust::authenticated;
  if (refusal.empty() && is_protected) refusal = protected_text;
  if (!refusal.empty()) {
    connections.send(connection, refusal);
    connection.closing = Closing::after_output;
  }
  return connection.id;
}

void Server::disconnect(ClientId client) {
  if (Connection* connection = engine_->connections.find(client)) {
    engine_->forget(*connection);
    engine_->connections.close(client);
  }
}

void Server::handle_bytes(ClientId client, std::string_view bytes, Time now) {
  engine_->now = now;
  Connection* const connection = engine_->connections.find(client);
  if (connection == nullptr || connection->closing != Closing::no) return;

  RequestReader& reader = connection->reader;
  reader.begin(bytes);
  while (connection->closing == Closing::no && !connection->blocked) {
    const RequestReader::Found found = reader.next(connection->trust);
    if (found == RequestReader::Found::incomplete) break;
    if (found == RequestReader::Found::request) {
      engine_->process(*connection, reader.arguments());
    } else {
      Replies(connection->output, connection->protocol).error(reader.error());
      connection->closing = Closing::after_output;
    }
  }
  reader.end();
  if (!connection->output.empty() || connection->closing != Closing::no) {
    engine_->connections.list(*connection);
  }
}

void Server::end_turn() { engine_->tracking.end_turn(); }

void Server::handle_time(Time now) {
  engine_->now = now;
  engine_->remove_expired();
  engine_->tracking.limit(engine_->options.tracking_keys_max, nullptr);
  engine_->tracking.forget_those_gone(now);
  engine_->end_waits();
}

bool Server::evict(int database, std::string_view key, Time now) {
  engine_->now = now;
  if (engine_->databases[static_cast<std::size_t>(database)].erase(key) == 0) return false;
  engine_->key_changed(database, key, Cause::eviction);
  return true;
}

const Resumptions& Server::resumptions() const { return engine_->resumptions; }

void Server::forget_stream(std::size_t choice) { engine_->tracking.forget_stream(choice); }

void Server::forget_stream_of(ClientId client) {
  const Connection* const connection = engine_->connections.find(client);
  if (connection != nullptr) engine_->tracking.forget_stream_of(*connection);
}

bool Server::tell_stray(ClientId client, std::string_view key) {
  Connection* const connection = engine_->connections.find(client);
  if (connection == nullptr || !engine_->tracking.has_stream(*connection)) return false;
  engine_->tracking.tell_stray(*connection, key);
  return true;
}

bool Server::is_blocked(ClientId client) const {
  const Connection* const connection = engine_->connections.find(client);
  return connection != nullptr && connection->blocked;
}

std::optional<Time> Server::next_timeout() const { return engine_->blocking.next_timeout(); }

std::optional<Time> Server::next_expiry() const {
  std::optional<std::int64_t> first;
  for (const Database& database : engine_->databases) {
    const std::optional<std::int64_t> time = database.first_expiry();
    if (time && (!first || *time < *first)) first = time;
  }
  if (!first) return std::nullopt;
  return from_milliseconds(*first + 1);
}

std::optional<ClientId> Server::poll_output() { return engine_->connections.poll_listed(); }

std::string& Server::output(ClientId client) {
  Connection* const connection = engine_->connections.find(client);
  return connection ? connection->output : nothing_;
}

std::string Server::take_output(ClientId client) { return std::exchange(output(client), {}); }

Closing Server::closing(ClientId client) const {
  const Connection* const connection = engine_->connections.find(client);
  return connection ? connection->closing : Closing::at_once;
}

std::size_t Server::connections() const { return engine_->connections.size(); }

void Server::restart(Data data) {
  std::vector<ClientId> all;
  engine_->connections.for_each([&](Connection& connection) { all.push_back(connection.id); });
  for (const ClientId client : all) disconnect(client);
  engine_->tracking.forget_everything();
  engine_->connections.restart_numbers();
  if (data == Data::lost) {
    for (Database& database : engine_->databases) database.clear();
  }
}

ServerOptions& Server::options() { return engine_->options; }

void Server::set_user(const User& user) { engine_->users.set(user); }

void Server::erase_user(std::string_view name) {
  Connections& connections = engine_->connections;
  connections.for_each([&](Connection& connection) {
    if (connection.user->name != name) return;
    connection.user = &engine_->users.default_user();
    connections.close_at_once(connection);
  });
  engine_->users.erase(name);
}

void Server::script_error(ScriptedError error) {
  if (error.count > 0) engine_->scripted_errors.push_back(std::move(error));
}

void Server::set_execution_log(ExecutionLog log) { engine_->log = std::move(log); }

std::optional<std::string> Server::peek(int database, std::string_view key) const {
  Database::Entry* const entry = engine_->databases[static_cast<std::size_t>(database)].find(key);
  const Text* const text = entry ? std::get_if<Text>(&entry->value) : nullptr;
  if (text == nullptr) return std::nullopt;
  return *text;
}

std::size_t Server::key_count(int database) const {
  return engine_->databases[static_cast<std::size_t>(database)].size();
}

}  // namespace plimsoll::sim::model
