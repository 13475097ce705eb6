#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plimsoll/tests/sim/client/driver.h"
#include "plimsoll/tests/sim/group/group.h"

// What sentinels have told one client, by the bytes that it has read, and what follows from it: to
// which server it may still talk. Also knows where addresses lead, and counts attempts. It looks at
// nothing that the client has made of what it read. Connections on which the client reads from
// replicas are apart: sentinels say nothing of those.

namespace plimsoll::sim {

class Hearsay final : public Driver::Guide {
 public:
  Hearsay(Environment& environment, std::uint32_t number, Group& group, const Driver& driver)
      : environment_(environment), number_(number), group_(group), driver_(driver) {}

  /// A client begins, whose first address is that of this sentinel; others are behind it.
  void begin(std::size_t first_sentinel);
  /// The client ends: what it was told does not matter any more.
  void end() { told_.reset(); }

  /// Whether this is, or was, a connection on which the client reads from a replica.
  bool is_for_reads(std::uint64_t link) const;
  /// Whether one of these histories was named on a main connection.
  bool has_heard_of(const std::set<std::string>& histories) const;
  /// Until when the main connection was one to another server than the primary, so that what that
  /// server has said of its history did not count.
  Instant astray_until() const { return astray_until_; }

  /// The server of the main connection; nothing if there was none yet.
  std::optional<std::size_t> main_server() const { return main_server_; }

  /// A write was acknowledged that this server has run.
  void check_acknowledged(std::size_t server);
  /// Between two events.
  void check();

  /// The client cannot reach this sentinel for that long, or none of them if it is nothing.
  void cut(std::optional<std::size_t> sentinel, Duration time);
  /// The connections that it has with the sentinels that are cut.
  std::vector<ConnectionId> cut_connections() const;

  Way way_to(const Action& open) override;
  void note_opened(ConnectionId connection, std::uint64_t link, std::size_t server) override;
  void note_read(std::uint64_t link, std::size_t bytes) override;
  void note_sent(std::uint64_t link, std::size_t bytes) override;
  void note_settled() override;

 private:
  static constexpr std::size_t sentinels_count = Group::sentinels_count;

  struct Opened {
    ConnectionId connection;
    std::size_t server;
  };
  struct Heard {
    Saying saying;
    std::uint64_t link;
  };
  // What the client must hold to.
  struct Told {
    std::size_t primary;
    std::size_t sentinel;
    Instant until;    // an announcement, which outweighs answers of others before
    bool is_doubted;  // others have said something else since
  };
  // What one sentinel said last, on a connection that was there then.
  struct Said {
    std::size_t primary;
    std::uint64_t link;
    Instant at;
  };
  using AllSaid = std::array<std::optional<Said>, sentinels_count>;

  std::size_t index_of(std::size_t sentinel) const { return sentinel - group_.first_sentinel(); }
  bool is_sentinel(std::size_t server) const { return server >= group_.first_sentinel(); }
  bool is_there(std::uint64_t link) const;
  void hear_all();
  void hear(const Heard& heard);
  void hear_answer(const Saying& saying);
  void end_announcement();
  std::size_t count_naming(std::size_t primary, const AllSaid& all) const;
  void count_if_elsewhere(std::size_t primary, Deed deed);
  void check_choice(std::size_t primary);
  bool may_be_late(std::size_t index) const;
  bool may_be_absent(std::size_t index) const;
  bool is_round_over() const;
  void check_attempts(std::size_t index);
  void begin_round();
  void end_round();
  void follow_state();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "client", number_);
  }

  Environment& environment_;
  const std::uint32_t number_;
  Group& group_;
  const Driver& driver_;
  std::size_t first_sentinel_ = 0;
  std::map<std::uint64_t, Opened> opened_;  // by serial number of the link
  std::vector<Heard> heard_;                // since note_settled()
  std::optional<Told> told_;
  AllSaid said_;  // if it was sent nothing since
  AllSaid heard_last_;
  std::optional<Said> announced_last_;
  std::array<std::uint64_t, sentinels_count> last_links_{};    // 0: none
  std::array<std::uint64_t, sentinels_count> links_counts_{};  // that there were
  std::array<bool, sentinels_count> was_late_{};  // has not answered in a round, nor since
  std::array<Instant, sentinels_count> cut_until_{};
  std::array<std::deque<Instant>, sentinels_count> attempts_;  // of the last second
  std::optional<std::size_t> main_server_;
  Instant astray_until_ = Instant::min();
  Session::State state_ = Session::State::idle;
  bool had_main_link_ = false;
  Instant round_began_at_{};  // the client asks where to go
};

}  // namespace plimsoll::sim
