#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/tests/sim/client/driver.h"
#include "plimsoll/tests/sim/group/hearsay.h"
#include "plimsoll/tests/sim/group/replica_reader.h"

// Someone who writes to a group and reads it again, through a client that asks sentinels. The keys
// are the caller's own, so it knows what it must find: its last write that was acknowledged, unless
// a failover has lost that. One that reads from replicas reads the keys of others, too; some of
// these have a cache.

namespace plimsoll::sim {

class Caller final : private Driver::Owner, private Handler {
 public:
  Caller(Environment& environment, std::uint32_t number, Group& group, Budget& budget);
  ~Caller();

  void start();
  bool is_done() const { return submitted_ >= environment_.scenario.requests && asked_.empty(); }

  /// The faults are over: asks until the present primary has run a write, and says so.
  void prove();
  bool is_proved() const { return is_proved_ && have_reads_returned_ && asked_.empty(); }

  void leave();
  bool has_left() const { return !driver_.has_client(); }

  /// Between two events.
  void check();
  void validate() { driver_.validate(); }

 private:
  enum Plan : std::uint32_t { begin, act, prove_again };

  static constexpr std::size_t keys_count = 4;
  static constexpr std::size_t key_beside = keys_count;  // is written on another connection

  /// How this caller is.
  struct Habits {
    explicit Habits(Random& random);
    Duration pause_max;
    std::uint64_t batch_max;
    bool has_cache;
    bool subscribes;
  };

  struct Asked {
    enum class What : std::uint8_t { write, read, other } what;
    RequestId id{};
    std::uint32_t owner = 0;  // whose key it is
    std::size_t key = 0;
    std::size_t acknowledged = 0;  // so many writes of the key were, before this
    Instant at{};
    Instant leaves_at = never;  // from then on a silent replica may have lost it to another server
    bool is_beside = false;     // on a connection of its own
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void handle_ready() override {}
  void handle_disconnected(const Error&) override {}
  void handle_part(const Event&, bool) override {}
  void handle_outcome(const Event& event, bool truthful) override;
  void handle_closed(const Error& reason) override;

  bool has(Fault fault) const {
    return !environment_.calm && environment_.scenario.faults.has(fault);
  }
  bool strikes(Fault fault, std::uint64_t one_in);
  void make_cache();
  void begin_life();
  ClientOptions draw_options();
  void plan_act();
  void act_once();
  void misbehave();
  void cut_off();
  void do_something();
  Duration draw_timeout();
  RequestNumber enter(Duration timeout, std::uint16_t runs_max, const char* what);
  bool note_submitted(const Result<RequestId>& id, RequestNumber number, const Asked& asked);
  void write();
  void read();
  void read_anywhere();
  bool read_from_cache(const std::string& name, const Asked& asked);
  void write_beside();
  void subscribe();
  void ask_for_proof();
  void note_completed(RequestNumber number, const Asked& asked);
  void check_read(std::string_view wire, const Asked& asked);
  void check_answer(RequestNumber number, const Asked& asked);
  void check_places();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "client", number_);
  }

  Environment& environment_;
  const std::uint32_t number_;
  Group& group_;
  Budget& budget_;
  Random random_;
  const Habits habits_;
  const SentinelOptions sentinel_options_;
  HeapMemory cache_memory_;
  std::optional<Budget> cache_budget_;
  std::optional<cache::Cache> cache_;
  Driver driver_;
  Hearsay hearsay_;
  std::optional<ReplicaReader> reader_;  // if it reads from replicas
  std::string scratch_;
  std::map<RequestNumber, Asked> asked_;  // without an outcome
  std::array<std::vector<RequestNumber>, keys_count + 1> acknowledged_;
  std::array<std::size_t, keys_count + 1> acknowledged_before_{};  // to clients before this one
  std::optional<ConnectionId> exclusive_;
  std::optional<ConnectionId> subscription_;
  RequestNumber proof_ = 0;
  std::size_t submitted_ = 0;
  bool over_ = true;  // there is no client that takes requests
  bool leaving_ = false;
  bool act_planned_ = false;
  bool is_proved_ = false;
  bool have_reads_returned_ = true;
};

}  // namespace plimsoll::sim
