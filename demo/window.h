// Keeps a bounded number of requests in flight until a piece of work is done, checks every reply
// and times it.
//
// A request that the memory limit refuses narrows the window to what fits, and is asked again when
// others are done: so a tiny limit makes the demo slower, not wrong. The window widens again by one
// for each round of replies. Any other failure stops it: what is in flight is waited for, nothing
// more is sent.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "plimsoll/demo/latencies.h"
#include "plimsoll/demo/store.h"
#include "plimsoll/demo/verdict.h"
#include "plimsoll/demo/work.h"

namespace plimsoll::demo {

class Window {
 public:
  Window(Store& store, Verdict& verdict, std::size_t in_flight_max)
      : store_(store), verdict_(verdict), in_flight_max_(in_flight_max), width_(in_flight_max) {}
  Window(const Window&) = delete;  // requests in flight point here
  Window& operator=(const Window&) = delete;

  /// Begins; the rest happens as replies come, for as long as busy() says so. One work at a time.
  void begin(Work& work);

  [[nodiscard]] bool busy() const { return in_flight_count_ > 0; }

  /// Sends nothing more. The first reason counts.
  void stop(std::string reason);

  /// Why the window stopped early; empty while all is well.
  [[nodiscard]] const std::string& stopped() const { return stop_reason_; }

  [[nodiscard]] const Latencies& latencies() const { return latencies_; }
  [[nodiscard]] std::size_t refused_count() const { return refused_count_; }

 private:
  using Clock = std::chrono::steady_clock;

  enum class Company { alone, others };  // whether others were in flight when a request was sent
  struct Sent {
    Request request;
    Clock::time_point at;
    Company company;
  };

  void fill();
  std::optional<Request> take_next();
  void send(Request request);
  void handle_outcome(const Sent& sent, const Outcome& outcome);
  void handle_reply(const Sent& sent, const Reply& reply);
  void handle_failure(const Sent& sent, const Failure& failure);

  Store& store_;
  Verdict& verdict_;
  std::size_t in_flight_max_;
  Work* work_ = nullptr;
  std::size_t width_;                 // how many may be in flight just now
  std::size_t replies_in_round_ = 0;  // since width_ changed last
  std::size_t in_flight_count_ = 0;
  bool filling_ = false;
  std::deque<Request> refused_;
  std::size_t refused_count_ = 0;
  std::string stop_reason_;
  Latencies latencies_;
};

}  // namespace plimsoll::demo
