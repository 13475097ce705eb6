#pragma once

#include <cstdint>
#include <string>

#include "plimsoll/tests/sim/client/driver.h"
#include "plimsoll/tests/sim/environment.h"

// What users do that takes more than a request: transactions, waiting for elements, locks,
// subscriptions.

namespace plimsoll::sim {

class Errand;

/// The bytes of a string; of anything else, none.
std::string text_of(const Value& value);

/// What a user does for an errand.
class Desk {
 public:
  virtual Environment& environment() = 0;
  virtual Driver& driver() = 0;
  virtual Random& random() = 0;
  virtual std::uint32_t user_number() const = 0;
  virtual Duration draw_timeout() = 0;
  /// Whether errands begin nothing new, and all that they wait for must end.
  virtual bool is_calm() const = 0;

  /// Enters a request into the ledger; what comes of it is told to `errand`.
  virtual RequestNumber enter(Errand& errand, Instant deadline, std::uint16_t runs_max,
                              const char* what) = 0;
  /// After it was submitted. False where it was refused, and nothing will come of it.
  virtual bool note_submitted(const Result<RequestId>& id, RequestNumber number) = 0;
  /// Has errand.go_on() called soon.
  virtual void go_on_soon(Errand& errand) = 0;
  virtual void go_on_later(Errand& errand) = 0;
  virtual void go_on_after(Errand& errand, Duration wait) = 0;
  /// Has something done on a connection beside the main one.
  virtual void act_beside() = 0;
  /// Changes who the client is, where it may.
  virtual void become_another() = 0;

 protected:
  ~Desk() = default;
};

class Errand {
 public:
  explicit Errand(Desk& desk) : desk_(desk) {}
  virtual ~Errand() = default;
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;

  /// There is a new client, and what was begun with the one before has ended.
  virtual void begin_life() {}
  /// Does something, as it pleases.
  virtual void act() = 0;
  virtual void go_on() {}
  /// Whether it is in the middle of something that the world should see the end of.
  virtual bool is_busy() const { return false; }
  /// The client may not be called from these two.
  virtual void handle_outcome(const Event& event, bool truthful) = 0;
  virtual void handle_part(const Event&, bool) {}
  /// A connection beside the main one has told something: the client may not be called.
  virtual void note_side_delivery() {}
  /// Between two events: holds the client to what it says of itself.
  virtual void check() {}
  /// Everybody is there, and nobody does anything.
  virtual void check_quiet() {}
  /// The faults are over: what may wait for ever is ended.
  virtual void calm_down() {}
  /// Whether it has been seen to work since, where it has to.
  virtual bool is_proved() { return true; }

 protected:
  Environment& environment() { return desk_.environment(); }
  Driver& driver() { return desk_.driver(); }
  Random& random() { return desk_.random(); }
  Coverage& coverage() { return environment().coverage; }
  Books& books() { return environment().books; }
  Instant deadline_of(Duration timeout) {
    return timeout == Duration::zero() ? never : after(environment().now(), timeout);
  }
  void require(bool holds, const char* property, RequestNumber number) {
    environment().referee.require(holds, property, "request", number);
  }

  Desk& desk_;
};

}  // namespace plimsoll::sim
