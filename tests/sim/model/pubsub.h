#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/model/connections.h"
#include "plimsoll/tests/sim/model/text_map.h"

namespace plimsoll::sim::model {

/// Who listens to which channels and patterns.
///
/// A message for the connection that publishes it waits for after_command(): its reply comes first.
class PubSub {
 public:
  explicit PubSub(Connections& connections) : connections_(&connections) {}

  void subscribe(Connection& connection, std::string_view channel);
  void unsubscribe(Connection& connection, std::string_view channel);
  void subscribe_pattern(Connection& connection, std::string_view pattern);
  void unsubscribe_pattern(Connection& connection, std::string_view pattern);
  void unsubscribe_all(Connection& connection);

  /// Returns how many got it; a connection counts once for its channel and once for each pattern.
  std::int64_t publish(std::string_view channel, std::string_view message, Connection& publisher);

  void after_command(Connection& executing);

 private:
  using Listeners = std::vector<ClientId>;

  void deliver(Connection& listener, std::string_view bytes, Connection& publisher);

  Connections* connections_;
  TextMap<Listeners> channels_;
  std::map<std::string, Listeners, std::less<>> patterns_;
  std::string pending_;
};

}  // namespace plimsoll::sim::model
