#pragma once

#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/model/connections.h"
#include "plimsoll/tests/sim/model/database.h"
#include "plimsoll/tests/sim/model/text_map.h"

namespace plimsoll::sim::model {

/// Which connections watch which keys (WATCH), and what disturbs them.
class Watches {
 public:
  explicit Watches(Connections& connections) : connections_(&connections) {}

  bool empty() const { return keys_.empty(); }

  void watch(Connection& connection, std::string_view key, WatchedKey::Seen seen);

  /// Forgets the keys; that the watch was disturbed is not forgotten.
  void unwatch_all(Connection& connection);

  /// A key has changed. `after` is what is there now, null if nothing.
  void key_changed(int database, std::string_view key, const Database::Entry* after);

  /// All keys of a database are about to go, and those of `replacement`, if any, will be there.
  void database_changes(int database, Database& before, Database* replacement, Time now);

 private:
  using Watchers = std::vector<ClientId>;

  void disturb(Connection& connection);

  Connections* connections_;
  TextMap<Watchers> keys_;  // by name, over all databases
};

}  // namespace plimsoll::sim::model
