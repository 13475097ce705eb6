#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>

#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/watched_line.h"

// A world of several servers and the callers who use them, in three parts, as World: first faults
// strike, then they are over and every caller's client must find its way within a bound, and in the
// end all leave. What servers there are is up to the worlds that derive from it; they own the
// callers, which end before their servers.

namespace plimsoll::sim {

class CallersWorld : private Handler {
 public:
  const Environment& environment() const { return environment_; }

 protected:
  CallersWorld(const Scenario& scenario, Trace::Printing printing);
  ~CallersWorld() = default;

  // The parts. Each returns whether all properties hold so far.

  /// `start_faults` is called once the callers have begun.
  template <class Callers, class StartFaults>
  bool strike(const Callers& callers, const StartFaults& start_faults) {
    for (const auto& caller : callers) caller->start();
    start_faults();
    plan_reset();
    run_until(callers, Instant{} + environment_.scenario.time_max,
              [&] { return all(callers, [](const auto& each) { return each->is_done(); }); });
    return holds();
  }
  /// `end_faults` is called first. `property`: that each caller proves something, within
  /// `time_max`.
  template <class Callers, class EndFaults>
  bool recover(const Callers& callers, const EndFaults& end_faults, Duration time_max,
               const char* property) {
    calm_down();
    end_faults();
    for (const auto& caller : callers) caller->prove();
    const auto proved = [&] {
      return all(callers, [](const auto& each) { return each->is_proved(); });
    };
    run_until(callers, environment_.now() + time_max, proved);
    require_no_pending();
    require(proved(), property);
    return holds();
  }
  template <class Callers>
  bool leave(const Callers& callers) {
    for (const auto& caller : callers) caller->leave();
    const auto gone = [&] {
      return all(callers, [](const auto& each) { return each->has_left(); });
    };
    run_until(callers, environment_.now() + leaving_time_max, gone);
    require(gone(), "a client that is closed ends");
    if (holds()) line_->check_idle();
    return holds();
  }

  /// Lets things happen until `done`, until `limit`, or up to the first violation.
  template <class Callers, class Done>
  void run_until(const Callers& callers, Instant limit, const Done& done) {
    while (holds() && !done() && environment_.schedule.step(limit)) {
      for (const auto& caller : callers) caller->check();
      check_step();
      if (!looks_closely()) continue;
      line_->check_accounts(no_users_);
      for (const auto& caller : callers) caller->validate();
      line_->validate();
    }
  }
  template <class Callers, class Holds>
  static bool all(const Callers& callers, const Holds& holds) {
    return std::all_of(callers.begin(), callers.end(), holds);
  }

  bool holds() const { return !environment_.referee.violation(); }
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "world", 0);
  }

  Random& random() { return random_; }
  Budget& budget() { return line_->budget(); }

  Environment environment_;

 private:
  static constexpr Duration leaving_time_max = std::chrono::seconds(10);
  static constexpr std::uint64_t validate_every = 64;

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void plan_reset();
  void calm_down();
  void require_no_pending();
  void check_step();
  // Accounts and clients are looked at every now and then.
  bool looks_closely() const { return environment_.schedule.steps() % validate_every == 0; }

  Random random_;
  std::unique_ptr<WatchedLine> line_;
  const WatchedLine::Users no_users_;
};

}  // namespace plimsoll::sim
