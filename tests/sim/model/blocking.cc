#include "plimsoll/tests/sim/model/blocking.h"

#include <algorithm>
#include <variant>

namespace plimsoll::sim::model {

void Blocking::block(Connection& connection, Blocked blocked, std::vector<std::string> keys) {
  for (const std::string& key : keys) {
    std::vector<ClientId>& waiting = waiting_[{connection.database, key}];
    const bool known = std::find(waiting.begin(), waiting.end(), connection.id) != waiting.end();
    if (!known) waiting.push_back(connection.id);
  }
  blocked.keys = std::move(keys);
  connection.blocked = std::move(blocked);
}

void Blocking::unblock(Connection& connection) {
  if (!connection.blocked) return;
  for (const std::string& key : connection.blocked->keys) {
    const auto found = waiting_.find({connection.database, key});
    if (found == waiting_.end()) continue;  // named twice
    std::erase(found->second, connection.id);
    const bool ready = std::find(ready_.begin(), ready_.end(), found->first) != ready_.end();
    if (found->second.empty() && !ready) waiting_.erase(found);
  }
  connection.blocked.reset();
}

void Blocking::key_changed(int database, std::string_view key, const Database::Entry* after) {
  if (waiting_.empty() || after == nullptr || !std::holds_alternative<List>(after->value)) return;
  Key changed{database, std::string(key)};
  if (!waiting_.contains(changed)) return;
  if (std::find(ready_.begin(), ready_.end(), changed) != ready_.end()) return;
  ready_.push_back(std::move(changed));
}

// Each of those who waited when the list got something, once.
std::optional<Blocking::Retry> Blocking::try_next(const Key& key) {
  while (!to_serve_.empty()) {
    const ClientId id = to_serve_.front();
    to_serve_.erase(to_serve_.begin());
    Connection* const connection = connections_->find(id);
    if (connection == nullptr || !connection->blocked || connection->database != key.first) {
      continue;
    }
    Retry retry{.client = id, .what = *connection->blocked};
    unblock(*connection);
    return retry;
  }
  return std::nullopt;
}

std::optional<Time> Blocking::next_timeout() const {
  std::optional<Time> next;
  connections_->for_each([&](Connection& connection) {
    if (!connection.blocked || !connection.blocked->until) return;
    if (!next || connection.blocked->until->nanoseconds < next->nanoseconds) {
      next = connection.blocked->until;
    }
  });
  return next;
}

std::vector<ClientId> Blocking::take_timed_out(Time now) {
  std::vector<ClientId> all;
  connections_->for_each([&](Connection& connection) {
    if (!connection.blocked || !connection.blocked->until) return;
    if (connection.blocked->until->nanoseconds > now.nanoseconds) return;
    unblock(connection);
    all.push_back(connection.id);
  });
  return all;
}

}  // namespace plimsoll::sim::model
