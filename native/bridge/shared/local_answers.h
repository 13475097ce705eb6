#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/core/commands/command_table.h"

// The answers that the bridge itself gives to the clients of shared connections, in the words of a
// server.

namespace plimsoll::bridge {

/// What a server says of itself.
struct ServerIdentity {
  std::string name = "valkey";
  std::string version = "0.0.0";
};

/// The reply to HELLO. Whatever is behind the bridge, its client has one server.
/// `tracks_by_cache`: no reply but that to PING shows that all invalidations have come, and a
/// client may come back within HolderNames::away_max.
std::string hello_reply(const ServerIdentity& server, bool is_resp3, std::uint64_t connection,
                        bool tracks_by_cache);

/// A command's name as servers write it in errors: "client|setname".
std::string lower_name(const commands::Row& row);
/// What a server answers to a command with too few or too many words.
std::string wrong_arity(const commands::Row& row);

/// Whether the command may have so many words, its name's among them.
bool has_right_arity(const commands::Row& row, std::size_t words);

std::string bulk(std::string_view text);
std::string null(bool is_resp3);
std::string_view null_array(bool is_resp3);

/// A confirmation: "subscribe", the channel, and how many there are now. Without a channel there
/// was none to unsubscribe from.
std::string confirmation(std::string_view word, std::optional<std::string_view> channel,
                         std::size_t count, bool is_resp3);

/// The reply to PING within a subscription in RESP2.
std::string subscribed_pong(std::string_view text);

/// What a server answers to a command that it does not know, such as the one that the gate has sent
/// in place of a refused one.
std::string unknown_command(std::string_view name);

/// "-NOPERM plimsoll-bridge: COMMAND is not possible here: connections to the server are shared".
std::string not_possible(std::string_view command);

/// The same with another reason.
std::string not_possible(std::string_view command, std::string_view why);

}  // namespace plimsoll::bridge
