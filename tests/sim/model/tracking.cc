#include "plimsoll/tests/sim/model/tracking.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace plimsoll::sim::model {
namespace {

// ">2 invalidate [key, ...]"; nothing on a RESP2 connection, which has no pushes.
std::string invalidation(const std::vector<std::string_view>& keys) {
  constexpr Protocol protocol = Protocol::resp3;
  std::string bytes;
  Replies push(bytes, protocol);
  push.push(2);
  push.bulk("invalidate");
  push.array(keys.size());
  for (const std::string_view key : keys) push.bulk(key);
  return bytes;
}

bool wants(const TrackingState& state) {
  const bool said = state.caching == TrackingState::Caching::said;
  switch (state.mode) {
    case TrackingState::Mode::standard: return true;
    case TrackingState::Mode::opt_in: return said;
    case TrackingState::Mode::opt_out: return !said;
    case TrackingState::Mode::off:
    case TrackingState::Mode::broadcast: return false;
  }
  return false;
}

}  // namespace

void Tracking::turn_on(Connection& connection, TrackingState state) {
  for (const std::string& name : state.prefixes) {
    std::vector<ClientId>& clients = prefixes_[name].clients;
    const bool known = std::find(clients.begin(), clients.end(), connection.id) != clients.end();
    if (!known) clients.push_back(connection.id);
  }
  state.prefixes.merge(connection.tracking.prefixes);
  state.caching = connection.tracking.caching;
  connection.tracking = std::move(state);
}

void Tracking::turn_off(Connection& connection) {
  for (const std::string& name : connection.tracking.prefixes) {
    const auto prefix = prefixes_.find(name);
    std::erase(prefix->second.clients, connection.id);
    if (prefix->second.clients.empty()) prefixes_.erase(prefix);
  }
  connection.tracking = {};
}

void Tracking::remember(Connection& connection, std::string_view key) {
  if (!wants(connection.tracking)) return;
  auto place = places_.find(key);
  if (place == places_.end()) {
    place = places_.emplace(std::string(key), static_cast<std::uint32_t>(keys_.size())).first;
    keys_.push_back({std::string(key), {}});
  }
  std::vector<ClientId>& readers = keys_[place->second].readers;
  if (std::find(readers.begin(), readers.end(), connection.id) != readers.end()) return;
  readers.push_back(connection.id);
  // Who has disconnected is found when the key changes; one that never does must not grow for ever.
  if (readers.size() >= 16 && std::has_single_bit(readers.size())) drop_gone(readers);
}

void Tracking::invalidate(std::string_view key, Connection* executing, Cause cause) {
  const bool is_write = executing != nullptr && cause == Cause::command;
  if (!prefixes_.empty()) broadcast_later(key, is_write ? executing->id : ClientId{});
  if (keys_.empty()) return;
  const auto found = places_.find(key);
  if (found == places_.end()) return;
  const std::uint32_t place = found->second;
  tell_readers(keys_[place], executing, When::after_command);
  erase(place);
}

void Tracking::invalidate_all(Connection* executing) {
  connections_->for_each([&](Connection& connection) {
    if (connection.tracking.mode == TrackingState::Mode::off) return;
    if (&connection == executing) {
      pending_.push_back({Scope::everything, {}});
    } else {
      tell_everything(connection);
    }
  });
  places_.clear();
  keys_.clear();
}

void Tracking::after_command(Connection& executing) {
  for (const Pending& pending : pending_) {
    if (pending.scope == Scope::everything) {
      tell_everything(executing);
    } else {
      tell(executing, pending.key);
    }
  }
  pending_.clear();
}

void Tracking::end_turn() {
  for (auto& [name, prefix] : prefixes_) {
    if (prefix.changed.empty()) continue;
    broadcast(prefix);
    prefix.changed.clear();
  }
}

void Tracking::limit(std::size_t keys_max, const Connection* coming) {
  while (keys_max != 0 && keys_.size() > keys_max) {
    choice_ ^= choice_ << 13;  // xorshift64
    choice_ ^= choice_ >> 7;
    choice_ ^= choice_ << 17;
    const auto place = static_cast<std::uint32_t>(choice_ % keys_.size());
    tell_readers(keys_[place], coming, When::at_once);
    erase(place);
  }
}

void Tracking::forget_everything() {
  places_.clear();
  keys_.clear();
  prefixes_.clear();
  pending_.clear();
}

void Tracking::broadcast_later(std::string_view key, ClientId writer) {
  for (auto& [name, prefix] : prefixes_) {
    if (!key.starts_with(name)) continue;
    prefix.changed.insert_or_assign(std::string(key), writer);
  }
}

void Tracking::broadcast(const Prefix& prefix) {
  for (const ClientId id : prefix.clients) {
    Connection* const connection = connections_->find(id);
    if (connection == nullptr || connection->protocol == Protocol::resp2) continue;
    const bool told = connection->tracking.own_writes == TrackingState::OwnWrites::told;
    std::vector<std::string_view> keys;
    for (const auto& [key, writer] : prefix.changed) {
      if (told || writer != id) keys.push_back(key);
    }
    if (!keys.empty()) connections_->send(*connection, invalidation(keys));
  }
}

// What the current connection has done to itself, or had done to it, NOLOOP hides.
void Tracking::tell_readers(const RememberedKey& key, const Connection* current, When own) {
  for (const ClientId id : key.readers) {
    Connection* const reader = connections_->find(id);
    if (reader == nullptr || !reader->tracking.remembers_reads()) continue;
    const bool told = reader->tracking.own_writes == TrackingState::OwnWrites::told;
    if (reader == current && !told) continue;
    if (reader == current && own == When::after_command) {
      pending_.push_back({Scope::key, key.name});
    } else {
      tell(*reader, key.name);
    }
  }
}

void Tracking::tell(Connection& connection, std::string_view key) {
  if (connection.protocol == Protocol::resp2) return;
  connections_->send(connection, invalidation({key}));
}

void Tracking::tell_everything(Connection& connection) {
  if (connection.protocol == Protocol::resp2) return;
  connections_->send(connection, ">2\r\n$10\r\ninvalidate\r\n_\r\n");
}

void Tracking::erase(std::uint32_t place) {
  places_.erase(places_.find(keys_[place].name));
  if (place + 1 != keys_.size()) {
    keys_[place] = std::move(keys_.back());
    places_.find(keys_[place].name)->second = place;
  }
  keys_.pop_back();
}

void Tracking::drop_gone(std::vector<ClientId>& readers) {
  std::erase_if(readers, [&](ClientId id) { return connections_->find(id) == nullptr; });
}

}  // namespace plimsoll::sim::model
