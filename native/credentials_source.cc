#include "plimsoll/native/credentials_source.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/post.hpp>

#include "plimsoll/native/driver_io.h"
#include "plimsoll/native/executor_life.h"
#include "plimsoll/native/fork.h"

namespace plimsoll::native {

CredentialsSource::CredentialsSource(Driver& driver, std::uint64_t random_seed)
    : driver_(driver),
      options_(driver.options()),
      timer_(driver.executor()),
      backoff_(options_.reconnect_wait_min, options_.reconnect_wait_max, random_seed) {}

bool CredentialsSource::lasting() const { return now() < good_until_; }

void CredentialsSource::want() {
  switch (state_) {
    case State::idle: return ask();
    case State::asking:
      // Whoever comes now may wait as long as the first.
      return call_in(options_.connect_timeout / 4 * 3, [this] { handle_late(); });
    case State::overdue:
      // Not from within the attempt that wants them.
      boost::asio::post(driver_.executor(), [self = driver_.shared_from_this(), this] {
        if (!self->inherited()) handle_late();
      });
      return;
    case State::over: return;
  }
}

void CredentialsSource::ask() {
  state_ = State::asking;
  // What is left of connect_timeout is for connecting.
  call_in(options_.connect_timeout / 4 * 3, [this] { handle_late(); });
  // Answered on any thread, at any time: the client may have ended, and its executor, too.
  CredentialsRequest request(
      driver_.executor(),
      [this, weak = driver_.weak_from_this(), life = ExecutorLife::of(driver_.executor()),
       generation = fork_generation()](CredentialsRequest::Answer answer) {
        if (generation != fork_generation()) return;
        life->while_alive([&] {
          auto self = weak.lock();
          if (self == nullptr) return;
          const boost::asio::any_io_executor executor = self->executor();
          boost::asio::post(executor,
                            [self = std::move(self), this, answer = std::move(answer)]() mutable {
                              if (!self->inherited()) handle_answer(std::move(answer));
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
    return tell_failure(std::move(answer.failure));
  }
  if (!std::exchange(refused_, false)) backoff_.reset();
  const Duration lifetime = std::max(answer.credentials.lifetime, Duration::zero());
  good_until_ = after(now(), lifetime);
  renews_ = lifetime > Duration::zero() && good_until_ != never;
  if (renews_) {
    renew_in(lifetime - std::min<Duration>(options_.credentials_refresh_before, lifetime / 2));
  }
  driver_.handle_credentials(std::move(answer.credentials));
}

// What is wrong with an answer; empty: nothing.
std::string_view CredentialsSource::problem_of(const Credentials& credentials) const {
  const bool over_bridge = driver_.is_over_bridge();
  if (credentials.password.empty()) {
    return over_bridge ? "there is no token in its answer, as the password"
                       : "there is no password in its answer";
  }
  if (over_bridge && !credentials.username.empty()) {
    return "there is a username in its answer, and a bridge goes by the token alone";
  }
  return {};
}

void CredentialsSource::handle_late() {
  if (state_ != State::asking && state_ != State::overdue) return;
  state_ = State::overdue;
  tell_failure("Options::credentials did not answer in time");
}

void CredentialsSource::tell_failure(std::string why) { driver_.handle_no_credentials(why); }

void CredentialsSource::handle_refused() {
  if (state_ == State::over) return;
  refused_ = true;
  good_until_ = now();
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
      [self = driver_.shared_from_this(), handler](const boost::system::error_code& problem) {
        if (!problem && !self->inherited()) handler();
      });
}

void CredentialsSource::stop() {
  state_ = State::over;
  timer_.cancel();
}

}  // namespace plimsoll::native
