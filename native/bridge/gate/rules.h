#pragma once

#include <cstdint>
#include <string>
#include <vector>

// What the requests of a profile may be, as the configuration says it.

namespace plimsoll::bridge {

/// What the requests of a profile may be. Deny by default: without `allow` nothing but what every
/// client needs to be one (HELLO without AUTH, PING, CLIENT SETINFO...) gets through.
struct Rules {
  /// Names of commands ("get", "client|id"; a container's name stands for all of its subcommands)
  /// and ACL categories ("@read"), in any case. "+@all" has no short form: "@all" it is.
  std::vector<std::string> allow = {};
  /// The same, taken away again: what is denied is not allowed by `allow`.
  std::vector<std::string> deny = {};
  /// What nobody gets by `allow`, and this profile may send whatever the other lists say:
  /// "client|kill", "client|pause", "client|unpause". For demonstrations on one's own machine.
  std::vector<std::string> allow_unsafe = {};
  /// Prefixes of which every key of a request must have one; none: any key. With prefixes, commands
  /// that reach keys without naming them (KEYS, SCAN, scripts, SORT BY...) are refused.
  std::vector<std::string> key_prefixes = {};
  /// The same of channels and patterns that are subscribed or published to; none: no channel;
  /// an empty one alone: any channel but the server's notifications of keys.
  std::vector<std::string> channel_prefixes = {};
  /// Databases that SELECT may pick, and COPY, MOVE and SWAPDB reach; none: 0 alone. What flushes
  /// or runs scripts reaches all: that is for `deny` to say.
  std::vector<std::uint32_t> databases = {};
};

}  // namespace plimsoll::bridge
