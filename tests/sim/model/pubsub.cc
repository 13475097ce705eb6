#include "plimsoll/tests/sim/model/pubsub.h"

#include <initializer_list>
#include <utility>

#include "plimsoll/tests/sim/model/glob.h"

namespace plimsoll::sim::model {
namespace {

std::string message_bytes(const Connection& listener,
                          std::initializer_list<std::string_view> parts) {
  std::string bytes;
  Replies push(bytes, listener.protocol);
  push.push(parts.size());
  for (const std::string_view part : parts) push.bulk(part);
  return bytes;
}

template <class Map>
void remove(Map& map, std::string_view name, ClientId id) {
  const auto found = map.find(name);
  std::erase(found->second, id);
  if (found->second.empty()) map.erase(found);
}

}  // namespace

void PubSub::subscribe(Connection& connection, std::string_view channel) {
  if (!connection.channels.emplace(channel).second) return;
  channels_.try_emplace(std::string(channel)).first->second.push_back(connection.id);
}

void PubSub::unsubscribe(Connection& connection, std::string_view channel) {
  const auto found = connection.channels.find(channel);
  if (found == connection.channels.end()) return;
  remove(channels_, channel, connection.id);
  connection.channels.erase(found);
}

void PubSub::subscribe_pattern(Connection& connection, std::string_view pattern) {
  if (!connection.patterns.emplace(pattern).second) return;
  patterns_[std::string(pattern)].push_back(connection.id);
}

void PubSub::unsubscribe_pattern(Connection& connection, std::string_view pattern) {
  const auto found = connection.patterns.find(pattern);
  if (found == connection.patterns.end()) return;
  remove(patterns_, pattern, connection.id);
  connection.patterns.erase(found);
}

void PubSub::unsubscribe_all(Connection& connection) {
  for (const std::string& channel : connection.channels) {
    remove(channels_, channel, connection.id);
  }
  for (const std::string& pattern : connection.patterns) {
    remove(patterns_, pattern, connection.id);
  }
  connection.channels.clear();
  connection.patterns.clear();
}

std::int64_t PubSub::publish(std::string_view channel, std::string_view message,
                             Connection& publisher) {
  std::int64_t count = 0;
  if (const auto found = channels_.find(channel); found != channels_.end()) {
    for (const ClientId id : found->second) {
      Connection& listener = *connections_->find(id);
      deliver(listener, message_bytes(listener, {"message", channel, message}), publisher);
      ++count;
    }
  }
  for (const auto& [pattern, listeners] : patterns_) {
    if (!glob_matches(pattern, channel)) continue;
    for (const ClientId id : listeners) {
      Connection& listener = *connections_->find(id);
      deliver(listener, message_bytes(listener, {"pmessage", pattern, channel, message}),
              publisher);
      ++count;
    }
  }
  return count;
}

void PubSub::after_command(Connection& executing) {
  if (pending_.empty()) return;
  connections_->send(executing, pending_);
  pending_.clear();
}

void PubSub::deliver(Connection& listener, std::string_view bytes, Connection& publisher) {
  if (&listener == &publisher) {
    pending_.append(bytes);
  } else {
    connections_->send(listener, bytes);
  }
}

}  // namespace plimsoll::sim::model
