#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/model/connection.h"

namespace plimsoll::sim::model {

/// The connections that are there, in places that are used again, and which of them have something
/// to say since they were asked last.
class Connections {
 public:
  std::size_t size() const { return size_; }
  Connection& open(std::size_t bulk_bytes_max);
  void close(ClientId id);

  /// Null if it is gone.
  Connection* find(ClientId id);
  Connection* find_number(std::uint64_t number);

  /// In an order that depends on nothing but the calls before.
  template <class Visit>
  void for_each(const Visit& visit) {
    for (Place& place : places_) {
      if (place.connection != nullptr) visit(*place.connection);
    }
  }

  /// Appends to a connection's output; a connection that is to be closed gets nothing any more.
  void send(Connection& connection, std::string_view bytes);
  void list(Connection& connection);

  /// What has not been sent is lost.
  void close_at_once(Connection& connection);
  std::optional<ClientId> poll_listed();

  /// After a restart, connections are numbered from 1 again.
  void restart_numbers() { next_number_ = 1; }

 private:
  struct Place {
    std::unique_ptr<Connection> connection;
    std::uint32_t generation = 0;
  };

  std::vector<Place> places_;
  std::vector<std::size_t> free_;
  std::deque<ClientId> listed_;
  std::size_t size_ = 0;
  std::uint64_t next_number_ = 1;
};

}  // namespace plimsoll::sim::model
