#include "plimsoll/native/driver/credentials_source.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "plimsoll/native/base/executor_life.h"
#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/base/steady_now.h"

namespace plimsoll::inline v0::native {

CredentialsSource::CredentialsSource(Owner& owner, Strand& strand, const Target& target,
                                     std::uint64_t random_seed)
    : owner_(owner),
      strand_(strand),
      options_(target.options),
      is_over_bridge_(target.endpoints.front().kind == Endpoint::Kind::websocket),
      fork_count_(current_fork_count()),
      timer_(strand.executor()),
      backoff_(options_.reconnect_wait_min, options_.reconnect_wait_max, random_seed) {}

bool CredentialsSource::inherited() const { return fork_count_ != current_fork_count(); }

bool CredentialsSource::lasting() const { return steady_now() < good_until_; }

void CredentialsSource::want() {
  switch (state_) {
    case State::idle: return ask();
    case State::asking:
      // The new attempt may wait for the answer as long as the first one.
      return call_in(options_.connect_timeout / 4 * 3, [this] { handle_late(); });
    case State::overdue:
      // Posted: want() is called in the middle of a turn, and a failed attempt runs a turn itself.
      strand_.post([self = owner_.hold(), this] {
        if (!inherited()) handle_late();
      });
      return;
    case State::over: return;
  }
}

void CredentialsSource::ask() {
  state_ = State::asking;
  // A quarter of connect_timeout is left for connecting.
  call_in(options_.connect_timeout / 4 * 3, [this] { handle_late(); });
  // The answer may come on any thread, at any time: the client may have ended by then, and its
  // executor, too.
  CredentialsRequest request(
      strand_.executor(),
      [this, weak = std::weak_ptr<void>(owner_.hold()), life = ExecutorLife::of(strand_.executor()),
       fork_count = fork_count_](CredentialsRequest::Answer answer) {
        if (fork_count != current_fork_count()) return;
        life->while_alive([&] {
          auto self = weak.lock();
          if (self == nullptr) return;
          strand_.post([self = std::move(self), this, answer = std::move(answer)]() mutable {
            if (!inherited()) handle_answer(std::move(answer));
          });
        });
      });
  try {
    options_.credentials(request);
  } catch (const std::exception& problem) {
    request.fail(problem.what());
  } catch (...) {
    request.fail("");
  }
}

void CredentialsSource::handle_answer(CredentialsRequest::Answer answer) {
  if (state_ == State::over) return;
  state_ = State::idle;
  timer_.cancel();
  if (answer.failure.empty()) answer.failure = problem_of(answer.credentials);
  if (!answer.failure.empty()) {
    if (renews_) renew_in(backoff_.next());
    return report_failure(std::move(answer.failure));
  }
  if (!std::exchange(refused_, false)) backoff_.reset();
  const Duration lifetime = std::max(answer.credentials.lifetime, Duration::zero());
  good_until_ = after(steady_now(), lifetime);
  renews_ = lifetime > Duration::zero() && good_until_ != never;
  if (renews_) {
    renew_in(lifetime - std::min<Duration>(options_.credentials_refresh_before, lifetime / 2));
  }
  owner_.handle_credentials(std::move(answer.credentials));
}

// Returns what is wrong with an answer; empty: nothing.
std::string_view CredentialsSource::problem_of(const Credentials& credentials) const {
  if (credentials.password.empty()) {
    return is_over_bridge_ ? "there is no token in its answer, as the password"
                           : "there is no password in its answer";
  }
  if (is_over_bridge_ && !credentials.username.empty()) {
    return "there is a username in its answer, and a bridge goes by the token alone";
  }
  return {};
}

void CredentialsSource::handle_late() {
  if (state_ != State::asking && state_ != State::overdue) return;
  state_ = State::overdue;
  report_failure("Options::credentials did not answer in time");
}

void CredentialsSource::report_failure(std::string why) { owner_.handle_no_credentials(why); }

void CredentialsSource::handle_refused() {
  if (state_ == State::over) return;
  refused_ = true;
  good_until_ = steady_now();
  if (state_ == State::idle) renew_in(backoff_.next());
}

void CredentialsSource::renew_in(Duration wait) {
  call_in(wait, [this] {
    if (state_ == State::idle) ask();
  });
}

template <class Handler>
void CredentialsSource::call_in(Duration wait, Handler handler) {
  timer_.expires_after(wait);
  timer_.async_wait(
      strand_.bind([self = owner_.hold(), this, handler](const boost::system::error_code& problem) {
        if (!problem && !inherited()) handler();
      }));
}

void CredentialsSource::stop() {
  state_ = State::over;
  timer_.cancel();
}

}  // namespace plimsoll::inline v0::native
