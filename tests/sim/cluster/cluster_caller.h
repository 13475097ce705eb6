#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/tests/sim/client/driver.h"
#include "plimsoll/tests/sim/cluster/cluster_cache.h"
#include "plimsoll/tests/sim/cluster/cluster_reader.h"
#include "plimsoll/tests/sim/cluster/model_cluster.h"

// Someone who writes to a cluster and reads it again, through a client with a cache, or from
// replicas, or with neither. All callers use the same keys. A caller knows what it must find at
// least: its last write that was acknowledged, unless a failover has lost that.

namespace plimsoll::sim {

class ClusterCaller final : private Driver::Owner, private Driver::Guide, private Handler {
 public:
  /// `shared`: the cache of those who have one; null: each has its own.
  ClusterCaller(Environment& environment, std::uint32_t number, ModelCluster& cluster,
                Budget& budget, ClusterCache* shared);
  ~ClusterCaller();

  void start();
  bool is_done() const { return submitted_ >= environment_.scenario.requests && asked_.empty(); }

  /// The faults are over: writes to a key of every slot until the owner of its slot has run that.
  void prove();
  bool is_proved() const { return proved_count_ == cluster_slots_count && asked_.empty(); }
  /// Whether replicas are read again, while this is called again and again.
  bool has_read_again();
  /// Whether the client knows the owner of each slot.
  bool knows_all() const;
  /// Nothing has happened for long: what is cached is what the cluster has.
  void check_cached();

  void leave();
  bool has_left() const { return !driver_.has_client(); }

  /// Between two events.
  void check() { driver_.check_news_of_room(); }
  void validate();

 private:
  enum Plan : std::uint32_t { begin, act, prove_again };

  /// How this caller is.
  struct Habits {
    explicit Habits(Random& random);
    Duration pause_max;
    std::uint64_t batch_max;
    bool has_cache;
    bool is_told_of_cluster;
    enum class Keys : std::uint8_t {
      all,
      known,  // which are there most of the time: all are hits, once they are cached
      rare    // which are missing for long, until others write them
    };
    bool only_reads;  // what others write
    Keys keys;
  };

  struct Asked {
    enum class What : std::uint8_t { write, read, several, count } what;
    RequestId id{};
    std::size_t key = 0;  // or the first of several, which are behind each other
    std::size_t keys_count = 1;
    std::vector<std::size_t> acknowledged{};  // so many writes of each were, before this
    std::size_t told = 0;                     // of one read through a cache: told_count() before
    Instant at{};                             // of one who reads from replicas
    std::vector<ClusterReader::Promise> promises{};  // likewise, of each key
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void handle_ready() override {}
  void handle_disconnected(const Error&) override {}
  void handle_part(const Event&, bool) override {}
  void handle_outcome(const Event& event, bool truthful) override;
  void handle_closed(const Error& reason) override;

  Way way_to(const Action& open) override;
  void note_opened(ConnectionId, std::uint64_t, std::size_t) override {}
  void note_read(std::uint64_t link, std::size_t bytes) override {
    cluster_.order().note_read(link, bytes);
    cluster_.news().note_read(number_, link, bytes, environment_.now(),
                              [this](std::size_t server) { return has_trouble_with(server); });
  }
  void note_sent(std::uint64_t link, std::size_t bytes) override {
    cluster_.news().note_sent(link, bytes);
  }
  void note_settled() override {}

  bool strikes(Fault fault, std::uint64_t one_in);
  bool has_trouble_with(std::size_t server) const;
  void begin_life();
  ClientOptions draw_options();
  void plan_act();
  void act_once();
  void misbehave();
  Duration draw_timeout();
  RequestNumber enter(Duration timeout, std::uint16_t runs_max, const char* what, std::size_t key);
  void note_submitted(const Result<RequestId>& id, RequestNumber number, const Asked& asked);
  void write(std::size_t key);
  void read(std::size_t key);
  enum class Ask : std::uint8_t { values, count };
  void read_several(Ask ask);
  void add_key(Asked& asked, std::size_t key);
  Asked asked_of(std::size_t key);
  bool read_cached(std::size_t key);
  void submit_read(std::span<const std::string_view> words, const Asked& asked);
  std::size_t some_key();
  void check_told(RequestNumber found, const Asked& asked);
  void check_hit(RequestNumber found, std::size_t key, bool has_owner);
  void check_staleness(RequestNumber found, std::size_t key, bool has_owner);
  void check_values(std::string_view wire, const Asked& asked);
  void check_count(std::string_view wire, const Asked& asked);
  void check_value(RequestNumber found, std::size_t key, std::size_t acknowledged);
  void ask_for_proof();
  void require(bool holds, const char* property) const {
    environment_.referee.require(holds, property, "client", number_);
  }

  Environment& environment_;
  const std::uint32_t number_;
  std::uint32_t lives_ = 0;  // clients so far
  ModelCluster& cluster_;
  Budget& budget_;
  Random random_;
  const Habits habits_;
  std::vector<std::string> hosts_;
  std::vector<std::string_view> host_views_;
  ClusterOptions cluster_options_;
  std::optional<ClusterCache> own_cache_;
  ClusterCache* cache_ = nullptr;  // null: there is none
  Driver driver_;
  std::optional<ClusterReader> reader_;  // none: owners are read
  std::string scratch_;
  std::map<RequestNumber, Asked> asked_;  // without an outcome
  std::array<std::vector<RequestNumber>, cluster_keys_count> acknowledged_;
  std::deque<std::pair<Instant, std::uint64_t>> views_;  // so many were asked for by then
  RequestNumber proof_ = 0;
  std::size_t proved_count_ = 0;
  std::size_t submitted_ = 0;
  bool over_ = true;  // there is no client that takes requests
  bool leaving_ = false;
  bool act_planned_ = false;
};

}  // namespace plimsoll::sim
