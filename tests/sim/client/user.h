#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/sim/client/driver.h"
#include "plimsoll/tests/sim/client/errand.h"
#include "plimsoll/tests/sim/client/request.h"
#include "plimsoll/tests/sim/client/shared_cache.h"

// Someone who uses a client, and has it replaced when it has ended: submits, changes their mind,
// keeps replies, goes away. What kind of user it is (patient or not, in bursts or one at a time,
// with small values or large) the seed says.

namespace plimsoll::sim {

class User final : private Driver::Owner, private Desk, private Handler {
 public:
  /// `cache`: null for none.
  User(Environment& environment, std::uint32_t number, Budget& budget, SharedCache* cache);

  void start();

  /// Whether all requests were submitted that the scenario wants.
  bool has_submitted_all() const { return gone_ || submitted_ >= environment_.scenario.requests; }
  /// And has done what it was at.
  bool is_done() const { return has_submitted_all() && (over_ || !is_busy()); }

  /// The faults are over: makes sure that there is a client, and that it works.
  void prove_client();
  bool client_is_proved() const;
  /// Whether the client itself works, whatever its subscriptions do. A user without a client counts
  /// as well, or with one that has no room for a handshake: connections of other clients may hold
  /// all the memory that a new client needs.
  bool lives_on() const {
    return proof_ == Proof::given || !driver_.has_client() || driver_.lacks_room_to_connect();
  }
  /// Whether this user has no client, or its client has no room for a handshake, or commands that
  /// wait for a connection.
  bool waits_for_connection() const {
    return !driver_.has_client() || driver_.lacks_room_to_connect() || driver_.waits_to_block();
  }
  void release_all() { release_some(kept_.size()); }

  /// Does nothing, but looks whether there is something to do.
  void stir() {
    if (!over_ && !driver_.frozen()) driver_.settle();
  }

  /// Between two events; and when nobody does anything.
  void check();
  void check_quiet();

  /// Ends the client in order, and releases what was kept.
  void leave();
  bool has_left() const { return !driver_.has_client(); }

  const Budget& budget() const { return budget_; }
  /// Of large replies that are kept, which hold whole segments.
  std::size_t large_bytes_kept() const { return large_bytes_kept_; }

  Driver& driver() override { return driver_; }
  const Driver& driver() const { return driver_; }

 private:
  enum Plan : std::uint32_t { begin, act, prove, go_on, chatter };
  enum class Proof : std::uint8_t { not_wanted, wanted, asked, given };

  static constexpr std::size_t popper = 1;  // among the errands

  /// How this user is.
  struct Habits {
    Habits(Random& random, const Environment& environment);
    std::uint64_t batch_max;  // requests at a time
    Duration pause_max;       // between two batches
    bool waits_for_replies;   // before the next batch
    std::size_t value_max;    // bytes, mostly few
    std::uint8_t resends_max;
    bool may_wait_for_ever;    // has requests without a deadline
    std::uint64_t errands;     // does one each so many times that it acts; 0: never
    bool greedy;               // wants more at once than a tight line has room for
    bool hoards;               // keeps what it is given
    std::size_t leaves_after;  // requests; others have come already then. 0: stays
    bool babbles;              // never rests, if memory is short
  };

  struct Submitted {
    RequestId id;
    RequestNumber number;
    std::uint64_t life;  // of the client that it was given to
  };

  struct Kept {
    Reply reply;
    std::uint64_t hash;
    RequestNumber number;
    std::size_t large_bytes;  // 0: few enough to be copied
  };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void handle_ready() override {}
  void handle_disconnected(const Error&) override {}
  void handle_outcome(const Event& event, bool truthful) override;
  void handle_part(const Event& event, bool truthful) override;
  void handle_closed(const Error& reason) override;

  Environment& environment() override { return environment_; }
  Random& random() override { return random_; }
  std::uint32_t user_number() const override { return number_; }
  bool is_calm() const override { return environment_.calm; }
  RequestNumber enter(Errand& errand, Instant deadline, std::uint16_t runs_max,
                      const char* what) override;
  bool note_submitted(const Result<RequestId>& id, RequestNumber number) override;
  void go_on_soon(Errand& errand) override;
  void go_on_later(Errand& errand) override;
  void go_on_after(Errand& errand, Duration wait) override;
  void go_on_with(std::uint64_t detail);
  void send_credentials();
  void draw_identity(ClientOptions& options);
  void change_identity();
  void become_another() override;
  void act_beside() override;
  void lean(ClientOptions& options);

  bool has(Fault fault) const {
    return !environment_.calm && environment_.scenario.faults.has(fault);
  }
  bool strikes(Fault fault, std::uint64_t one_in);
  bool is_busy() const;
  Errand& draw_errand();
  void begin_life();
  ClientOptions draw_options();
  void act_once();
  void plan_act();
  void misbehave();
  void submit_batch();
  void submit_and_regret();
  void submit(RequestKind kind, Duration timeout, std::size_t value_bytes);
  RequestKind draw_kind();
  Duration draw_timeout() override;
  std::size_t draw_value_bytes();
  void cancel_some();
  void cancel(const Submitted& victim);
  void keep(RequestNumber number, std::uint64_t hash);
  void release_some(std::size_t count);
  void ask_for_proof();
  void babble();
  void depart();

  Environment& environment_;
  const std::uint32_t number_;
  Budget& budget_;
  SharedCache* const cache_;
  Random random_;
  const Habits habits_;
  Driver driver_;
  RequestWriter writer_;
  std::string scratch_;
  std::size_t submitted_ = 0;
  std::uint64_t pending_ = 0;
  std::uint64_t life_ = 0;
  bool over_ = true;  // there is no client that takes requests
  bool leaving_ = false;
  bool gone_ = false;  // a visitor
  bool act_planned_ = false;
  bool chatter_planned_ = false;
  Proof proof_ = Proof::not_wanted;
  RequestNumber proof_number_ = 0;
  std::array<Submitted, 64> recent_{};
  std::uint64_t recent_count_ = 0;
  std::vector<Kept> kept_;
  std::vector<std::unique_ptr<Errand>> errands_;
  std::map<RequestNumber, Errand*> errand_of_;  // of requests without an outcome
  Instant side_delivered_at_{};  // as of the driver, when errands were told of it last
  std::size_t passwords_told_ = 0;
  Random identity_random_;
  Random leant_random_;    // of what its world has more of than others
  bool is_named_ = false;  // one of the named users, who have no passwords that change
  std::size_t large_bytes_kept_ = 0;
};

}  // namespace plimsoll::sim
