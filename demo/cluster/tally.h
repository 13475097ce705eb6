// Counts what became of requests: in all, and while something is done to the cluster, apart for
// the slots that it is done to and all others.
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "plimsoll/client.h"
#include "plimsoll/demo/cluster/ledger.h"
#include "plimsoll/demo/latencies.h"
#include "plimsoll/tests/support/cluster_view.h"

namespace plimsoll::demo {

using Slots = std::bitset<testing::cluster_slots_count>;

/// What an error says of whether its request has run.
Fate fate_of(const native::Error& error);

struct Counts {
  std::size_t acknowledged = 0;
  std::size_t in_doubt = 0;
  std::size_t not_run = 0;
  std::size_t reads_failed = 0;
  std::chrono::nanoseconds longest{};         // that a request has waited for its reply
  std::map<std::string, std::size_t> errors;  // by the names of their codes
};

/// While one thing was done.
struct EventCounts {
  Counts touched;  // requests for its slots
  Counts others;
};

/// Since the last sample.
struct Sample {
  std::size_t replies = 0;
  std::chrono::nanoseconds median{};
  std::chrono::nanoseconds longest{};
};

class Tally {
 public:
  using Clock = std::chrono::steady_clock;

  /// From here until end() requests are counted for what is done to these slots.
  void begin(const Slots& touched);
  EventCounts end();

  void acknowledged(std::uint16_t slot, Clock::time_point sent_at);
  void failed(std::uint16_t slot, Clock::time_point sent_at, const native::Error& error);
  /// A read may be asked again, so nobody has to know whether it has run.
  void read_failed(std::uint16_t slot, Clock::time_point sent_at, const std::string& error);

  [[nodiscard]] const Counts& total() const { return total_; }

  Sample take_sample();
  /// How many replies there were for each slot since the last call.
  using Replies = std::array<std::uint32_t, testing::cluster_slots_count>;
  Replies take_replies();

 private:
  // Adds to one of the members of Counts.
  void note(std::uint16_t slot, Clock::time_point sent_at, std::size_t Counts::* count,
            const std::string& error);

  Counts total_;
  EventCounts event_;
  Slots touched_;
  bool is_event_ = false;
  Latencies latencies_;
  Sample sample_;
  Replies replies_{};
};

}  // namespace plimsoll::demo
