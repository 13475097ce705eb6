#include "plimsoll/native/bridge/relay/to_server.h"

#include <cstddef>

#include <boost/asio/error.hpp>

namespace plimsoll::bridge {

Room ToServer::admit(const Passing& command) {
  if (commands_left_ == 0) return Room::later;
  const Room room = owed_.room_for(command, unsent_);
  if (room != Room::now) return room;
  owed_.add(command, now_);
  commands_left_ -= 1;
  return room;
}

std::string ToServer::why_not(Room room) const {
  const auto names = [](std::size_t count, std::string_view of) {
    return "a connection may have " + std::to_string(count) + ' ' + std::string(of) + ", with " +
           std::to_string(count * KeptAtServer::bytes_each) + " bytes";
  };
  const KeptLimits& limits = owed_.kept_limits();
  switch (room) {
    case Room::beyond_transaction:
      return "the transaction has more than transaction_bytes_max, " +
             std::to_string(limits.transaction_bytes_max);
    case Room::beyond_subscriptions: return names(limits.subscriptions_max, "channels");
    case Room::beyond_watched: return names(KeptAtServer::watched_keys_max, "keys");
    case Room::beyond_prefixes: return names(KeptAtServer::prefixes_max, "prefixes");
    default: return {};
  }
}

void ToServer::write(std::string_view commands) {
  if (problem_ || !had_memory_) return;
  if (rest_.empty()) {
    const std::size_t written = server_.write_now(commands, problem_);
    if (problem_ == boost::asio::error::would_block) problem_ = {};
    commands.remove_prefix(written);
  }
  had_memory_ = rest_.append(commands);
}

}  // namespace plimsoll::bridge
