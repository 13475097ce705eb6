#include "plimsoll/tests/sim/model/tracking.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace plimsoll::sim::model {
namespace {

constexpr std::string_view everything = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

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
  forget_stream_of(connection);
  leave_prefixes(connection.id, connection.tracking);
  connection.tracking = {};
}

void Tracking::leave_prefixes(ClientId reader, const TrackingState& state) {
  for (const std::string& name : state.prefixes) {
    const auto prefix = prefixes_.find(name);
    if (prefix == prefixes_.end()) continue;
    std::erase(prefix->second.clients, reader);
    if (prefix->second.clients.empty()) prefixes_.erase(prefix);
  }
}

void Tracking::leave(Connection& connection, Time now) {
  Stream* const stream = streams_.of(connection.id);
  if (stream == nullptr) return turn_off(connection);
  stream->where = Stream::Reader::away;
  stream->away_since = now;
  stream->last_here = stream->last;
  stream->tracking = std::exchange(connection.tracking, {});
}

const Stream& Tracking::begin_stream(Connection& connection, const Resumption& options) {
  forget_stream_of(connection);
  return streams_.begin(connection, options);
}

// What is sent again takes numbers of its own, and is kept under those that it had: a client that
// does not get to see the reply comes back with one of those.
const Stream* Tracking::resume(Connection& connection, std::string_view name, std::uint64_t number,
                               Time now) {
  forget_stream_of(connection);
  forget_those_gone(now);
  Stream* const stream = streams_.of_name(name);
  if (stream == nullptr || stream->user != connection.user->name) return nullptr;
  Connection* const other = connections_->find(stream->reader);
  const TrackingState& before = other != nullptr ? other->tracking : stream->tracking;
  if (!stream->has_all_after(number) || before.mode != connection.tracking.mode) {
    forget(*stream);
    return nullptr;
  }
  const ClientId reader = stream->reader;
  for (const std::string& prefix : before.prefixes) {
    std::vector<ClientId>& clients = prefixes_[prefix].clients;
    std::erase(clients, reader);
    const bool known = std::find(clients.begin(), clients.end(), connection.id) != clients.end();
    if (!known) clients.push_back(connection.id);
    connection.tracking.prefixes.insert(prefix);
  }
  if (other != nullptr) {
    other->tracking = {};
    connections_->close_at_once(*other);
  }
  move_reads(reader, connection);
  stream->reader = connection.id;
  stream->where = Stream::Reader::here;
  stream->tracking = {};
  for (const Stream::Push& push : stream->log) {
    if (push.number <= number) continue;
    connections_->send(connection, push.bytes);
    ++stream->last;
  }
  return stream;
}

void Tracking::move_reads(ClientId from, Connection& to) {
  for (RememberedKey& key : keys_) {
    if (std::erase(key.readers, from) == 0) continue;
    const bool known =
        std::find(key.readers.begin(), key.readers.end(), to.id) != key.readers.end();
    if (!known) key.readers.push_back(to.id);
  }
}

void Tracking::forget(const Stream& stream) {
  if (stream.where == Stream::Reader::away) leave_prefixes(stream.reader, stream.tracking);
  streams_.forget(stream);
}

void Tracking::forget_stream(std::size_t choice) {
  if (streams_.size() > 0) forget(streams_.at(choice % streams_.size()));
}

void Tracking::forget_stream_of(const Connection& connection) {
  if (const Stream* const stream = streams_.of(connection.id)) forget(*stream);
}

void Tracking::forget_those_gone(Time now) {
  for (const ClientId reader : streams_.over(now)) forget(*streams_.of(reader));
}

Stream* Tracking::stream_away(ClientId reader) {
  Stream* const stream = streams_.of(reader);
  return stream != nullptr && stream->where == Stream::Reader::away ? stream : nullptr;
}

void Tracking::tell_stray(Connection& connection, std::string_view key) {
  if (has_stream(connection)) tell(connection, invalidation({key}));
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
      tell(connection, everything);
    }
  });
  streams_.for_each_away([&](Stream& stream) { streams_.note(stream, everything); });
  places_.clear();
  keys_.clear();
}

void Tracking::after_command(Connection& executing) {
  for (const Pending& pending : pending_) {
    const bool is_key = pending.scope == Scope::key;
    tell(executing, is_key ? invalidation({pending.key}) : std::string(everything));
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
  streams_.forget_all();
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
    Stream* const away = connection == nullptr ? stream_away(id) : nullptr;
    if (connection == nullptr && away == nullptr) continue;
    const TrackingState& state = connection != nullptr ? connection->tracking : away->tracking;
    const bool told = state.own_writes == TrackingState::OwnWrites::told;
    std::vector<std::string_view> keys;
    for (const auto& [key, writer] : prefix.changed) {
      if (told || writer != id) keys.push_back(key);
    }
    if (keys.empty()) continue;
    connection != nullptr ? tell(*connection, invalidation(keys))
                          : streams_.note(*away, invalidation(keys));
  }
}

// What the current connection has done to itself, or had done to it, NOLOOP hides.
void Tracking::tell_readers(const RememberedKey& key, const Connection* current, When own) {
  for (const ClientId id : key.readers) {
    Connection* const reader = connections_->find(id);
    if (reader == nullptr) {
      if (Stream* const away = stream_away(id)) streams_.note(*away, invalidation({key.name}));
      continue;
    }
    if (!reader->tracking.remembers_reads()) continue;
    const bool told = reader->tracking.own_writes == TrackingState::OwnWrites::told;
    if (reader == current && !told) continue;
    if (reader == current && own == When::after_command) {
      pending_.push_back({Scope::key, key.name});
    } else {
      tell(*reader, invalidation({key.name}));
    }
  }
}

void Tracking::tell(Connection& connection, std::string_view push) {
  if (connection.protocol == Protocol::resp2) return;
  if (Stream* const stream = streams_.of(connection.id)) streams_.note(*stream, push);
  connections_->send(connection, push);
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
  std::erase_if(readers, [&](ClientId id) {
    return connections_->find(id) == nullptr && stream_away(id) == nullptr;
  });
}

}  // namespace plimsoll::sim::model
