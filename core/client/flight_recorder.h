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

// A ring of a client's last inputs and outputs, which `./dev sim --replay` replays step by step.
// Off until start(). The texts of servers and users are hidden (redactor.h), except for replies to
// handshakes; of a request, only its name and size are recorded. The ring is charged to the
// connections pool and never grows: the oldest records are dropped.

namespace plimsoll::inline v0 {

class FlightRecorder {
 public:
  FlightRecorder() = default;
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  static constexpr std::size_t ring_bytes_min = 4 * 1024;
  static constexpr std::size_t ring_bytes_max = 64 * 1024 * 1024;

  /// Drops all records and starts a new recording. Errors: invalid_argument, if `ring_bytes` is not
  /// from ring_bytes_min to ring_bytes_max; out_of_memory. After an error nothing is recorded.
  Status start(Account& connections, std::size_t ring_bytes);

  /// Stops recording and frees the ring.
  void stop() { ring_.reset(); }

  /// Always false in WebAssembly, whose host cannot start a recording, so that the compiler leaves
  /// the recording code out.
  bool on() const {
#ifdef __wasm__
    return false;
#else
    return static_cast<bool>(ring_);
#endif
  }

  /// The records, in two consecutive parts, and the time to which the first record's time is
  /// relative. Valid until the next call.
  struct Records {
    Instant begin;
    std::string_view first;
    std::string_view second;
  };
  Records records() const;

  // Records of the client. Only while on().

  void note(FlightRecord kind, std::initializer_list<std::uint64_t> numbers,
            std::string_view text = {});
  void note_at(Instant now, FlightRecord kind, std::initializer_list<std::uint64_t> numbers = {},
               std::string_view text = {});

  enum class Redaction : std::uint8_t { none, of_values };
  void note_read(Instant now, std::string_view bytes, Redaction redaction);

  /// A new connection begins: the next byte that is read is its first.
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
  std::size_t begin_ = 0;  // where the oldest record is
  std::size_t used_ = 0;
  Instant begin_time_{};  // the oldest record's time is relative to this
  Instant last_time_{};
  Redactor redactor_;
};

}  // namespace plimsoll::inline v0
