#pragma once

#include <cstdint>

// The format of a flight recording: a text header, then records, the oldest first.
//
//   "plimsoll flight 1\n", lines "<option> <number>\n", "\n", records
//
// A record is its size (of the bytes that follow), its kind, and numbers, each a varint (7 bits a
// byte, the lowest first; the high bit is set if more bytes follow). `time` is in nanoseconds since
// the previous record with a time; for the first, since "begin" of the header.

namespace plimsoll::inline v0 {

enum class FlightRecord : std::uint8_t {
  gap,        ///< something is missing here: all before the start, a read whose bytes are not
              ///< known, or a record that is larger than the ring
  rest,       ///< time, nanoseconds since the last byte from the server, draws of the backoff:
              ///< nothing is in flight on a ready connection. A replay begins here, or at `connect`
  connect,    ///< time
  submit,     ///< time, timeout, tag, 1 for a read, bytes on the wire, size and bytes of the name
  submitted,  ///< id. The answer to the submit or wait before it
  refused,    ///< error code. The answer, likewise
  cancel,     ///< time, id
  close,      ///< time
  abort,      ///<
  opened,     ///< time
  closed,     ///< time, error code
  read_space,       ///< size of the returned memory
  read,             ///< time, then runs: size * 2 + 1 of hidden bytes; or size * 2, and the bytes
  transmit,         ///< spans that the driver offered, bytes that were returned
  written,          ///< bytes
  timeout,          ///< time
  poll_timeout,     ///<
  action,           ///< 0: none, 1: open, 2: close; the address to open. The answer to
                    ///< poll_action()
  event,            ///< kind, tag, error code + 1 or 0. The answer to poll_event()
  no_event,         ///< likewise
  wait,             ///< time, timeout, tag, bytes on the wire. The answer follows, as for `submit`
  submit_admitted,  ///< tag, 1 for a read, bytes on the wire, size and bytes of the name. The
                    ///< answer follows
};

/// Whether the first number of such a record is a time.
constexpr bool has_time(FlightRecord kind) {
  switch (kind) {
    case FlightRecord::rest:
    case FlightRecord::connect:
    case FlightRecord::submit:
    case FlightRecord::cancel:
    case FlightRecord::close:
    case FlightRecord::opened:
    case FlightRecord::closed:
    case FlightRecord::read:
    case FlightRecord::timeout:
    case FlightRecord::wait: return true;
    case FlightRecord::gap:
    case FlightRecord::submitted:
    case FlightRecord::refused:
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

}  // namespace plimsoll::inline v0
