// The store of a walk that goes on whatever happens to the cluster. It sends so many requests a
// second at most, which leaves the machine time for six servers; counts what becomes of each; and
// asks again where a read has failed, which is told.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/demo/cluster/tally.h"
#include "plimsoll/demo/store.h"

namespace plimsoll::demo {

class SteadyStore : public Store {
 public:
  /// All must outlive this, and this all requests. Call everything on the thread that runs `io`.
  SteadyStore(boost::asio::io_context& io, Store& store, Tally& tally, std::size_t rate_max);

  void send(const Request& request, std::function<void(Outcome)> done) override;

  /// A request that fails from here on is not asked again.
  void stop() { is_stopping_ = true; }

 private:
  struct Waiting {
    Request request;
    std::function<void(Outcome)> done;
  };

  void pass_on(Waiting waiting);
  void handle(const Waiting& waiting, Tally::Clock::time_point sent_at, Outcome outcome);
  void ask_again(const Waiting& waiting);
  void wait_for_tick();

  boost::asio::io_context& io_;
  Store& store_;
  Tally& tally_;
  const std::size_t in_tick_max_;
  std::size_t in_tick_ = 0;
  std::deque<Waiting> waiting_;
  boost::asio::steady_timer tick_;
  bool is_ticking_ = false;
  bool is_stopping_ = false;
};

}  // namespace plimsoll::demo
