#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/model/server.h"
#include "plimsoll/tests/sim/server/request_scanner.h"

// A model server as a process on the network, one of several: it takes requests in turns, sends
// what the model says, gets changes from a primary some time after they are made, and can be frozen
// and killed. Those that derive from it decide what a request is answered with.

namespace plimsoll::sim {

class Process : private Link::Server, private Handler {
 public:
  /// As the network numbers it.
  std::size_t number() const { return number_; }

  bool is_alive() const { return is_alive_; }
  bool is_frozen() const { return environment_.now() < idle_at_; }
  Instant frozen_until() const { return idle_at_; }
  /// Does nothing for that long; what clients send meanwhile is done afterwards.
  void freeze(Duration time);
  void thaw();

 protected:
  struct Connection {
    Link* link = nullptr;  // null: the place is free
    std::size_t place = 0;
    model::ClientId client{};
    std::string input;        // of a request that is not whole
    std::string output;       // not taken by the socket
    std::uint64_t heard = 0;  // bytes of whole requests, in all
    std::uint64_t said = 0;   // bytes, in all
    bool closing = false;
  };

  Process(Environment& environment, std::uint32_t random_stream);
  ~Process() = default;

  /// Answers the request whose words scanner() has.
  virtual void answer(Connection& connection, std::string_view request) = 0;
  /// Nothing is known of who is at this place from now on.
  virtual void forget_place(std::size_t place) = 0;
  /// A change of its primary's is there.
  virtual void handle_change() = 0;

  const RequestScanner& scanner() const { return scanner_; }
  model::Server& model() { return model_; }
  const model::Server& model() const { return model_; }

  std::string reply_of_model(Connection& connection, std::string_view request);
  /// Runs what another server has sent.
  void run_on_stream(std::string_view request);
  /// Says what clients are to hear of what has been run.
  void poll_model();
  void send(Connection& connection, std::string_view bytes);

  /// A change of its primary's is on its way. They arrive in order.
  void expect_change();
  void put_off_change(Instant until);
  /// What is on its way does not arrive.
  void end_stream() { ++stream_life_; }

  void close_all();
  void reset(Connection& connection);
  void stop();
  /// Its data is what the model has.
  void start();
  void lose_data();

  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "server", number_);
  }

  Environment& environment_;

 private:
  enum Plan : std::uint32_t { turn, arrival };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void handle_connected(Link& link) override;
  void handle_readable(Link&) override { plan_turn(); }
  void handle_writable(Link& link) override { flush(connections_[link.place()]); }
  void handle_lost(Link& link) override { forget(connections_[link.place()]); }

  model::Time time() const;
  void plan_turn();
  void serve(Connection& connection);
  void flush(Connection& connection);
  void forget(Connection& connection);

  Random random_;
  const std::size_t number_;
  model::Server model_;
  model::ClientId stream_;  // on which changes of others come
  RequestScanner scanner_;
  std::deque<Connection> connections_;
  Duration lag_max_;
  Instant last_arrival_{};         // of a change
  std::uint64_t stream_life_ = 0;  // numbers what is under way from the primary
  bool is_alive_ = true;
  bool is_turn_planned_ = false;
  Instant idle_at_{};  // does nothing before
};

}  // namespace plimsoll::sim
