#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/group/sayings.h"
#include "plimsoll/tests/sim/server/request_scanner.h"

// A sentinel, as far as a client can see it: it answers where the primary is, names the other
// sentinels, and announces a switch to those who have subscribed. When it learns of a switch, its
// group decides.

namespace plimsoll::sim {

class Sentinel final : private Link::Server, private Handler {
 public:
  Sentinel(Environment& environment, Sayings& sayings, std::size_t primary);

  /// As the network numbers it.
  std::size_t server() const { return server_; }
  /// As it answers now.
  std::size_t primary() const { return primary_; }
  /// The others, which it names to clients.
  void meet(const Sentinel& other) { others_.push_back(&other); }

  /// From now on it answers with this primary, and publishes the switch after `wait`.
  void learn(std::size_t primary, Duration wait);

  // Faults.

  void kill();
  void revive();
  /// Does nothing for that long; connections can be made.
  void freeze(Duration time);
  void thaw() {
    frozen_until_ = environment_.now();
    environment_.schedule.plan(Duration::zero(), *this, turn);
  }

  bool is_alive() const { return is_alive_; }
  /// Whether it is alive and does something.
  bool is_well() const { return is_alive_ && environment_.now() >= frozen_until_; }
  /// Since when it has been well.
  Instant well_since() const { return std::max(well_since_, frozen_until_); }

 private:
  enum Plan : std::uint32_t { turn, publish };

  struct Connection {
    Link* link = nullptr;  // null: the place is free
    std::string input;     // of a request that is not whole
    std::string output;    // not taken by the socket
    bool is_subscribed = false;
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void handle_connected(Link& link) override;
  void handle_readable(Link& link) override;
  void handle_writable(Link& link) override { flush(connections_[link.place()]); }
  void handle_lost(Link& link) override { connections_[link.place()].link = nullptr; }

  void plan_turn();
  void serve(Connection& connection);
  void answer(Connection& connection);
  void answer_sentinel(Connection& connection);
  void announce();
  void say(Connection& connection, std::string_view bytes);
  void flush(Connection& connection);
  std::string own_id() const { return id_of(server_); }
  static std::string id_of(std::size_t server);

  Environment& environment_;
  Sayings& sayings_;
  const std::size_t server_;
  std::size_t primary_;
  std::size_t former_primary_;
  std::vector<const Sentinel*> others_;
  std::deque<Connection> connections_;
  RequestScanner scanner_;
  bool is_alive_ = true;
  bool is_turn_planned_ = false;
  std::uint64_t switch_number_ = 0;
  Instant frozen_until_{};
  Instant well_since_{};
};

}  // namespace plimsoll::sim
