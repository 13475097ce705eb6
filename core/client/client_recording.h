#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/flight_recorder.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/session/session.h"

// Writes a client's records into its flight recorder. Client calls one function here for each call
// of its driver and for each event of its main connection; while recording is off, each call costs
// one test. Only the main connection is recorded: a replay (tests/sim/recorder) has no side
// connections and no cache.
//
// Invariants:
//
// - The record of a call is written before the call has any effect, so it exists if the call breaks
//   a CHECK. The record of the answer follows it.
// - A replay can begin only where nothing is in flight. So if the main connection is at rest, a
//   `rest` record precedes each call that passes a time.

namespace plimsoll::inline v0 {

class ClientRecording {
 public:
  bool on() const { return recorder_.on(); }
  Status start(Account& connections, std::size_t ring_bytes) {
    return recorder_.start(connections, ring_bytes);
  }
  void stop() { recorder_.stop(); }
  const FlightRecorder& recorder() const { return recorder_; }

  /// Client::recording_header().
  std::string_view header(const SessionOptions& options, std::span<char> out) const;

  /// Records a call without a time, or an answer.
  void note(FlightRecord kind, std::initializer_list<std::uint64_t> numbers = {}) {
    if (on()) recorder_.note(kind, numbers);
  }
  void record_cancel(RequestId id, Instant now) {
    if (on()) recorder_.note_at(now, FlightRecord::cancel, {id});
  }
  void note_action(const std::optional<Session::Action>& action, SeedId seed) {
    if (on()) record_action(action, seed);
  }
  void note_event(const std::optional<Event>& event) {
    if (on()) record_event(event);
  }
  /// Records the answer to a submit or a wait.
  void note_answer(const Result<RequestId>& id) {
    if (on()) record_answer(id);
  }
  void note_wait(std::size_t bytes, Instant now, Duration timeout, Tag tag) {
    if (on()) record_wait(bytes, now, timeout, tag);
  }
  void note_admitted(const CommandView& command, Tag tag) {
    if (on()) record_admitted(command, tag);
  }

  // Calls of the driver about a connection.

  void note_closed(ConnectionId connection, const Error& reason, Instant now) {
    if (is_recorded(connection)) record_closed(reason, now);
  }
  void note_read_space(ConnectionId connection, std::span<char> room) {
    if (is_recorded(connection)) record_read_space(room);
  }
  void note_read(ConnectionId connection, std::size_t bytes, Session::State state, Instant now) {
    if (is_recorded(connection)) record_read(bytes, state, now);
  }
  void note_transmit(ConnectionId connection, std::span<const std::string_view> room,
                     std::size_t count) {
    if (is_recorded(connection)) record_transmit(room, count);
  }
  void note_written(ConnectionId connection, std::size_t bytes) {
    if (is_recorded(connection)) recorder_.note(FlightRecord::written, {bytes});
  }
  bool is_recorded(ConnectionId connection) const { return on() && connection == first_connection; }

  // Calls with a time. Only while on(). `rest` is set if the main connection is at rest.

  void record_input(FlightRecord kind, Instant now, const std::optional<Session::Rest>& rest);
  void record_submit(const CommandView& command, Instant now, Duration timeout, Tag tag,
                     const std::optional<Session::Rest>& rest);

 private:
  void record_rest(Instant now, const std::optional<Session::Rest>& rest);
  void record_action(const std::optional<Session::Action>& action, SeedId seed);
  void record_event(const std::optional<Event>& event);
  void record_answer(const Result<RequestId>& id);
  void record_wait(std::size_t bytes, Instant now, Duration timeout, Tag tag);
  void record_admitted(const CommandView& command, Tag tag);
  void record_closed(const Error& reason, Instant now);
  void record_read_space(std::span<char> room);
  void record_read(std::size_t bytes, Session::State state, Instant now);
  void record_transmit(std::span<const std::string_view> room, std::size_t count);

  std::span<char> room_;  // the answer to the last read_space()
  FlightRecorder recorder_;
};

}  // namespace plimsoll::inline v0
