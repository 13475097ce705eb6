#include "plimsoll/tests/sim/model/connections.h"

namespace plimsoll::sim::model {
namespace {

ClientId make_id(std::size_t place, std::uint32_t generation) {
  return ClientId{(std::uint64_t{generation} << 32) | place};
}

std::size_t place_of(ClientId id) {
  return static_cast<std::size_t>(static_cast<std::uint64_t>(id) & 0xffff'ffff);
}

}  // namespace

Connection& Connections::open(std::size_t bulk_bytes_max) {
  if (free_.empty()) {
    free_.push_back(places_.size());
    places_.emplace_back();
  }
  const std::size_t number = free_.back();
  free_.pop_back();
  Place& place = places_[number];
  ++place.generation;
  place.connection =
      std::make_unique<Connection>(make_id(number, place.generation), bulk_bytes_max);
  place.connection->number = next_number_++;
  ++size_;
  return *place.connection;
}

void Connections::close(ClientId id) {
  if (find(id) == nullptr) return;
  places_[place_of(id)].connection.reset();
  free_.push_back(place_of(id));
  --size_;
}

Connection* Connections::find(ClientId id) {
  const std::size_t place = place_of(id);
  if (place >= places_.size()) return nullptr;
  Connection* const connection = places_[place].connection.get();
  return connection != nullptr && connection->id == id ? connection : nullptr;
}

Connection* Connections::find_number(std::uint64_t number) {
  for (Place& place : places_) {
    if (place.connection != nullptr && place.connection->number == number) {
      return place.connection.get();
    }
  }
  return nullptr;
}

void Connections::send(Connection& connection, std::string_view bytes) {
  if (connection.closing != Closing::no) return;
  connection.output.append(bytes);
  list(connection);
}

void Connections::list(Connection& connection) {
  if (connection.listed == Connection::Listed::yes) return;
  connection.listed = Connection::Listed::yes;
  listed_.push_back(connection.id);
}

void Connections::close_at_once(Connection& connection) {
  connection.output.clear();
  connection.closing = Closing::at_once;
  list(connection);
}

std::optional<ClientId> Connections::poll_listed() {
  while (!listed_.empty()) {
    const ClientId id = listed_.front();
    listed_.pop_front();
    if (Connection* connection = find(id)) {
      connection->listed = Connection::Listed::no;
      return id;
    }
  }
  return std::nullopt;
}

}  // namespace plimsoll::sim::model
