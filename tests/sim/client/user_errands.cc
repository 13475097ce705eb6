#include <algorithm>

#include "plimsoll/tests/sim/client/user.h"

// What a user does for its errands.

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration soon_max = milliseconds(2);
constexpr Duration later = milliseconds(50);
constexpr std::uint64_t errands_max = 16;

}  // namespace

RequestNumber User::enter(Errand& errand, Instant deadline, std::uint16_t runs_max,
                          const char* what) {
  const RequestNumber number = environment_.ledger.begin(deadline, runs_max);
  ++environment_.coverage.requests;
  environment_.note("client", number_, "submits % %", number, what);
  errand_of_[number] = &errand;
  return number;
}

bool User::note_submitted(const Result<RequestId>& id, RequestNumber number) {
  if (id) {
    recent_[recent_count_++ % recent_.size()] = {*id, number, life_};
    return true;
  }
  environment_.note("client", number_, "% is refused: %", number, name(id.error().code).data());
  environment_.coverage.count_outcome(id.error());
  environment_.ledger.refuse(number);
  errand_of_.erase(number);
  return false;
}

void User::handle_part(const Event& event, bool truthful) {
  const auto errand = errand_of_.find(event.tag);
  const bool known = errand != errand_of_.end();
  environment_.referee.require(known, "parts are of what has no outcome yet", "request", event.tag);
  if (known) errand->second->handle_part(event, truthful);
}

void User::go_on_soon(Errand& errand) {
  go_on_after(errand, random_.between(Duration::zero(), soon_max));
}

void User::go_on_later(Errand& errand) { go_on_after(errand, later); }

void User::go_on_after(Errand& errand, Duration wait) {
  const auto found = std::find_if(errands_.begin(), errands_.end(),
                                  [&](const auto& each) { return each.get() == &errand; });
  const auto index = static_cast<std::uint64_t>(found - errands_.begin());
  environment_.schedule.plan(wait, *this, go_on, life_ * errands_max + index);
}

void User::go_on_with(std::uint64_t detail) {
  if (driver_.frozen()) {
    return environment_.schedule.plan_at(driver_.frozen_until(), *this, go_on, detail);
  }
  if (over_ || leaving_ || detail / errands_max != life_) return;
  errands_[detail % errands_max]->go_on();
}

void User::check() {
  if (over_) return;
  for (const auto& errand : errands_) errand->check();
}

void User::check_quiet() {
  if (over_) return;
  for (const auto& errand : errands_) errand->check_quiet();
}

void User::send_credentials() {
  const auto& passwords = environment_.passwords;
  if (passwords_told_ == passwords.size()) return;
  if (!environment_.scenario.faults.has(Fault::rotation) || is_named_) return;
  passwords_told_ = passwords.size();
  environment_.coverage.count(Deed::credentials_changed);
  driver_.set_credentials({.username = {}, .password = passwords.back()});
}

// Half of those who share a cache are not the default user.
void User::draw_identity(ClientOptions& options) {
  const bool is_leant =
      environment_.leaning == Leaning::masks || environment_.leaning == Leaning::rights;
  is_named_ = cache_ != nullptr && (identity_random_.one_in(2) || is_leant);
  if (!is_named_) return;
  const Credentials credentials = SharedCache::user(identity_random_);
  options.username = credentials.username;
  options.password = credentials.password;
}

// Somebody else from here on, with the same client.
void User::change_identity() {
  if (is_named_ && !environment_.calm && identity_random_.one_in(30)) become_another();
}

void User::become_another() {
  if (!is_named_ || environment_.calm) return;
  environment_.coverage.count(Deed::user_changed);
  driver_.set_credentials(SharedCache::user(identity_random_));
}

void User::act_beside() {
  if (!environment_.calm) errands_[popper]->act();
}

// More wait than may block, and some connections are there for all.
void User::lean(ClientOptions& options) {
  if (environment_.leaning != Leaning::crowd) return;
  options.inflight_overflow = OnLimit::wait;
  options.waiters_max = static_cast<std::uint32_t>(leant_random_.between(2, 16));
  options.blocking_connections_max = static_cast<std::uint32_t>(leant_random_.between(1, 2));
}

}  // namespace plimsoll::sim
