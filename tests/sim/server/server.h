#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/client/request.h"
#include "plimsoll/tests/sim/client/shared_cache.h"
#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/model/server.h"
#include "plimsoll/tests/sim/server/request_scanner.h"

// The model server as a process on the network: one event loop that reads, executes and writes, at
// its own pace. It writes down in the ledger what it ran and what it said, and does the wrong
// things that a server can do.

namespace plimsoll::sim {

class Server final : private Link::Server, private Handler {
 public:
  Server(Environment& environment, std::uint32_t number);

  // Faults.

  enum class Data : std::uint8_t { kept, lost };
  void restart(Data data);
  void stall(Duration time);
  void slow_down(Duration time);
  /// Something other than the reply, or besides it, once: extra_reply, garbage, truncated_reply,
  /// oversized_reply, error_reply, stray_push.
  void lie(Fault how);
  /// What keeps it from serving, for a while: loading, busy, primary_down, protected_mode,
  /// max_clients, wrong_password, no_permission, old_protocol, no_database.
  void impose(Fault condition, Duration time);
  /// Has another password besides, and after that time no other.
  void rotate_password(Duration overlap);
  /// Ends some connection.
  void kick();
  /// Ends some connection behind its replies, or only its own direction of it.
  void close_one();
  void half_close_one();

  /// No fault from here on.
  void calm_down();

 private:
  enum Plan : std::uint32_t {
    turn,
    lift,
    forget_passwords,
    answer_waiting,
    change_rights,
    serve_place
  };

  struct Connection {
    Link* link = nullptr;  // null: the place is free
    model::ClientId client{};
    std::string input;   // of a request that is not whole
    std::string output;  // from sent on, not taken by the socket
    std::size_t sent = 0;
    bool ready = false;      // among those to be served
    bool finished = false;   // nothing is said on it any more
    bool closing = false;    // ends when all is sent
    bool cut_short = false;  // in the middle of a reply: nothing may follow, not even news
    // Of a request that waits; 0: none does.
    RequestNumber waiting = 0;
    // Between MULTI and EXEC, and whose transaction that is.
    bool in_transaction = false;
    RequestNumber transaction = 0;
    bool listens = false;  // has subscribed to something
    // When it goes on with a CLIENT TRACKING RESUME that waits for what is behind the server.
    std::optional<Instant> resumes_at{};
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void handle_connected(Link& link) override;
  void handle_readable(Link& link) override { want_service(link.place()); }
  void handle_writable(Link& link) override;
  void handle_lost(Link& link) override;

  model::Time model_time() const;
  void want_service(std::size_t place);
  void plan_turn();
  void run_turn();
  void serve(Connection& connection);
  std::size_t take_requests(Connection& connection, std::string_view bytes, std::size_t& count);
  void answer(Connection& connection, std::string_view request);
  void execute(Connection& connection, std::string_view request);
  void note_execution(const model::Execution& execution);
  void note_versions();
  void evict_some();
  void note_served(Connection& connection, RequestNumber number);
  void end_transaction(Connection& connection, bool might);
  void note_taken(Connection& connection, std::string_view reply);
  void plan_answers();
  const char* made_up_reply(const Connection& connection);
  void replace_by_large_reply();
  void spoil_reply(Connection& connection);
  void send(Connection& connection, std::string_view bytes);
  void flush(Connection& connection);
  void poll_model();
  void close(Connection& connection);
  void forget(Connection& connection);
  void lift_condition();
  void restore_password();
  void plan_change_of_rights();
  void change_some_rights();
  void give_right(std::size_t user);
  void draw_resumption();
  void forget_some_stream();
  bool puts_off_resumption(Connection& connection);
  void note_resumption(Connection& connection, const model::Resumptions& before);
  Connection* pick();
  bool lies(Fault how) const { return lie_ == how; }
  void note_lie_told();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "server", number_);
  }

  Environment& environment_;
  const std::uint32_t number_;
  Random random_;
  model::Server model_;
  RequestScanner scanner_;
  std::deque<Connection> connections_;
  std::vector<std::size_t> ready_;
  std::vector<std::size_t> serving_;
  std::string reply_;
  bool executed_ = false;  // by the model, since this was cleared
  std::vector<Mark> ran_;  // likewise, in a transaction
  Connection* answering_ = nullptr;
  Instant answers_at_ = never;  // planned
  std::vector<std::string> former_passwords_;
  bool turn_planned_ = false;
  Instant idle_at_{};  // does nothing before
  Duration service_time_;
  const bool knows_tracking_;
  Instant slow_until_{};
  Duration slow_service_time_{};
  Random resumption_random_;
  std::uint64_t forgets_one_in_ = 0;  // turns; 0: never
  Random rights_random_;
  std::array<bool, SharedCache::users.size()> lacks_right_{};  // to read what caches are tried on
  std::optional<Fault> lie_;
  std::optional<Fault> imposed_;
  std::uint64_t imposed_number_ = 0;
};

}  // namespace plimsoll::sim
