#pragma once

#include <cstdint>

// What a flight recorder writes: a text header, then records, the oldest first.
//
//   "plimsoll flight 1\n", lines "<option> <number>\n", "\n", records
//
// A record is its size (of what follows), its kind, and numbers, each a varint (7 bits a byte, the
// lowest first, the high bit where more follow). `time` is nanoseconds since the record before that
// had one; for the first, since the time that the header's "begin" says.

namespace plimsoll {

enum class FlightRecord : std::uint8_t {
  gap,        ///< what came before is not known (a read that is larger than the ring)
  rest,       ///< time, nanoseconds since the server was heard, draws of the backoff: nothing is in
              ///< flight on a connection that is ready. Replaying begins here, or at `connect`
  connect,    ///< time
  submit,     ///< time, timeout, tag, 1 for a read, bytes on the wire, size and bytes of the name
  submitted,  ///< id: the answer to the submit before, or the wait
  refused,    ///< error code: likewise
  cancel,     ///< id
  close,      ///< time
  abort,      ///<
  opened,     ///< time
  closed,     ///< time, error code
  read_space,    ///< size of the answer
  read,          ///< time, then runs: size * 2 + 1 of hidden bytes; or size * 2, and the bytes
  transmit,      ///< spans that the driver had room for, bytes of the answer
  written,       ///< bytes
  timeout,       ///< time
  poll_timeout,  ///<
  action,        ///< 0: none, 1: open, 2: close. The answer to poll_action()
  event,         ///< kind, tag, error code + 1 or 0. The answer to poll_event()
  no_event,      ///< likewise
  wait,          ///< time, timeout, tag, bytes on the wire. What the answer is comes behind it, as
                 ///< of a submit
  submit_admitted,  ///< tag, 1 for a read, bytes on the wire, size and bytes of the name; likewise
};

/// Whether the first number of such a record is a time.
constexpr bool has_time(FlightRecord kind) {
  switch (kind) {
    case FlightRecord::rest:
    case FlightRecord::connect:
    case FlightRecord::submit:
    case FlightRecord::close:
    case FlightRecord::opened:
    case FlightRecord::closed:
    case FlightRecord::read:
    case FlightRecord::timeout:
    case FlightRecord::wait: return true;
    case FlightRecord::gap:
    case FlightRecord::submitted:
    case FlightRecord::refused:
    case FlightRecord::cancel:
    case FlightRecord::abort:
    case FlightRecord::read_space:
    case FlightRecord::transmit:
    case FlightRecord::written:
    case FlightRecord::poll_timeout:
    case FlightRecord::action:
    case FlightRecord::event:
    case FlightRecord::no_event:
    case FlightRecord::submit_admitted: return false;
  }
  return false;
}

inline constexpr std::uint8_t flight_records_count =
    static_cast<std::uint8_t>(FlightRecord::submit_admitted) + 1;

}  // namespace plimsoll
