#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/bench/memory/clients.h"
#include "plimsoll/bench/memory/parts.h"
#include "plimsoll/bench/memory/process.h"
#include "plimsoll/bench/memory/watch.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/tests/support/valkey_server.h"

// A server that stops with its connections open, while callers go on asking. Two clients: one gives
// its connection up and tries for another, as the options have it by default; the other one keeps
// it, and its requests leave tombstones.

namespace plimsoll::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t value_bytes = 4'000;
constexpr auto request_timeout = milliseconds(250);

// More than a server that answers takes, let alone one that does not.
constexpr int calls_per_tick = 200;
constexpr auto tick = milliseconds(5);

double in_seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

/// Callers that ask as often as they may. All of it runs on the client's thread, but for what is
/// atomic.
class Callers {
 public:
  explicit Callers(native::Client& client)
      : client_(client), timer_(client.get_executor()), value_(value_bytes, 'v') {}

  void start() {
    boost::asio::post(client_.get_executor(), [this] { ask_on(); });
  }

  void stop() {
    stopping_ = true;
    wait_until("the callers", [this] { return under_way_ == 0 && stopped_; });
  }

  std::size_t asked() const { return asked_; }
  std::size_t rejected() const { return rejected_; }
  std::size_t answered() const { return answered_; }

  /// When the first answer came after this was called.
  void await_answer() { first_answer_ = std::promise<Clock::time_point>(), awaiting_ = true; }
  Clock::time_point answer() { return first_answer_.get_future().get(); }

 private:
  // As many as the limiter takes, again and again.
  void ask_on() {
    if (stopping_) {
      stopped_ = true;
      return;
    }
    for (int i = 0; i < calls_per_tick; ++i) ask();
    timer_.expires_after(tick);
    timer_.async_wait([this](const boost::system::error_code&) { ask_on(); });
  }

  void ask() {
    ++asked_;
    ++under_way_;
    client_.set("blackhole", value_, [this](const native::Result<void>& done) { handle(done); });
  }

  void handle(const native::Result<void>& done) {
    --under_way_;
    if (done) {
      ++answered_;
      if (awaiting_.exchange(false)) first_answer_.set_value(Clock::now());
    } else if (done.error().code() == native::ErrorCode::rejected_by_limit) {
      ++rejected_;
    }
  }

  native::Client& client_;
  boost::asio::steady_timer timer_;
  const std::string value_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> awaiting_{false};
  std::atomic<std::size_t> asked_{0};
  std::atomic<std::size_t> rejected_{0};
  std::atomic<std::size_t> answered_{0};
  std::atomic<std::size_t> under_way_{0};
  std::promise<Clock::time_point> first_answer_;
};

// How many of inflight_requests_limit requests at once fail, where one more is refused.
struct AtOnce {
  std::size_t failed = 0;
  bool limited = false;
};

AtOnce ask_all_at_once(native::Client& client, std::size_t limit) {
  std::atomic<std::size_t> answered{0};
  std::atomic<std::size_t> rejected{0};
  std::atomic<std::size_t> outcomes{0};
  boost::asio::post(client.get_executor(), [&] {
    for (std::size_t i = 0; i < limit + 1; ++i) {
      client.get("blackhole", [&](const native::Result<std::optional<std::string>>& reply) {
        if (reply) ++answered;
        if (!reply && reply.error().code() == native::ErrorCode::rejected_by_limit) ++rejected;
        ++outcomes;
      });
    }
  });
  wait_until("requests at once", [&] { return outcomes == limit + 1; });
  return {limit - std::min(limit, answered.load()), rejected == 1};
}

/// One client, and what is found about it.
struct Victim {
  Victim(std::string its_name, const std::string& url, const native::Options& options)
      : name(std::move(its_name)),
        limit(options.inflight_requests_limit),
        client(connect_to(url, with_news(options))),
        callers(client) {}

  native::Options with_news(native::Options options) {
    options.on_connection = [this](const native::ConnectionEvent& event) {
      if (event.kind == native::ConnectionEvent::Kind::connected) connected = Clock::now();
    };
    return options;
  }

  const std::string name;
  const std::size_t limit;
  std::atomic<Clock::time_point> connected{};
  native::Client client;
  Callers callers;
};

