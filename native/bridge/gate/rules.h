#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Which requests a profile may send, as the configuration says.

namespace plimsoll::bridge {

/// Which requests a profile may send. Everything is denied by default: without `allow` only the
/// commands that every client needs (HELLO without AUTH, PING, CLIENT SETINFO...) pass.
struct Rules {
  /// Names of commands ("get", "client|id"; a container's name stands for all of its subcommands)
  /// and ACL categories ("@read", "@all"), in upper or lower case.
  std::vector<std::string> allow = {};
  /// Names and categories as in `allow`; wins over `allow`.
  std::vector<std::string> deny = {};
  /// Commands that `allow` never permits, and that this profile may send whatever the other lists
  /// say: "client|kill", "client|pause", "client|unpause". For demonstrations on one's own machine.
  std::vector<std::string> allow_unsafe = {};
  /// Every key of a request must begin with one of these; an empty list permits any key. With
  /// prefixes, commands that reach keys without naming them (KEYS, SCAN, scripts, SORT BY...) are
  /// refused, and so are those that tell of all keys (DBSIZE, INFO with the section keyspace...).
  std::vector<std::string> key_prefixes = {};
  /// How long a key may be. A server that tracks remembers the names of keys that clients have
  /// read, also of those that are not there, and sends each that is written to everybody who has.
  std::size_t key_bytes_max = 4096;
  /// Every channel or pattern that is subscribed or published to must begin with one of these. An
  /// empty list permits no channel. An empty prefix, alone in the list, permits all channels. The
  /// server's keyspace notifications are among these only without key_prefixes, because they name
  /// keys, of any database; no other prefix permits them.
  std::vector<std::string> channel_prefixes = {};
  /// Databases that SELECT may select, and COPY, MOVE and SWAPDB reach; an empty list means
  /// database 0. Scripts and FLUSHALL reach all databases regardless: use `deny` against them.
  std::vector<std::uint32_t> databases = {};
};

}  // namespace plimsoll::bridge
