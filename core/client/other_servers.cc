#include "plimsoll/core/client/other_servers.h"

#include <algorithm>

namespace plimsoll::inline v0 {

Session* OtherServers::session(ConnectionId connection) const {
  if (sentinels && sentinels->owns(connection)) {
    sentinels->note_input(connection);
    return sentinels->session(connection);
  }
  if (replicas && Replicas::owns(connection)) {
    replicas->note_input(connection);
    return replicas->session(connection);
  }
  if (cluster && Cluster::owns(connection)) {
    cluster->note_input(connection);
    return cluster->session(connection);
  }
  return nullptr;
}

std::size_t OtherServers::in_flight() const {
  return (replicas ? replicas->in_flight() : 0) + (cluster ? cluster->in_flight() : 0);
}

void OtherServers::set_credentials(const Credentials& credentials) {
  if (replicas) replicas->set_credentials(credentials);
  if (cluster) cluster->set_credentials(credentials);
}

void OtherServers::close(Instant now) {
  if (replicas) replicas->close(now);
  if (cluster) cluster->close(now);
}

void OtherServers::abort() {
  if (replicas) replicas->abort();
  if (cluster) cluster->abort();
}

void OtherServers::handle_end_of_main() {
  if (replicas) replicas->abort_unless_closing();
  if (cluster) cluster->abort_unless_closing();
  if (sentinels) sentinels->stop();
}

void OtherServers::handle_timeout(Instant now) {
  if (sentinels) sentinels->handle_timeout(now);
  if (replicas) replicas->handle_timeout(now);
  if (cluster) cluster->handle_timeout(now);
}

Instant OtherServers::poll_timeout() {
  const Instant next = replicas ? replicas->poll_timeout() : never;
  return cluster ? std::min(next, cluster->poll_timeout()) : next;
}

std::uint64_t OtherServers::unsent() const {
  return (sentinels ? sentinels->unsent() : 0) | (replicas ? replicas->unsent() : 0) |
         (cluster ? cluster->unsent() : 0);
}

std::optional<OtherServers::ServerAction> OtherServers::poll_action() {
  if (replicas) {
    if (const auto asked = replicas->poll_action()) {
      return ServerAction{asked->action, asked->connection, asked->told};
    }
  }
  if (cluster) {
    if (const auto asked = cluster->poll_action()) {
      return ServerAction{asked->action, asked->connection, asked->told};
    }
  }
  return std::nullopt;
}

std::optional<Event> OtherServers::poll_event() {
  if (replicas) return replicas->poll_event();
  return cluster ? cluster->poll_event() : std::nullopt;
}

void OtherServers::handle_main(const Event& event) {
  const bool is_of_replicas = event.tag == internal_replication || event.tag == internal_zone;
  const bool is_of_cluster = event.tag == internal_slots || event.tag == internal_node_id;
  if (is_of_replicas && replicas) replicas->handle_primary(event);
  if (is_of_cluster && cluster) cluster->handle_main(event);
}

void OtherServers::validate() {
  if (sentinels) sentinels->validate();
  if (replicas) replicas->validate();
  if (cluster) cluster->validate();
}

}  // namespace plimsoll::inline v0
