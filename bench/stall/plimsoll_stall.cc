#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/bench/program.h"
#include "plimsoll/bench/stall/loads.h"
#include "plimsoll/client.h"

namespace plimsoll::bench {
namespace {

using Clock = std::chrono::steady_clock;

class Load {
 public:
  Load(boost::asio::io_context& context, native::Client& client, Clock::time_point end,
       const StallLook& look)
      : client_(client), timer_(context, Clock::now()), end_(end), look_(look) {
    wait();
  }

  const StallTally& tally() const { return tally_; }

 private:
  void wait() {
    timer_.async_wait([this](const boost::system::error_code&) { tick(); });
  }

  void tick() {
    if (Clock::now() >= end_) return;
    for (int i = 0; i < stall_sets_per_tick; ++i) ask();
    if (++ticks_ % stall_ticks_per_look == 0) look_(client_.statistics().memory.used);
    timer_.expires_at(timer_.expiry() + stall_tick);
    wait();
  }

  void ask() {
    ++tally_.asked;
    client_.set("stall", value_, [this](const native::Result<void>& done) {
      if (done) {
        ++tally_.answered;
      } else if (done.error().code() == native::ErrorCode::rejected_by_limit) {
        ++tally_.rejected;
      } else {
        ++tally_.failed;
      }
    });
  }

  native::Client& client_;
  boost::asio::steady_timer timer_;
  const Clock::time_point end_;
  const StallLook& look_;
  const std::string value_ = std::string(stall_value_bytes, 'v');
  StallTally tally_;
  int ticks_ = 0;
};

}  // namespace

StallTally run_plimsoll_stall(const std::string& socket_path, const std::string& memory_limit,
                              std::chrono::duration<double> seconds, const StallLook& look) {
  native::Options options;
  options.memory_limit = memory_limit;
  options.inflight_requests_limit = 1'000'000;
  options.inflight_overflow = native::OnLimit::reject;
  options.request_timeout = std::chrono::milliseconds(0);
  options.health_check_interval = std::chrono::milliseconds(0);  // hiredis has no such check
  boost::asio::io_context context;
  std::optional<native::Client> client;
  native::connect(context.get_executor(), "unix://" + socket_path, options,
                  [&](native::Result<native::Client> connected) {
                    if (!connected) fail("plimsoll", connected.error().what());
                    client.emplace(std::move(*connected));
                    context.stop();
                  });
  context.run();
  context.restart();
  const auto duration = std::chrono::duration_cast<Clock::duration>(seconds);
  Load load(context, *client, Clock::now() + duration, look);
  context.run_for(duration);
  const StallTally tally = load.tally();
  client.reset();
  context.restart();
  context.run_for(std::chrono::seconds(1));
  return tally;
}

}  // namespace plimsoll::bench
