#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/flight_record.h"
#include "plimsoll/core/client/redactor.h"
#include "plimsoll/core/memory/block.h"

// A ring of the last things that a client was told and answered, from which `./dev sim --replay`
// goes through it all again, step by step. Off until start(). What servers and users said is hidden
// (redactor.h; of a request its name and size are kept), but for the replies to handshakes. The
// ring is charged to the connections pool and never grows: the oldest records make room.

namespace plimsoll {

class FlightRecorder {
 public:
  FlightRecorder() = default;
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  static constexpr std::size_t ring_bytes_min = 4 * 1024;
  static constexpr std::size_t ring_bytes_max = 64 * 1024 * 1024;

  /// Forgets what was recorded and begins anew. invalid_argument: not from ring_bytes_min to
  /// ring_bytes_max; out_of_memory: no room for it. Nothing is recorded then.
  Status start(Account& connections, std::size_t ring_bytes);

  /// Gives the ring back.
  void stop() { ring_.reset(); }

  /// Never in WebAssembly, whose host has no way to start it: so that the compiler leaves it out.
  bool on() const {
#ifdef __wasm__
    return false;
#else
    return static_cast<bool>(ring_);
#endif
  }

  /// The records, in two parts that belong together, and the time before the first of them. Valid
  /// until the next call.
  struct Records {
    Instant begin;
    std::string_view first;
    std::string_view second;
  };
  Records records() const;

  // What the client says while it is on().

  void note(FlightRecord kind, std::initializer_list<std::uint64_t> numbers,
            std::string_view text = {});
  void note_at(Instant now, FlightRecord kind, std::initializer_list<std::uint64_t> numbers = {},
               std::string_view text = {});

  enum class Redaction : std::uint8_t { none, of_values };
  void note_read(Instant now, std::string_view bytes, Redaction redaction);

  /// The next byte that is read is the first of its connection.
  void handle_new_stream() { redactor_.reset(); }

 private:
  char* ring() const { return static_cast<char*>(ring_.data()); }
  bool begin_record(FlightRecord kind, std::size_t payload_bytes);
  void drop_oldest();
  void put(std::string_view bytes);
  void put_number(std::uint64_t number);
  std::uint64_t take_number(std::size_t& offset) const;
  std::uint64_t time_since_last(Instant now);

  Block ring_;
  std::size_t begin_ = 0;  // of the oldest record
  std::size_t used_ = 0;
  Instant begin_time_{};  // before the oldest record
  Instant last_time_{};
  Redactor redactor_;
};

}  // namespace plimsoll
