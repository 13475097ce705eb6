#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/group/write_book.h"
#include "plimsoll/tests/sim/model/server.h"
#include "plimsoll/tests/sim/server/request_scanner.h"

// A server of a group: the model server as a process on the network, which is a primary or a
// replica. A replica gets the primary's writes some time later, and refuses those of clients. One
// that is promoted keeps what it has got so far; one that becomes a replica takes over all that the
// primary has. Both close all connections then.

namespace plimsoll::sim {

class Node final : private Link::Server, private Handler {
 public:
  Node(Environment& environment, WriteBook& writes, std::uint32_t number);

  /// As the network numbers it.
  std::size_t server() const { return server_; }
  bool is_primary() const { return primary_ == nullptr; }
  bool follows(const Node& primary) const { return primary_ == &primary; }
  /// The numbers of the writes that it has, in their order.
  const std::vector<RequestNumber>& history() const { return history_; }
  /// Its writes are the group's from now on, or no longer.
  void set_survives(WriteBook::Survives survives) { survives_ = survives; }

  void promote();
  void follow(Node& primary);

  // Faults.

  void kill();
  void revive();
  bool is_alive() const { return is_alive_; }
  /// Does nothing for that long; what clients send meanwhile is done afterwards.
  void freeze(Duration time);
  bool is_frozen() const { return environment_.now() < idle_at_; }
  void thaw();
  void set_condition(model::Condition condition) { model_.options().condition = condition; }

 private:
  enum Plan : std::uint32_t { turn, apply };

  struct Connection {
    Link* link = nullptr;  // null: the place is free
    model::ClientId client{};
    std::string input;   // of a request that is not whole
    std::string output;  // not taken by the socket
    bool closing = false;
    bool is_told_replica = false;  // by HELLO
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void handle_connected(Link& link) override;
  void handle_readable(Link&) override { plan_turn(); }
  void handle_writable(Link& link) override { flush(connections_[link.place()]); }
  void handle_lost(Link& link) override { forget(connections_[link.place()]); }

  model::Time model_time() const;
  void plan_turn();
  void serve(Connection& connection);
  void answer(Connection& connection, std::string_view request);
  void note_execution(const model::Execution& execution);
  void note_write(RequestNumber number, std::string_view request);
  void receive();
  void apply_next();
  void run_of_primary(std::string_view request);
  void poll_model();
  void send(Connection& connection, std::string_view bytes);
  void flush(Connection& connection);
  void forget(Connection& connection);
  void close_all();
  void leave_primary();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "server", server_);
  }

  Environment& environment_;
  WriteBook& writes_;
  Random random_;
  const std::size_t server_;
  model::Server model_;
  model::ClientId stream_;  // on which the primary's writes come
  RequestScanner scanner_;
  std::deque<Connection> connections_;
  std::vector<RequestNumber> history_;
  std::vector<std::string> requests_;  // of history_
  Node* primary_ = nullptr;            // null: it is one
  std::vector<Node*> replicas_;
  Duration lag_max_;
  Instant last_arrival_{};         // of a write of the primary's
  std::uint64_t stream_life_ = 0;  // numbers what is under way from the primary
  WriteBook::Survives survives_ = WriteBook::Survives::no;
  std::string_view executing_;  // the request at hand, of a client
  bool has_executed_ = false;
  bool is_alive_ = true;
  bool is_turn_planned_ = false;
  Instant idle_at_{};  // does nothing before
};

}  // namespace plimsoll::sim
