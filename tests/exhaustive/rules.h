#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "plimsoll/core/client/client.h"
#include "plimsoll/tests/exhaustive/tiny_server.h"

// What a small world is made of: which moves there are, and how many of each at most. That is what
// keeps the number of worlds in bounds.

namespace plimsoll::exhaustive {

enum class Move : std::uint8_t {
  submit,      ///< the next request
  submit_all,  ///< all requests
  cancel,      ///< one without an outcome
  open,        ///< the connection that the client wants is there
  refuse,      ///< or it is not
  send,        ///< the transport is offered bytes, and takes some of them
  offer,       ///< it is offered bytes, and keeps them for a while
  arrive,      ///< some of these arrive before it says that it has taken them
  take,        ///< it has taken some of these
  read,        ///< some of what the server has said arrives
  wait,        ///< time goes on to the next timer, which fires
  oversleep,   ///< time goes on as far, and the timer is late
  lose,        ///< the connection is gone
  silence,     ///< the server says nothing any more
  swell,       ///< its next reply to a request is larger than what is accepted
  extra,       ///< it says something that nobody asked for
  close,
  abort,
  poll,  ///< one event
  act,   ///< one action
};

inline constexpr std::size_t move_kinds_count = static_cast<std::size_t>(Move::act) + 1;

struct Rules {
  struct Request {
    Duration timeout = Duration::zero();  ///< zero: none
    CommandView::Effect effect = CommandView::Effect::unknown;
  };

  /// Which the transport is that the world has: `send`, or `offer`, `arrive` and `take`.
  enum class Transport : std::uint8_t { at_once, later };
  /// Whether all that a call leads to is said before the next, or users act in between.
  enum class Events : std::uint8_t { at_once, one_by_one };
  /// A handshake in `steps` is written and answered by moves.
  enum class Handshakes : std::uint8_t { whole, steps };
  /// Where the world begins.
  enum class Start : std::uint8_t { unconnected, ready };

  Rules& allow(Move move, std::uint8_t times) {
    most[static_cast<std::size_t>(move)] = times;
    return *this;
  }

  ClientOptions options{};
  std::size_t seeds = 1;  ///< for random_seed: each is chosen once
  std::vector<Request> requests{};
  Transport transport = Transport::at_once;
  Events events = Events::at_once;
  Handshakes handshakes = Handshakes::whole;
  Start start = Start::ready;
  std::vector<TinyServer::Mood> moods{TinyServer::Mood::good};
  std::array<std::uint8_t, move_kinds_count> most{};
};

/// What happened over many worlds.
struct Tally {
  std::uint64_t completed = 0;
  std::array<std::array<std::uint64_t, 3>, error_codes_count> outcomes{};  // by code and `executed`
  std::array<std::uint64_t, error_codes_count> disconnections{};
  std::array<std::uint64_t, error_codes_count> ends{};
  std::uint64_t resent = 0;
  std::uint64_t health_checks = 0;
  std::array<Duration, 4> longest_waits{};  // before attempt n in a row at a later connection

  std::uint64_t count(ErrorCode code, Executed executed) const {
    return outcomes[static_cast<std::size_t>(code)][static_cast<std::size_t>(executed)];
  }
  std::uint64_t count_disconnections(ErrorCode code) const {
    return disconnections[static_cast<std::size_t>(code)];
  }
  std::uint64_t count_ends(ErrorCode code) const { return ends[static_cast<std::size_t>(code)]; }
};

}  // namespace plimsoll::exhaustive
