#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/model/options.h"
#include "plimsoll/tests/sim/model/replies.h"
#include "plimsoll/tests/sim/model/request_reader.h"
#include "plimsoll/tests/sim/model/time.h"

namespace plimsoll::sim::model {

struct Command;

/// CLIENT TRACKING as one connection has it.
struct TrackingState {
  enum class Mode { off, standard, opt_in, opt_out, broadcast };
  enum class OwnWrites { told, not_told };  // NOLOOP is not_told
  enum class Caching { not_said, said };    // CLIENT CACHING, for the next command

  Mode mode = Mode::off;
  OwnWrites own_writes = OwnWrites::told;
  Caching caching = Caching::not_said;
  std::set<std::string> prefixes = {};

  bool remembers_reads() const { return mode != Mode::off && mode != Mode::broadcast; }
};

/// Between MULTI and EXEC.
struct Transaction {
  struct Queued {
    const Command* command;
    std::vector<std::string> arguments;
  };

  enum class State { none, queueing, failed };  // failed: a command could not be queued
  State state = State::none;
  std::vector<Queued> queue = {};
};

/// A key that a connection watches, and whether it had expired, unremoved, when the WATCH came.
struct WatchedKey {
  int database;
  std::string key;
  enum class Seen { alive_or_missing, expired } seen;
};

/// What a connection waits with: its command, which is executed again when a key gets something.
struct Blocked {
  const Command* command = nullptr;
  std::vector<std::string> arguments = {};
  std::vector<std::string> keys = {};
  std::optional<Time> until = {};  // none: for ever
};

/// All that the server knows of one connection.
struct Connection {
  Connection(ClientId its_id, std::size_t bulk_bytes_max) : id(its_id), reader(bulk_bytes_max) {}

  ClientId id;
  std::uint64_t number = 0;  // as CLIENT ID tells it
  RequestReader reader;
  std::string output;
  Closing closing = Closing::no;
  enum class Listed { no, yes } listed = Listed::no;  // among those that have something to say

  Protocol protocol = Protocol::resp2;
  int database = 0;
  std::string name;
  const User* user = nullptr;
  Trust trust = Trust::unauthenticated;

  const Command* command = nullptr;  // the last one looked up, until its request is over
  TrackingState tracking;
  Transaction transaction;
  std::vector<WatchedKey> watched;
  enum class Watch { undisturbed, disturbed } watch = Watch::undisturbed;
  std::optional<Blocked> blocked = {};
  std::set<std::string, std::less<>> channels;
  std::set<std::string, std::less<>> patterns;

  std::size_t subscriptions() const { return channels.size() + patterns.size(); }
};

}  // namespace plimsoll::sim::model
