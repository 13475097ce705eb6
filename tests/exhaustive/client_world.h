#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/exhaustive/choices.h"
#include "plimsoll/tests/exhaustive/rules.h"
#include "plimsoll/tests/exhaustive/story.h"
#include "plimsoll/tests/exhaustive/tiny_server.h"

// One client, one server and the bytes between them, as a world for enumerate(). All that a client
// promises is held after every move: one outcome a request, what is said of whether it ran, order,
// deadlines, bytes that stay, its own validate(). In the end the faults stop: everything must end,
// the client must work, close, and have given back all memory.

namespace plimsoll::exhaustive {

class ClientWorld {
 public:
  ClientWorld(Choices& choices, const Rules& rules, Tally& tally);
  ~ClientWorld();
  ClientWorld(const ClientWorld&) = delete;
  ClientWorld& operator=(const ClientWorld&) = delete;

  std::size_t moves_count();
  void make(std::size_t move);
  void finish();

 private:
  enum class Link : std::uint8_t { none, opening, open };
  enum class Claim : std::uint8_t { none, never, once };

  struct Request {
    RequestId id = 0;
    Instant deadline = never;
    bool pending = false;
    bool offered = false;       // some of its bytes may have been given out
    bool offered_here = false;  // on this connection
    bool in_transfer = false;   // given out when a connection ended
    bool completed = false;
    std::uint8_t runs_max = 1;
    Claim claim = Claim::none;
  };

  bool is_possible(Move move);
  bool may_move(Move move);
  std::size_t choose(std::size_t count) { return healed_ ? count - 1 : choices_.choose(count); }
  void require(bool holds, const char* property) { story_.require(holds, property); }

  // The moves.
  void submit();
  void cancel();
  void open();
  void refuse();
  bool offer();
  void arrive();
  void take();
  void read();
  void wait();
  void lose();
  void poll_once();
  void act_once();

  void submit_next(const Rules::Request& request);
  void check_window();
  void note_wait();
  void read_some(std::size_t bytes);
  void shake_hands();
  void end_link();
  void settle();
  // The Budget's ticks, which come by with the client's own timers, do not show.
  Instant poll_timeout() {
    budget_.poll_timeout(this, now_);
    return client_->poll_timeout();
  }
  void check_settled();
  void act(const Action& action);
  void note(const Event& event);
  void note_completed(const Event& event);
  void note_failed(const Event& event);
  Request& end_request(Tag tag);
  void note_health_checks();
  bool health_check_is_owed() const;
  void check_death() const;
  std::vector<std::size_t> amounts_of_given() const;
  std::vector<std::size_t> cancellable() const;
  void check_claims();
  std::string offered_bytes() const;
  bool any_pending() const;

  // The end.
  void heal();
  void heal_step();
  void check_idle();

  Choices& choices_;
  const Rules& rules_;
  Tally& tally_;
  Story story_;
  TinyServer server_;
  Budget budget_;
  std::size_t empty_bytes_;
  std::optional<Client> client_;
  std::size_t idle_bytes_ = 0;
  Instant now_{};
  Link link_ = Link::none;
  bool drained_ = true;
  bool unsent_ = false;  // there may be something to offer
  bool writing_ = false;
  std::array<std::string_view, 8> spans_;
  std::size_t spans_count_ = 0;
  std::string given_;      // what spans_ showed when they were offered
  std::size_t heard_ = 0;  // of these, bytes that have arrived
  bool lost_write_ = false;
  bool ready_ = false;
  bool was_ready_ = false;
  bool told_of_loss_ = false;
  bool closing_ = false;
  bool closed_ = false;
  bool healed_ = false;
  bool attempting_ = false;  // there is a connection that is not ready
  bool attempt_should_succeed_ = false;
  bool refused_for_good_ = false;
  Instant close_due_ = never;          // when close() waits no longer
  Instant heard_at_{};                 // the last byte from the server
  std::uint32_t attempts_failed_ = 0;  // in a row
  std::uint64_t health_checks_ = 0;    // in all
  std::uint64_t health_checks_here_ = 0;
  std::size_t pongs_before_ = 0;  // read on this connection before it was ready
  std::size_t heard_before_ = 0;  // by the server, likewise
  std::size_t read_before_ = 0;   // replies, likewise
  std::uint64_t times_ready_ = 0;
  Instant waits_since_ = never;  // for the next attempt
  std::uint64_t completed_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t skipped_ = 0;
  std::array<std::uint8_t, move_kinds_count> made_{};
  std::vector<Move> possible_;
  std::vector<Request> requests_;
  std::size_t last_completed_ = 0;  // the letter behind it, on this connection
};

}  // namespace plimsoll::exhaustive
