#pragma once

#include <cstddef>
#include <cstdint>
#include <list>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/bridge/entry/admission.h"
#include "plimsoll/native/bridge/entry/connection_limits.h"
#include "plimsoll/native/bridge/relay/counters.h"
#include "plimsoll/native/bridge/stream/stream.h"

// The clients' connections from accept() on. Gives each a place, and charges it to the memory line
// before the bridge spends anything on it. Without room, drops a half-open connection. Used by one
// thread.
//
//                  +--> half_open --settle()--> settled
//   accepted ------+        |
//                  |        +----> dropped, to make room
//                  |        |
//                  +--> lingering
//
//   half_open  there is no request for a WebSocket that was admitted: the client is in the TLS
//              handshake, sends its request, or is shown pages
//   lingering  refused, and the bridge waits for the client to close
//   settled    admitted: never dropped
//
// Invariants:
// - Of the lingering connections the one that has lingered the longest is dropped first, then of
//   the half-open ones the one that has been half-open the longest. One whose network has no other
//   half-open connection is spared if there is another among the first examined_max. So
//   clients that open many can hardly have one dropped that needs time for its only handshake.
// - A connection is dropped only if that makes room for the one that needs it, in the same thread;
//   rarely another thread takes that room first.
// - The last tenth of the places, and of the memory that connections may take, is for clients of
//   networks that hold no place (newcomers_part). A connection of a trusted proxy counts as one of
//   these until its client's address is known.

namespace plimsoll::bridge {

/// What a connection costs before it is admitted, resident, as measured with 2,000 of them: 8.6 KiB
/// with the first bytes of a request, 16.2 with a header of nearly header_bytes_max.
inline constexpr std::size_t half_open_bytes = 17 * 1024;

/// What a TLS handshake costs besides, measured in the same way: 53 KiB in all with its first byte,
/// 65.5 with a ClientHello of 16 KiB. When it is over, tls_bytes are left of it.
inline constexpr std::size_t tls_handshake_bytes = 49 * 1024;

/// How many half-open connections are looked at for one whose network has several.
inline constexpr std::size_t examined_max = 64;

class Arrivals;

/// One connection, in its place and paid for as long as this object lives.
class Arrival {
 public:
  /// Half-open at first. Both must outlive this object. `stream` may be moved from once the arrival
  /// is settled.
  Arrival(Arrivals& arrivals, Stream& stream);
  ~Arrival();
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  /// The place of its address, empty as long as the address is not known.
  ConnectionLimits::Place place_of_address;

  /// Takes a place among all, and pays half_open_bytes, unless it has them. Call it again when
  /// place_of_address has changed: the connection may have used the part that is for newcomers.
  /// Without room the result is a refusal with 503.
  Admission admit();

  /// Pays `bytes` in all from now on. False: no memory; then it pays what it paid before.
  [[nodiscard]] bool pay(std::size_t bytes);

  /// Enters one of the states. A connection that is half-open already is so from now on.
  void wait();
  void settle();
  void linger();

  /// Its socket is closed, and it has no place any more: it had to make room.
  bool is_dropped() const { return is_dropped_; }

 private:
  friend class Arrivals;

  Arrivals& arrivals_;
  Stream& stream_;
  ConnectionLimits::Place place_;
  Charge charge_;
  std::list<Arrival*>* list_;
  std::list<Arrival*>::iterator at_;
  bool is_dropped_ = false;
};

class Arrivals {
 public:
  /// `account` pays, and belongs to `budget`. All references must outlive this object.
  Arrivals(ConnectionLimits& limits, const Budget& budget, Account& account, Counters& counters)
      : limits_(limits), budget_(budget), account_(account), counters_(counters) {}
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

 private:
  friend class Arrival;

  bool is_newcomer(const Arrival& arrival) const;
  bool give_place(Arrival& arrival);
  bool is_above_its_part(const Arrival& arrival, std::size_t more) const;
  bool pay_more(Arrival& arrival, std::size_t more);
  Arrival* next_to_drop(const Arrival& arrival) const;
  std::size_t drop(Arrival& arrival);
  void move(Arrival& arrival, std::list<Arrival*>& to);
  void note_half_open(Arrival& arrival);

  ConnectionLimits& limits_;
  const Budget& budget_;
  Account& account_;
  Counters& counters_;
  // Those that came into this state first are in front.
  std::list<Arrival*> half_open_;
  std::list<Arrival*> lingering_;
  std::list<Arrival*> settled_;
};

}  // namespace plimsoll::bridge
