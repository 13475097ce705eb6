#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/core/commands/wire.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// A core Client with everything that a driver gives it: memory, time, and its end of a connection,
// which a test moves byte by byte. After every call ClientEnd polls the client, carries out its
// actions and notes each event as one line. It checks what the client promises: one outcome for
// each request, one connection at a time, memory that adds up and stays below the line.

namespace plimsoll::testing {

using Lines = std::vector<std::string>;

class ClientEnd {
 public:
  enum class Link { none, opening, open };

  explicit ClientEnd(const ClientOptions& options = {}, const BudgetOptions& budget = {})
      : ClientEnd(options, std::make_unique<Memory>(budget)) {}
  /// With a Budget that other clients use, too.
  ClientEnd(const ClientOptions& options, Budget& shared);
  ClientEnd(const ClientEnd&) = delete;
  ClientEnd& operator=(const ClientEnd&) = delete;
  ~ClientEnd();

  // The user.

  void connect();
  /// The request's outcome becomes a line "<tag>: ...", even if the client rejects the request.
  /// With OnLimit::wait the request may wait for room first; the line "<tag> admitted" ends the
  /// wait.
  std::optional<RequestId> submit(Tag tag, const Words& words);
  std::optional<RequestId> submit(Tag tag, const Words& words, Duration timeout,
                                  Duration max_staleness = cache::any_staleness);
  std::optional<RequestId> submit_command(Tag tag, const CommandView& command, Duration timeout,
                                          Duration max_staleness = cache::any_staleness);
  /// Client::prove(). The line "<tag>: " without a reply means that it has succeeded.
  std::optional<RequestId> prove(Tag tag, Duration timeout = {});
  void cancel(RequestId id);
  void close();
  void abort();

  // The transport.

  Link link() const { return link_; }
  void open();
  void refuse();     // the attempt to connect fails
  void break_off();  // the connection is lost

  /// Gives the client `bytes` from its peer, as far as the client has room. Returns how many it
  /// took.
  std::size_t receive(std::string_view bytes);

  /// The same in pieces of `piece_bytes`.
  void receive_in_pieces(std::string_view bytes, std::size_t piece_bytes);

  /// Takes everything that the client wants to send now, and returns it.
  std::string write();

  /// An asynchronous transport: begin_write() returns the bytes that the client lends it,
  /// end_write() reports how many it has taken. The connection may have ended in between. Checks
  /// that the client keeps the bytes until end_write().
  std::string begin_write();
  void end_write(std::size_t bytes);
  bool writing() const { return writing_; }
  const std::string& given() const { return given_; }

  // Time, which begins at zero.

  Instant now() const { return now_; }
  void advance(Duration duration);
  /// Lets time pass without calling handle_timeout(): the client learns the time with its next
  /// input.
  void let_pass(Duration duration) { now_ += duration; }
  /// When the client wants handle_timeout() to be called. Takes the Budget's tick over first, so
  /// that the result is the client's own and not the tick's.
  Instant poll_timeout() {
    budget_.poll_timeout(this, now_);
    return client_->poll_timeout();
  }
  /// Goes from one poll_timeout() to the next until the client asks for a connection.
  void wait_for_open();

  // What came of it.

  /// The events since the last call: "ready", "1: <reply>", "1: failed with timed_out (maybe
  /// executed)", "pushed <value>", "closed with protocol_error".
  Lines take_events();

  /// Adds a line of the test's own to the events.
  void add_line(std::string line) { events_.push_back(std::move(line)); }

  /// From now on keeps each reply (keep_reply()); its line then shows the kept reply.
  void keep_replies() { keeps_replies_ = true; }

  /// From now on asks poll_event() only, not visit_short_replies() first.
  void visit_nothing() { visits_ = false; }

  /// The error of the last event that had one.
  const Error& last_error() const { return last_error_; }

  /// "open" and "close": what the client asked its driver for.
  const Lines& actions() const { return actions_; }

  /// The address of each "open", by its number.
  const std::vector<std::uint32_t>& seeds() const { return seeds_; }

  /// The present id of the request with `tag`, not the id that it had while it waited for room.
  RequestId id_of(Tag tag) const { return admitted_as_.at(tag); }

  /// The number of requests without an outcome so far.
  std::size_t pending_count() const { return pending_; }

  Client& client() { return *client_; }
  Session::State state() { return client_->statistics().state; }
  /// The memory source below the client's own Budget.
  TestMemory& memory() { return own_memory_->source; }
  Budget& budget() { return budget_; }

  /// The bytes charged for the client, without free pages and the progress reserve.
  std::size_t bytes_in_use();
  std::size_t segments_in_use() { return bytes_in_use() / segment_bytes; }

 private:
  enum class Outcome { pending, had };

  struct Memory {
    explicit Memory(const BudgetOptions& options) : budget(options, source) {}
    TestMemory source;
    Budget budget;
  };

  ClientEnd(const ClientOptions& options, std::unique_ptr<Memory> own_memory)
      : ClientEnd(options, std::move(own_memory), own_memory->budget) {}
  ClientEnd(const ClientOptions& options, std::unique_ptr<Memory>&& own_memory, Budget& budget);

  struct Kept {
    std::string request;
    CommandView command;  // what a command has besides its bytes
  };

  void settle();
  Result<RequestId> wait_for_room(const CommandView& command, Duration timeout, Tag tag);
  void admit(Tag tag);
  std::string shown_spans() const;
  void take_actions();
  std::string kept();
  void note(const Event& event);
  void note_outcome(Tag tag, const std::string& outcome);
  void check_memory();

  std::unique_ptr<Memory> own_memory_;
  Budget& budget_;
  std::size_t idle_bytes_;
  std::map<Tag, Kept> kept_;  // the commands of requests that wait for room
  std::optional<Client> client_;
  Instant now_{};
  Link link_ = Link::none;
  bool writing_ = false;
  std::array<std::string_view, 16> spans_;
  std::size_t spans_count_ = 0;
  std::string given_;  // what spans_ showed when the write began
  Error last_error_;
  Lines events_;
  Lines actions_;
  std::vector<std::uint32_t> seeds_;
  std::map<Tag, Outcome> outcomes_;
  std::map<Tag, RequestId> admitted_as_;
  std::size_t pending_ = 0;
  bool closed_ = false;
  bool keeps_replies_ = false;
  static constexpr int visits_max = 6;
  bool visits_ = true;
};

/// "timed_out (maybe executed)".
std::string show_failure(const Error& error);

}  // namespace plimsoll::testing
