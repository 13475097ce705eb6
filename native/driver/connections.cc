#include "plimsoll/native/driver/connections.h"

#include <bit>
#include <vector>

namespace plimsoll::inline v0::native {

Connections::Connections(Connection::Owner& owner, ConnectionContext& context)
    : owner_(owner), context_(context) {
  make(first_connection);
}

Connection& Connections::make(ConnectionId id) {
  auto& made = all_[static_cast<std::size_t>(id)];
  made = std::make_unique<Connection>(owner_, context_, id);
  return *made;
}

template <class Use>
void Connections::take_each(std::uint64_t& set, Use use) {
  for (; set != 0; set &= set - 1) {
    const auto index = static_cast<std::size_t>(std::countr_zero(set));
    if (Connection* const connection = all_[index].get()) use(*connection);
  }
}

void Connections::flush(std::uint64_t& set) {
  take_each(set, [](Connection& connection) { connection.flush(); });
}

void Connections::arm_reads(std::uint64_t& set) {
  take_each(set, [](Connection& connection) { connection.arm_read(); });
}

void Connections::arm_reads() {
  for (const auto& connection : all_) {
    if (connection) connection->arm_read();
  }
}

void Connections::handle_credentials() {
  for (const auto& connection : all_) {
    if (connection) connection->handle_credentials();
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

const Connection::Trouble* Connections::side_trouble(const char* what) const {
  for (const auto& connection : all_) {
    if (connection == nullptr || connection->id() == first_connection) continue;
    if (connection->peer() == Peer::sentinel) continue;
    const Connection::Trouble& trouble = connection->trouble();
    if (!trouble.is_over && trouble.what == what) return &trouble;
  }
  return nullptr;
}

}  // namespace plimsoll::inline v0::native
