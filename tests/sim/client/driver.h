#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/client/client.h"
#include "plimsoll/tests/sim/environment.h"

// A driver as client.h wants it: moves bytes and time between a core Client and a Link, keeps every
// rule of that contract, and holds the client to its side. What it is free to choose (when a write
// is done, how much is read at once) it draws from the seed.

namespace plimsoll::sim {

class Driver final : private Link::Client, private BudgetWaiter, private Handler {
 public:
  /// Who wanted a client. None of these may call the driver back.
  class Owner {
   public:
    virtual void handle_ready() = 0;
    virtual void handle_disconnected(const Error& reason) = 0;
    /// Of request `event.tag`. `truthful`: the server has not lied on this connection.
    virtual void handle_outcome(const Event& event, bool truthful) = 0;
    virtual void handle_closed(const Error& reason) = 0;

   protected:
    ~Owner() = default;
  };

  Driver(Environment& environment, std::uint32_t number, Owner& owner);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Makes a client of `server`'s and has it connect. False: `budget` has no room for it.
  bool start(const ClientOptions& options, Budget& budget, std::size_t server);

  /// Ends the client, which has said that it is closed, or has never been started.
  void finish();

  /// Whether nothing is owed to the client.
  bool is_quiet() const { return !client_ || client_->statistics().in_flight == 0; }
  bool has_client() const { return client_.has_value(); }
  /// Whether the transport still has bytes of the client's.
  bool writing() const { return writing_; }

  // What its owner does. Not while it is frozen.

  Result<RequestId> submit(const CommandView& command, Duration timeout, Tag tag);
  /// After one or more submit(), and after nothing else: sends what was staged.
  void settle();
  void cancel(RequestId id);
  void close();
  void abort();
  /// Of the event at hand. `bytes`: of the reply on the wire.
  Result<Reply> keep_reply(std::size_t bytes);

  // Faults.

  /// Nothing is read for that long.
  void pause_reading(Duration time);
  /// Nothing at all happens for that long.
  void freeze(Duration time);
  bool frozen() const { return environment_.now() < frozen_until_; }
  /// Deadlines before it could pass unseen.
  Instant frozen_until() const { return frozen_until_; }

  void validate();

  /// Whoever waits for memory has been told as soon as there is some. Not asked of those whom the
  /// source refused: it never tells.
  void check_news_of_room();
  /// Whether it has begun to read what it can only go on with when others release memory.
  bool is_stuck_for_room() const { return waits_for_news() && link_ != nullptr; }
  bool has_connection() const { return link_ != nullptr; }

 private:
  // When bytes move, and when the client hears of it.
  enum class Writes : std::uint8_t { at_once, later, told_later };
  enum Plan : std::uint32_t {
    timer,
    write_done,
    retry_read,
    end_pause,
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

  void hear_of(Plan news);
  void act_on(Plan news);
  void tell(const Event& event);
  void act(const Action& action);
  void open();
  void close_link();
  void lose_link(const Error& reason);
  void let_go_of_write();
  void serve_timer();
  void arm_timer();
  void read_all();
  bool wait_for_room();
  bool waits_for_news() const {
    return client_ && waits_for_room_ && !told_of_room_ && !refused_by_source_;
  }
  std::uint64_t refusals_by_source() const;
  void check_refusal(std::uint64_t refusals_before, PoolKind pool, std::size_t bytes_max);
  void flush();
  void end_write();
  static Writes draw_writes(Random& random);
  std::size_t move_bytes();
  std::uint64_t hash_of_spans() const;
  void note_state();
  void check_attempt();
  void check_silence();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "client", number_);
  }

  Environment& environment_;
  const std::uint32_t number_;
  Owner& owner_;
  Random random_;
  const Writes writes_;
  const Duration write_time_max_;
  const std::size_t read_bytes_max_;

  Budget* budget_ = nullptr;
  std::size_t server_ = 0;
  std::optional<plimsoll::Client> client_;
  Session::State state_ = Session::State::idle;
  Link* link_ = nullptr;
  bool open_ = false;  // link_ is connected
  bool closed_ = false;
  bool paused_ = false;
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
  std::uint64_t pause_number_ = 0;
  Instant armed_ = never;
  ClientOptions options_;
  bool was_ready_ = false;
  std::uint32_t attempts_ = 0;       // since it was ready
  Instant without_link_since_{};     // and waits for the next attempt
  std::uint64_t waiting_count_ = 0;  // requests that somebody waits for
  Instant quiet_since_{};            // nothing was heard, and nobody waited
  Instant frozen_until_{};
  // Of which connection it will be told, when it thaws, that there is something to read.
  struct ReadableNews {
    std::uint64_t connection = 0;
    Instant until{};
    friend bool operator==(const ReadableNews&, const ReadableNews&) = default;
  } told_readable_;
  Tag last_completed_ = 0;
};

}  // namespace plimsoll::sim
