#include <algorithm>

#include "plimsoll/tests/sim/client/user.h"

// What a user does once the faults are over, to see that its client works.

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;

constexpr Duration proof_pause = milliseconds(50);
constexpr std::uint64_t babble_max = 24;  // requests under way

}  // namespace

void User::prove_client() {
  release_some(kept_.size());
  proof_ = gone_ ? Proof::given : Proof::wanted;
  if (gone_) return;
  for (const auto& errand : errands_) errand->calm_down();
  ask_for_proof();
}

bool User::client_is_proved() const {
  if (gone_) return over_;
  return proof_ == Proof::given && std::all_of(errands_.begin(), errands_.end(),
                                               [](const auto& each) { return each->is_proved(); });
}

// Asks again as long as the answer is not a reply: the faults of before may still have effects.
void User::ask_for_proof() {
  const bool babbles = environment_.drought && habits_.babbles;
  if ((proof_ == Proof::given && !babbles) || leaving_) return;
  environment_.schedule.plan(proof_pause, *this, prove);
  if (over_ || driver_.frozen()) return;
  send_credentials();
  if (proof_ == Proof::wanted && !over_) {
    proof_ = Proof::asked;
    proof_number_ = environment_.ledger.requests_count() + 1;
    submit(RequestKind::echo, Duration::zero(), draw_value_bytes());
    driver_.settle();
  }
  babble();
}

// As long as it is not told to rest, there is always more that it waits for.
void User::babble() {
  if (!environment_.drought || !habits_.babbles) return;
  if (over_ || driver_.frozen() || proof_ == Proof::wanted) return;
  while (pending_ < babble_max) {
    const std::uint64_t before = pending_;
    submit(RequestKind::echo, Duration::zero(), 50 + random_.below(700));
    if (pending_ == before) break;  // no room
  }
  driver_.settle();
}

void User::leave() {
  leaving_ = true;
  release_some(kept_.size());
  if (!over_) driver_.close();
}

}  // namespace plimsoll::sim
