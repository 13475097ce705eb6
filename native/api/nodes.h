#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/client.h"
#include "plimsoll/command_sender.h"
#include "plimsoll/native/driver/channel.h"
#include "plimsoll/node_route.h"

// Commands for nodes of a cluster that the caller chooses, such as those that a server answers for
// itself alone.
//
//   const auto all = co_await client.at(native::NodeRoute::all_primaries()).command("INFO",
//   "server"); const auto slow =
//       co_await client.at(native::NodeRoute::address("10.0.0.1:6379")).command("SLOWLOG", "GET");

namespace plimsoll::inline v0::native {

/// What Client::at() returns: the client's commands, at these nodes, with the timeout of the
/// client. A command never waits for room (rejected_by_limit), and none that blocks is taken
/// (refused_command). Other errors: invalid_argument, if the servers are no cluster, or no primary
/// has the address; cluster_down, if no primary is known; and those of the command. With all
/// primaries, a node whose answer does not come fails the call; typed commands then fail with
/// wrong_type, because the reply is a map.
class Nodes : public CommandSender<Nodes> {
 public:
  operator Channel() const { return channel_; }

 private:
  friend class Client;
  friend class CommandSender<Nodes>;

  explicit Nodes(Channel channel) : channel_(std::move(channel)) {}

  // For CommandSender.
  static plimsoll::Result<CommandView> prepare(std::span<const std::string_view> words) {
    return commands::prepare(words);
  }
  static plimsoll::Status check(const CommandView& /*command*/) { return {}; }
  Request request(const CommandView& command) const { return Request(channel_, command); }
  Request refusal(const plimsoll::Error& error) const { return Request(*channel_.driver, error); }

  Channel channel_;
};

inline Nodes Client::at(const NodeRoute& where) const {
  Channel channel = *this;
  channel.at = std::make_shared<const NodeRoute>(where);
  return Nodes(std::move(channel));
}

}  // namespace plimsoll::inline v0::native
