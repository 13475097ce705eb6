#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "plimsoll/tests/sim/group/node.h"
#include "plimsoll/tests/sim/group/sentinel.h"

// A primary, its replicas, and the sentinels that watch them: who is the primary, what goes wrong
// with each, and who hears of it when. What goes wrong with replicas has a stream of chance of its
// own: to those who do not read from them it makes no difference.
//
// The times are those of Valkey 8.0.1. The sentinel that leads a failover answers with the new
// primary up to a second before it announces the switch, and the others know of it within two
// seconds after that. A primary that was replaced goes on taking writes, which are lost: for up to
// 11.2 s after SENTINEL FAILOVER, and for 10.3 s if it was killed or frozen and is back.

namespace plimsoll::sim {

class Group final : private Handler {
 public:
  static constexpr std::size_t sentinels_count = 3;

  explicit Group(Environment& environment);

  void start();
  /// No fault from here on. Sentinels know the primary within two seconds, and a server that was
  /// replaced is told so within 11.2 s.
  void calm_down();

  /// The server that is the primary, as the network numbers it: what it runs is not lost.
  std::size_t primary() const { return primary_; }
  /// Since when.
  Instant primary_since() const { return primary_since_; }
  /// Servers have the numbers below this, sentinels those from here on.
  std::size_t first_sentinel() const { return nodes_.size(); }
  const Sentinel& sentinel(std::size_t index) const { return *sentinels_[index]; }
  Sayings& sayings() { return sayings_; }
  WriteBook& writes() { return writes_; }
  ReadBook& reads() { return reads_; }
  /// In which availability zone a server stands.
  std::string_view zone_of(std::size_t server) const { return nodes_[server]->zone(); }
  /// Whether a server in this zone follows the primary.
  bool has_replica_in(std::string_view zone) const;

 private:
  enum Plan : std::uint32_t {
    strike,
    promote,
    learn,            // detail: which sentinel, and since which switch
    follow,           // which server
    revive,           // likewise
    serve,            // likewise: it is no longer late
    revive_sentinel,  // which
    strike_replica,
    heal  // which server
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  bool has(Fault fault) const { return environment_.scenario.faults.has(fault); }
  void count(Fault fault) { environment_.coverage.count(fault); }
  Duration between(Duration least, Duration most) { return random_.between(least, most); }
  void plan(Duration wait, Plan what, std::uint64_t detail = 0) {
    environment_.schedule.plan(wait, *this, what, detail);
  }
  void plan_strike();
  void strike_once();
  void plan_replica_strike();
  void strike_replica_once();
  void impose(Fault fault, Node& node);
  Node* some_replica();
  bool can_fail_over() const;
  Node* best_replica() const;
  void begin_failover(Fault cause);
  void end_failover();
  void tell_sentinels();
  void plan_learning(std::size_t index, Duration wait);
  void teach(std::size_t index, std::uint64_t epoch);
  void demote(std::size_t server);
  void bring_back(std::size_t server);
  void freeze_some(Duration time);
  void impose_lateness(Node& node);
  Sentinel* some_well_sentinel();

  Environment& environment_;
  Random random_;
  Random replica_random_;
  Sayings sayings_;
  WriteBook writes_;
  ReadBook reads_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::array<std::unique_ptr<Sentinel>, sentinels_count> sentinels_;
  std::array<bool, sentinels_count> is_late_{};  // the next time that it has something to learn
  std::array<Duration, sentinels_count> publish_waits_{};
  std::size_t primary_ = 0;
  Instant primary_since_{};
  std::uint64_t epoch_ = 0;  // counts the failovers
  bool is_failing_over_ = false;
  bool is_late_primary_ = false;  // the next one
  Fault cause_ = Fault::failover;
};

}  // namespace plimsoll::sim
