#pragma once

#include <cstdint>

#include "plimsoll/core/client/connection_id.h"
#include "plimsoll/core/client/replica_progress.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// What is known of one replica that is read, for users.
struct KnownReplica {
  enum class State : std::uint8_t {
    connecting,
    checking,  ///< there is a connection; what the replica has is not known to be enough
    ready,     ///< it is read
    suspect,   ///< it owes an answer for too long, and is not read until it has said something
    lost,      ///< the last attempt or connection failed, and there will be another
    idle       ///< of a cluster: no read has needed a connection yet
  };

  const NodeAddress& address;
  const NodeAddress* primary;  ///< null: the client has one primary only
  const ReplicaProgress& progress;
  const Session* session;  ///< null: there is none
  ConnectionId connection;
  State state = State::lost;
  const Error* problem = &progress.problem;  ///< without a text: there is none

  /// It has a connection: how far it is.
  void note_connected(Duration lag_max, Instant now) {
    state = State::checking;
    if (progress.is_suspect(now)) {
      note_suspect();
    } else if (progress.has(now, lag_max, {})) {
      state = State::ready;
    } else if (progress.is_proved()) {
      problem = &ReplicaProgress::is_behind;
    }
  }
  void note_suspect() {
    state = State::suspect;
    problem = &ReplicaProgress::is_silent;
  }
};

}  // namespace plimsoll::inline v0
