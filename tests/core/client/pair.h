#pragma once

#include <cstddef>
#include <string>

#include "plimsoll/tests/core/client/client_end.h"
#include "plimsoll/tests/core/client/peer.h"

// A client and a server in one thread, and the bytes between them: whole conversations in a few
// lines. In the spirit of quinn-proto's tests.
//
// `end` is the client with everything that a driver gives it: memory, time, and its end of the
// connection. It notes each event as one line. `peer` is the server: it answers each request as its
// script says, by default ECHO, PING, SET and the handshake.
//
//   Pair pair;
//   pair.connect();
//   pair.end.submit(1, {"ECHO", "ship"});
//   pair.drive();
//   CHECK(pair.end.take_events() == Lines{"1: \"ship\""});

namespace plimsoll::testing {

struct Pair {
  explicit Pair(const ClientOptions& options = {}, const BudgetOptions& budget = {})
      : end(options, budget) {}
  Pair(const ClientOptions& options, Budget& shared) : end(options, shared) {}

  /// Connects, moves bytes until the client is ready, and takes the event "ready".
  void connect();

  /// After a loss: lets time pass until the client asks for another connection, then drive().
  void reconnect();

  /// Moves bytes both ways until neither side has any to send. Opens the connection if the client
  /// asks for it. Bytes that the client has no room for stay in `undelivered`.
  void drive();

  /// Gives the client the bytes that the server has sent so far. Returns how many the client took.
  std::size_t deliver();

  ClientEnd end;
  Peer peer;
  std::string undelivered;
};

}  // namespace plimsoll::testing
