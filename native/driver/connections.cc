#include "plimsoll/native/driver/connections.h"

#include <bit>
#include <cstddef>
#include <optional>
#include <vector>

#include "plimsoll/core/client/cluster_nodes.h"

namespace plimsoll::inline v0::native {

Connections::Connections(Connection::Owner& owner, ConnectionContext& context)
    : owner_(owner), context_(context) {
  make(first_connection);
}

Connection& Connections::make(ConnectionId id) {
  const auto number = static_cast<std::size_t>(id);
  if (number >= all_.size()) all_.resize(number + 1);
  auto& made = all_[number];
  made = std::make_unique<Connection>(owner_, context_, id);
  return *made;
}

template <class Use>
void Connections::take_each(std::uint64_t& set, Use use) {
  for (; set != 0; set &= set - 1) {
    const ConnectionId id{static_cast<std::uint32_t>(std::countr_zero(set))};
    if (Connection* const connection = find(id)) use(*connection);
  }
}

std::uint64_t Connections::take_unsent(Client& core) {
  while (const std::optional<ConnectionId> node = core.take_unsent_node()) {
    unsent_nodes_.add(ClusterNodes::number_of(*node));
  }
  return core.unsent_connections();
}

void Connections::flush(std::uint64_t& set) {
  take_each(set, [](Connection& connection) { connection.flush(); });
  while (!unsent_nodes_.empty()) {
    const NodeNumber number = unsent_nodes_.first();
    if (Connection* const connection = find(ClusterNodes::connection_of(number))) {
      connection->flush();
    }
    unsent_nodes_.remove(number);
  }
}

void Connections::arm_reads(std::uint64_t& set) {
  take_each(set, [](Connection& connection) { connection.arm_read(); });
}

void Connections::arm_reads() {
  // By number: a turn may make further connections meanwhile.
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i]) all_[i]->arm_read();
  }
}

void Connections::handle_credentials() {
  // By number: a turn may make further connections meanwhile.
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i]) all_[i]->handle_credentials();
  }
}

void Connections::handle_no_credentials(std::string_view why) {
  // Only the connections that wait now: the failure of one may run a turn in which another begins
  // to wait, for the next credentials.
  std::vector<Connection*> waiting;
  for (const auto& connection : all_) {
    if (connection && connection->wants_credentials()) waiting.push_back(connection.get());
  }
  for (Connection* const connection : waiting) connection->handle_no_credentials(why);
}

const Connection::Trouble* Connections::side_trouble(std::string_view what) const {
  for (const auto& connection : all_) {
    if (connection == nullptr || connection->id() == first_connection) continue;
    if (connection->peer() == Peer::sentinel) continue;
    const Connection::Trouble& trouble = connection->trouble();
    if (!trouble.is_over && *trouble.what != '\0' && what.ends_with(trouble.what)) return &trouble;
  }
  return nullptr;
}

}  // namespace plimsoll::inline v0::native
