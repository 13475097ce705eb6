#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "plimsoll/tests/sim/books/versions.h"
#include "plimsoll/tests/sim/client/errand.h"
#include "plimsoll/tests/sim/client/shared_cache.h"

namespace plimsoll::sim {

/// Reads a few keys over and over, through a cache if there is one, and writes them; knows what it
/// may be told of them.
class CachedReader final : public Errand {
 public:
  /// `cache`: null where the client has none.
  CachedReader(Desk& desk, SharedCache* cache) : Errand(desk), cache_(cache) {}

  void begin_life() override;
  void act() override;
  void go_on() override;
  bool is_busy() const override { return rounds_left_ > 0; }
  void handle_outcome(const Event& event, bool truthful) override;
  void note_side_delivery() override;
  void check() override;

 private:
  using Told = std::optional<std::string>;

  struct Asked {
    enum class What : std::uint8_t { read, write, proof, other } what;
    Place place{};
    std::string value{};               // written
    Instant since{};                   // of a read: what is told must have been true then or later
    cache::Mark mark = 0;              // of a proof: drawn before
    SharedCache::Floor floor{};        // and be no older than that
    RequestNumber written_before = 0;  // by this client
    std::uint32_t source = 0;          // whose it is, if it is known
    bool counts = false;               // what it is told holds for all others of that
    Instant asked_at{};                // or, if it may have joined another one, when that was
    std::uint64_t users_before = 0;
    std::string user{};      // who asks; nobody: that is not certain
    Instant connected_at{};  // likewise
  };

  void act_once();
  void read_some();
  void lean();
  bool rests();
  bool only_reads();
  bool waits_for_reads() const;
  void come_and_go();
  void look_at_all();
  Duration draw_staleness();
  void look_at_once();
  std::string known_user();
  void check_rights(const Place& place, Instant superseded_at);
  void note_refusal(const Asked& asked);
  Instant asked_since(const Place& place);
  void read_proved();
  void read_own_name();
  Place some_place();
  void write();
  void erase();
  void flush();
  void prove();
  void read(Duration max_staleness);
  Instant true_since(Duration max_staleness);
  bool look_up(const Place& place, const cache::Freshness& fresh, Instant since);
  void send_read(const Place& place, Duration max_staleness);
  void check_hit(const Place& place, const Told& told, std::uint32_t source, Instant since);
  cache::Cache::Reader reader();
  std::uint32_t source();
  void check_read(const Asked& asked, const Event& event);
  bool checks(const Event& event, bool truthful);
  void note_write(const Asked& asked, RequestNumber number);
  std::size_t version_of(const Place& place, const Told& told);
  bool is_tracked();

  SharedCache* const cache_;
  std::map<RequestNumber, Asked> asked_;
  std::map<Place, RequestNumber> last_write_;  // of this client
  // What was told to reads behind a write that is still to be acknowledged.
  std::multimap<RequestNumber, std::size_t> told_early_;
  std::map<RequestNumber, std::size_t> own_versions_;  // of writes that were acknowledged
  std::uint64_t rounds_left_ = 0;
  std::optional<Asked> proved_;  // reads are to follow
};

}  // namespace plimsoll::sim
