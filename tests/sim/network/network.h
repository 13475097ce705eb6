#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "plimsoll/tests/sim/coverage.h"
#include "plimsoll/tests/sim/network/link.h"
#include "plimsoll/tests/sim/scenario.h"

// All connections of a world, and what the way to each server is like.

namespace plimsoll::sim {

class Network {
 public:
  Network(Schedule& schedule, const Scenario& scenario, Coverage& coverage);

  /// Lets clients reach `server` under the number that this returns.
  std::size_t add_server(Link::Server& server);
  std::size_t servers_count() const { return doors_.size(); }

  /// An attempt: `client` will hear of it, unless nobody answers.
  Link& connect(Link::Client& client, std::size_t server, Link::Attempt attempt);

  // Faults.

  void refuse_connections(std::size_t server, Duration time);
  void delay_connections(std::size_t server, Duration time);
  void ignore_connections(std::size_t server, Duration time);

  /// Some connection that both ends have, or null.
  Link* pick();
  /// Calls visit(Link&) for every connection.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (Link& link : links_) {
      if (link.in_use()) visit(link);
    }
  }

  /// No fault from here on: what was held up arrives, what is lost is said to be.
  /// Crumbs are no fault where the replies pool is dry: only then do they try anybody's patience.
  void calm_down(Pipe::Pieces pieces = Pipe::Pieces::whole);

 private:
  struct Door {
    Link::Server* server;
    Instant refuses_until{};
    Instant delays_until{};
    Instant ignores_until{};
  };

  Conditions draw_conditions();

  Schedule& schedule_;
  FaultSet faults_;
  Coverage& coverage_;
  Random random_;
  bool calm_ = false;
  Pipe::Pieces pieces_ = Pipe::Pieces::whole;  // once it is calm
  std::uint64_t serial_ = 0;
  std::vector<Door> doors_;
  std::deque<Link> links_;
  std::size_t next_link_ = 0;
};

}  // namespace plimsoll::sim
