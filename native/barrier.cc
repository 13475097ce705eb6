#include "plimsoll/native/barrier.h"

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>

#include "plimsoll/native/runtime.h"

namespace plimsoll::native {
namespace {

// What the clients' answers come to. Goes with the last of them, or with their executors.
class Barrier {
 public:
  Barrier(std::size_t answers, Operation& operation) : left_(answers), operation_(&operation) {}

  void handle_answer(const Result<void>& answer) {
    {
      const std::lock_guard lock(mutex_);
      if (!answer && !vouches_for_nothing(answer.error()) && !failure_) failure_ = answer.error();
      if (--left_ > 0) return;
    }
    Operation& operation = *operation_.release();
    operation.deliver(Delivery{.failure = failure_ ? &*failure_ : nullptr});
    operation.complete();
  }

 private:
  static bool vouches_for_nothing(const Error& error) {
    return error.code() == ErrorCode::closed || error.code() == ErrorCode::forked;
  }

  std::mutex mutex_;
  std::size_t left_;
  std::optional<Error> failure_;
  OwnedOperation operation_;
};

}  // namespace

void prove_all(std::vector<std::shared_ptr<Driver>> clients, Operation& operation) {
  const auto executor = clients.empty() ? Runtime::get().executor() : clients.front()->executor();
  const auto barrier = std::make_shared<Barrier>(clients.size() + 1, operation);
  auto answer = [barrier](const Result<void>& proved) { barrier->handle_answer(proved); };
  for (const std::shared_ptr<Driver>& client : clients) {
    const Timeout timeout = client->request_timeout();
    client->submit_by([timeout](plimsoll::Client& core, Instant now,
                                Tag tag) { return core.prove(now, timeout, tag); },
                      CallbackOperation<void, decltype(answer)>::create(decltype(answer)(answer)));
  }
  // The last answer may not come before the initiating function has returned.
  boost::asio::post(executor, [answer] { answer({}); });
}

}  // namespace plimsoll::native
