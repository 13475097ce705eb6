#pragma once

#include <cstddef>
#include <string>

#include "plimsoll/tests/core/client/client_end.h"
#include "plimsoll/tests/core/client/peer.h"

// A client and a server in one thread, and the bytes between them: whole conversations in a few
// lines. In the spirit of quinn-proto's tests.

namespace plimsoll::testing {

struct Pair {
  explicit Pair(const ClientOptions& options = {}, const BudgetOptions& budget = {})
      : end(options, budget) {}
  Pair(const ClientOptions& options, Budget& shared) : end(options, shared) {}

  /// Connects, and goes on until the client is ready: its event is taken.
  void connect();

  /// After the connection was lost: waits until the client wants another, and goes on with it.
  void reconnect();

  /// Moves bytes both ways until nobody has anything to say. Opens what the client wants opened.
  /// Bytes that the client has no room for stay in `undelivered`.
  void drive();

  /// Brings the client what the server has said so far; returns how many bytes it took.
  std::size_t deliver();

  ClientEnd end;
  Peer peer;
  std::string undelivered;
};

}  // namespace plimsoll::testing
