#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "plimsoll/core/client/client.h"
#include "plimsoll/tests/sim/environment.h"

// One of a driver's connections: moves bytes between a core Client and a Link, as client.h wants
// it. When a write is done, and how much is read at once, is a habit of its driver's.

namespace plimsoll::sim {

// When bytes move, and when the client hears of it.
enum class Writes : std::uint8_t { at_once, later, told_later };

struct WireHabits {
  explicit WireHabits(Random& random);
  Writes writes;
  Duration write_time_max;
  std::size_t read_bytes_max;
};

class Wire final : private Link::Client, private BudgetWaiter, private Handler {
 public:
  /// The driver that it belongs to.
  class Owner {
   public:
    virtual plimsoll::Client* client() = 0;  ///< null: none
    virtual Budget& budget() = 0;
    virtual Instant frozen_until() const = 0;
    /// What the client takes for the time.
    virtual Instant time() const = 0;
    /// Whether results are taken.
    virtual bool reads() const = 0;
    virtual void settle() = 0;
    // Of the main connection.
    virtual void handle_news() = 0;  ///< something is heard of it
    virtual void handle_bytes() = 0;
    virtual void handle_end() = 0;  ///< there is none any more
    // Of each connection, by its serial number.
    virtual void note_read(std::uint64_t link, std::size_t bytes) = 0;  ///< before the client has
    virtual void note_sent(std::uint64_t link, std::size_t bytes) = 0;

   protected:
    ~Owner() = default;
  };

  Wire(Environment& environment, std::uint32_t driver, ConnectionId connection, Owner& owner,
       const WireHabits& habits);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// What the client wants. `pool` pays for what is read.
  void open(std::size_t server, PoolKind pool, Link::Attempt attempt = Link::Attempt::succeeds);
  void close();

  /// Sends what the client has to send.
  void flush();
  void read_all();
  /// After the client's timer.
  void try_again_for_room();

  // Faults, where there is a connection.

  /// Nothing that the server says arrives for that long.
  void hold_news(Duration time);
  void reset();

  /// There is a new client, or none any more.
  void begin();
  void finish();

  bool is_open() const { return link_ != nullptr && open_; }
  bool has_connection() const { return link_ != nullptr; }
  /// The connections that it has had, or tried to have, since forget_links().
  const std::vector<std::uint64_t>& links() const { return links_; }
  void forget_links() { links_.clear(); }
  bool writing() const { return writing_; }
  /// Whether the server has not lied on the connection that is there, or was there last.
  bool truthful() const { return link_ == nullptr || link_->truthful(); }
  /// All that the server said before that, the client has read and acted upon.
  Instant heard_until() const { return heard_until_; }
  /// When the server told the client on this connection what it had missed; `never`: it has not.
  Instant resumed_at() const { return link_ == nullptr ? never : link_->resumed_at(); }
  bool is_stuck_for_room() const { return waits_for_news() && link_ != nullptr; }
  /// Whoever waits for memory has been told as soon as there is some.
  void check_news_of_room();

 private:
  enum Plan : std::uint32_t {
    write_done,
    retry_read,
    connected,
    refused,
    readable,
    writable,
    lost
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void handle_connected() override { hear_of(connected); }
  void handle_refused() override { hear_of(refused); }
  void handle_readable() override { hear_of(readable); }
  void handle_writable() override { hear_of(writable); }
  void handle_lost() override { hear_of(lost); }
  void handle_budget_available() override;

  bool is_main() const { return connection_ == first_connection; }
  bool frozen() const { return environment_.now() < owner_.frozen_until(); }
  void hear_of(Plan news);
  void act_on(Plan news);
  void lose_link(const Error& reason);
  void let_go_of_write();
  bool wait_for_room();
  bool waits_for_news() const {
    return owner_.client() != nullptr && waits_for_room_ && !told_of_room_ && !refused_by_source_;
  }
  std::uint64_t refusals_by_source() const;
  void end_write();
  std::size_t move_bytes();
  std::uint64_t hash_of_spans() const;
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "client", driver_);
  }

  Environment& environment_;
  const std::uint32_t driver_;
  const ConnectionId connection_;
  Owner& owner_;
  const WireHabits habits_;
  Random random_;
  PoolKind pool_ = PoolKind::replies;
  Link* link_ = nullptr;
  std::vector<std::uint64_t> links_;
  bool open_ = false;  // link_ is connected
  Instant heard_until_{};
  bool waits_for_room_ = false;
  bool told_of_room_ = false;       // and will try again at once
  bool refused_by_source_ = false;  // what it waits for
  bool write_blocked_ = false;
  bool writing_ = false;
  bool lost_write_ = false;  // its connection is gone
  std::uint64_t write_number_ = 0;
  std::size_t moved_bytes_ = 0;  // but not told yet
  std::uint64_t write_hash_ = 0;
  std::array<std::string_view, 16> spans_;
  std::size_t spans_count_ = 0;
  // Of which connection it will be told, when it thaws, that there is something to read.
  struct ReadableNews {
    std::uint64_t connection = 0;
    Instant until{};
    friend bool operator==(const ReadableNews&, const ReadableNews&) = default;
  } told_readable_;
};

}  // namespace plimsoll::sim
