#include "plimsoll/credentials.h"

#include <atomic>
#include <utility>

namespace plimsoll::inline v0::native {

class CredentialsRequest::State {
 public:
  State(boost::asio::any_io_executor executor, std::function<void(Answer)> deliver)
      : executor_(std::move(executor)), deliver_(std::move(deliver)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { answer({.failure = "it was dropped without an answer"}); }

  void answer(Answer answer) {
    if (!answered_.exchange(true)) deliver_(std::move(answer));
  }

  const boost::asio::any_io_executor& executor() const { return executor_; }

 private:
  const boost::asio::any_io_executor executor_;
  const std::function<void(Answer)> deliver_;
  std::atomic<bool> answered_{false};
};

CredentialsRequest::CredentialsRequest(boost::asio::any_io_executor executor,
                                       std::function<void(Answer)> deliver)
    : state_(std::make_shared<State>(std::move(executor), std::move(deliver))) {}

void CredentialsRequest::succeed(Credentials credentials) const {
  state_->answer({.credentials = std::move(credentials)});
}

void CredentialsRequest::fail(std::string_view why) const {
  state_->answer({.failure = why.empty() ? "no reason was given" : std::string(why)});
}

const boost::asio::any_io_executor& CredentialsRequest::get_executor() const {
  return state_->executor();
}

}  // namespace plimsoll::inline v0::native
