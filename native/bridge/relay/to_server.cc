#include "plimsoll/native/bridge/relay/to_server.h"

#include <boost/asio/error.hpp>

namespace plimsoll::bridge {

bool ToServer::admit(const Passing& command) {
  if (commands_left_ == 0 || !owed_.has_room(command, unsent_)) return false;
  owed_.add(command, now_);
  commands_left_ -= 1;
  return true;
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