void check_healed(Victim& victim, Clock::time_point resumed, Figures& figures) {
  const Clock::time_point answered = victim.callers.answer();
  // Healed is what has a connection that is served: the one that it kept, or a new one.
  const Clock::time_point healed = std::max(resumed, victim.connected.load());
  figures[victim.name + " resume to answer"] = in_seconds(answered - resumed);
  figures[victim.name + " healed to answer"] = in_seconds(answered - std::min(answered, healed));
  victim.callers.stop();
  wait_until("slots", [&] { return victim.client.statistics().client.in_flight == 0; });
  const AtOnce all = ask_all_at_once(victim.client, victim.limit);
  figures[victim.name + " slots lost"] = static_cast<double>(all.failed + (all.limited ? 0 : 1));
  figures[victim.name + " asked"] = static_cast<double>(victim.callers.asked());
  figures[victim.name + " rejected"] = static_cast<double>(victim.callers.rejected());
}

}  // namespace

Figures measure_blackhole(const MemoryEffort& effort) {
  testing::ValkeyServer server;
  native::Options options;
  options.inflight_overflow = native::OnLimit::reject;
  options.request_timeout = request_timeout;
  options.connect_timeout = std::chrono::seconds(2);
  Victim replacing("replaced", server.url(), options);
  options.tombstone_age_max = std::chrono::minutes(10);
  Victim keeping("kept", server.url(), options);

  Figures figures;
  for (Victim* victim : {&replacing, &keeping}) victim->callers.start();
  wait_until("a first answer", [&] {
    return replacing.callers.answered() > 1000 && keeping.callers.answered() > 1000;
  });
  server.pause();
  // The height of the load comes first.
  std::this_thread::sleep_for(std::chrono::duration<double>(effort.silence_seconds / 10));
  const std::size_t rss_before = rss_bytes();
  Watch watch([&] { return replacing.client.statistics().memory.used; });
  std::this_thread::sleep_for(std::chrono::duration<double>(effort.silence_seconds * 9 / 10));
  const std::vector<Look> looks = watch.stop();
  for (Victim* victim : {&replacing, &keeping}) victim->callers.await_answer();
  server.resume();
  const Clock::time_point resumed = Clock::now();
  for (Victim* victim : {&replacing, &keeping}) check_healed(*victim, resumed, figures);

  const BudgetStatistics line = replacing.client.statistics().memory;
  figures["line"] = static_cast<double>(line.limit);
  figures["line peak"] = static_cast<double>(line.peak);
  figures["used"] = most(looks, &Look::used);
  figures["rss"] = most(looks, &Look::rss);
  figures["rss growth"] = most(looks, &Look::rss) - static_cast<double>(rss_before);
  figures["used growth"] = growth(looks, &Look::used);
  return figures;
}

void add_blackhole(const MemoryEffort& effort, Report& report) {
  const Figures figures = run_child("blackhole", effort);
  const std::string silence =
      std::to_string(static_cast<int>(effort.silence_seconds)) + " s of silence, ";
  const auto add = [&](const std::string& name, const std::string& figure, const char* unit,
                       std::optional<Goal> goal = std::nullopt) {
    report.add({.name = silence + name, .ours = figures.at(figure), .unit = unit, .goal = goal});
  };
  add("accounted, most", "used", "B");
  add("accounted, growth in the second half", "used growth", "B", counter_at_most(1 << 20));
  add("resident, most", "rss", "B");
  add("resident, growth after a tenth of it", "rss growth", "B", counter_at_most(1 << 20));
  report.add({.name = silence + "line, peak of its limit",
              .ours = figures.at("line peak"),
              .peer = figures.at("line"),
              .unit = "B",
              .goal = ratio_at_most(1)});
  for (const std::string name : {"replaced", "kept"}) {
    add("connection " + name + ", asked", name + " asked", "requests");
    add("connection " + name + ", of these rejected", name + " rejected", "requests");
    add("connection " + name + ", SIGCONT to an answer", name + " resume to answer", "s");
    add("connection " + name + ", healed to an answer", name + " healed to answer", "s",
        counter_at_most(in_seconds(request_timeout)));
    add("connection " + name + ", slots lost", name + " slots lost", "slots", counter_at_most(0));
  }
}

}  // namespace plimsoll::bench
