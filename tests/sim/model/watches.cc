#include "plimsoll/tests/sim/model/watches.h"

#include <algorithm>
#include <string>

namespace plimsoll::sim::model {

void Watches::watch(Connection& connection, std::string_view key, WatchedKey::Seen seen) {
  const bool known = std::any_of(
      connection.watched.begin(), connection.watched.end(), [&](const WatchedKey& watched) {
        return watched.database == connection.database && watched.key == key;
      });
  if (known) return;
  connection.watched.push_back({connection.database, std::string(key), seen});
  Watchers& watchers = keys_.try_emplace(std::string(key)).first->second;
  const bool watching =
      std::find(watchers.begin(), watchers.end(), connection.id) != watchers.end();
  if (!watching) watchers.push_back(connection.id);
}

void Watches::unwatch_all(Connection& connection) {
  for (const WatchedKey& watched : connection.watched) {
    const auto found = keys_.find(watched.key);
    if (found == keys_.end()) continue;  // watched in two databases
    std::erase(found->second, connection.id);
    if (found->second.empty()) keys_.erase(found);
  }
  connection.watched.clear();
}

void Watches::key_changed(int database, std::string_view key, const Database::Entry* after) {
  if (keys_.empty()) return;
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  const Watchers watchers = found->second;  // disturb() takes them out
  for (const ClientId id : watchers) {
    Connection& connection = *connections_->find(id);
    for (WatchedKey& watched : connection.watched) {
      if (watched.database != database || watched.key != key) continue;
      if (watched.seen == WatchedKey::Seen::expired && after == nullptr) {
        watched.seen = WatchedKey::Seen::alive_or_missing;  // it was as good as gone before
      } else {
        disturb(connection);
      }
      break;
    }
  }
}

void Watches::database_changes(int database, Database& before, Database* replacement, Time now) {
  if (keys_.empty()) return;
  connections_->for_each([&](Connection& connection) {
    for (WatchedKey& watched : connection.watched) {
      if (watched.database != database) continue;
      const Database::Entry* const old = before.find(watched.key);
      const Database::Entry* const next = replacement ? replacement->find(watched.key) : nullptr;
      if (old == nullptr && next == nullptr) continue;
      const bool next_expired = next != nullptr && is_expired(*next, now);
      if (watched.seen == WatchedKey::Seen::expired) {
        if (next == nullptr) watched.seen = WatchedKey::Seen::alive_or_missing;
        if (next == nullptr || next_expired) continue;
      } else if (old == nullptr && next_expired) {
        watched.seen = WatchedKey::Seen::expired;
        continue;
      }
      disturb(connection);
      return;
    }
  });
}

void Watches::disturb(Connection& connection) {
  connection.watch = Connection::Watch::disturbed;
  unwatch_all(connection);
}

}  // namespace plimsoll::sim::model
