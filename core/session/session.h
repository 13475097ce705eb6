#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/core/session/handshake.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/core/session/pipeline.h"

// One connection's protocol, without a socket: what a driver reads, writes and times goes in as
// calls, what it should do comes out of the poll functions. Tries to connect for as long as
// connect_timeout says; once it was ready, it ends for good when the connection does.

namespace plimsoll {

/// What a session has to say. Views live until the next poll_event().
struct Event {
  enum class Kind : std::uint8_t {
    ready,      ///< the handshake is done: requests flow
    completed,  ///< request `tag` has its reply, `value`, which may be an error reply
    failed,     ///< request `tag` ended without a reply that can be used: `error`
    pushed,     ///< the server said `value` by itself
    closed,     ///< the session is over: `error`, and the server's own error reply if there is one
  };
  Kind kind;
  Tag tag = 0;
  std::optional<Value> value = std::nullopt;
  const Error* error = nullptr;
};

struct SessionCounters {
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t pushed = 0;
  std::uint64_t replies_skipped = 0;
  std::uint64_t pushes_skipped = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
};

class Session {
 public:
  enum class State : std::uint8_t { idle, waiting, opening, handshaking, ready, closing, closed };
  enum class Action : std::uint8_t { open, close };

  struct Accounts {
    Account& requests;
    Account& replies;
    Account& connections;
  };

  /// `options` must be valid and outlive the session, like the accounts.
  Session(const SessionOptions& options, const Accounts& accounts);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void connect(Instant now);

  /// Stages a request, also before the session is ready. Errors: rejected_by_limit; closed.
  Result<RequestId> submit(const CommandView& command, Instant deadline, Tag tag) {
    if (state_ == State::closing || state_ == State::closed) return refusal();
    return pipeline_.submit(command, deadline, tag);
  }
  void cancel(RequestId id) { pipeline_.cancel(id); }

  /// Takes no more requests, waits for the replies that are owed (close_timeout at most), closes.
  void close(Instant now);
  /// Closes at once.
  void abort();

  /// The connection that Action::open asked for is there, or it failed or ended: `reason`, a
  /// connect_failed or lost error whose text says what the transport knows.
  void handle_opened(Instant now);
  void handle_closed(const Error& reason, Instant now);
  std::span<char> read_space() { return reader_.read_space(); }
  void handle_read(std::size_t bytes, Instant now);
  void handle_written(std::size_t bytes);
  void handle_timeout(Instant now);

  /// After Action::close the driver says nothing more of that connection, but that a write of its
  /// ended may still be said (handle_written()) before the next Action::open is carried out.
  std::optional<Action> poll_action();

  /// Bytes to send, none mostly. Each answer with bytes wants one handle_written() before the next.
  std::size_t poll_transmit(std::span<std::string_view> spans);
  std::optional<Event> poll_event();
  Instant poll_timeout();

  /// Takes the reply of the last event along (Reader::keep()).
  Result<Reply> keep_reply() { return reader_.keep(); }

  State state() const { return state_; }
  std::size_t in_flight() const { return pipeline_.size(); }
  const SessionCounters& counters() const { return counters_; }

 private:
  enum class Transmitting : std::uint8_t { nothing, handshake, requests };

  Error refusal() const;
  bool poll_frame(std::optional<Event>& event);
  std::optional<Event> handle_push();
  void handle_reply(std::optional<Event>& event);
  Event handle_skipped_reply(Tag tag);
  void handle_unwanted_reply(Pipeline::Next due);
  std::optional<Event> handle_handshake_reply();
  void finish_handshake();
  std::optional<Event> poll_ended();
  std::optional<Event> poll_end();
  Event failed(Tag tag, const Error& error);
  void end(const Error& reason);
  void retry_or_end(const Error& reason);
  void release_if_over();

  const SessionOptions options_;
  const Accounts accounts_;
  State state_ = State::idle;
  Transmitting transmitting_ = Transmitting::nothing;
  bool connected_ = false;  // the driver has a connection, or is opening one
  bool open_wanted_ = false;
  bool close_wanted_ = false;
  bool end_reported_ = false;
  bool all_said_ = false;
  bool end_has_value_ = false;  // the reader's frame says why the session is over
  Instant now_ = Instant::min();
  Instant connect_deadline_ = never;
  Instant attempt_at_ = never;
  Duration attempt_wait_;
  Instant close_deadline_ = never;
  Error end_error_;
  Error event_error_;
  SessionCounters counters_;
  Handshake handshake_;
  Pipeline pipeline_;
  Reader reader_;
};

}  // namespace plimsoll
