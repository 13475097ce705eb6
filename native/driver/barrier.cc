#include "plimsoll/native/driver/barrier.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>

#include "plimsoll/native/base/executor_life.h"
#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::inline v0::native {
namespace {

namespace asio = boost::asio;

// Collects the clients' answers. Lives until the last one.
class Barrier final : public std::enable_shared_from_this<Barrier> {
 public:
  Barrier(std::size_t answers, Operation& operation) : left_(answers), operation_(&operation) {}
  ~Barrier() {
    for (ContextEnd& end : context_ends_) end.life->remove(end);
  }

  /// To be told of the end of these contexts. Call it once.
  void watch(const std::vector<std::shared_ptr<ExecutorLife>>& lives) {
    for (const auto& life : lives) {
      context_ends_.emplace_back(*this, life);
      life->add(context_ends_.back());
    }
  }

  /// A client has answered. If it is the last one, this completes the operation, in that client's
  /// turn.
  void handle_answer(const Result<void>& answer) {
    if (OwnedOperation over = take(answer)) over.release()->complete();
  }

  /// A client will never answer, because it is gone or its executor is ending. If it is the last
  /// one, the shared thread completes the operation: the caller's code must not run while an
  /// executor is being destroyed.
  void handle_absence() {
    OwnedOperation over = take({});
    if (!over) return;
    asio::post(Runtime::get().executor(),
               [over = std::move(over)]() mutable { over.release()->complete(); });
  }

 private:
  // A client's context is being destroyed, in this thread. If the caller's handler is to run there,
  // it is destroyed as well, also if clients have yet to answer: the last answer would run it on
  // what is gone.
  struct ContextEnd final : ExecutorLife::Tenant {
    ContextEnd(Barrier& of, std::shared_ptr<ExecutorLife> watched)
        : barrier(of), life(std::move(watched)) {}
    std::shared_ptr<void> hold_tenant() noexcept override {
      return barrier.weak_from_this().lock();
    }
    void handle_context_end() override {
      const OwnedOperation gone = barrier.take_if_on(life->context());
    }

    Barrier& barrier;
    const std::shared_ptr<ExecutorLife> life;
  };

  static bool vouches_for_nothing(const Error& error) {
    return error.code() == ErrorCode::closed || error.code() == ErrorCode::forked;
  }

  // Counts an answer. Returns the operation, with its outcome delivered, if this was the last
  // answer.
  OwnedOperation take(const Result<void>& answer) {
    const std::lock_guard lock(mutex_);
    if (!answer && !vouches_for_nothing(answer.error()) && !failure_) failure_ = answer.error();
    if (--left_ > 0 || !operation_) return nullptr;
    operation_->deliver(Delivery{.failure = failure_ ? &*failure_ : nullptr});
    return std::move(operation_);
  }

  // Returned, so that it is destroyed without the lock: it may have the last reference to clients.
  OwnedOperation take_if_on(const asio::execution_context& context) {
    const std::lock_guard lock(mutex_);
    if (!operation_ || !operation_->is_on(context)) return nullptr;
    return std::move(operation_);
  }

  std::mutex mutex_;
  std::size_t left_;
  std::optional<Error> failure_;
  OwnedOperation operation_;
  std::deque<ContextEnd> context_ends_;
};

// One answer, which is always given: if the handler is destroyed before the client answers, the
// destructor reports that the client is absent.
class Answer {
 public:
  explicit Answer(std::shared_ptr<Barrier> barrier) : barrier_(std::move(barrier)) {}
  Answer(Answer&&) = default;
  Answer& operator=(Answer&&) = delete;
  ~Answer() {
    if (barrier_) std::exchange(barrier_, nullptr)->handle_absence();
  }

  void operator()(const Result<void>& proved) {
    std::exchange(barrier_, nullptr)->handle_answer(proved);
  }

 private:
  std::shared_ptr<Barrier> barrier_;
};

// Of each context once. In a child of fork() those of the parent's clients are no concern.
std::vector<std::shared_ptr<ExecutorLife>> lives_of(const std::vector<AttachedClient>& clients) {
  std::vector<std::shared_ptr<ExecutorLife>> lives;
  for (const AttachedClient& client : clients) {
    if (client.fork_count == current_fork_count()) lives.push_back(client.executor);
  }
  std::sort(lives.begin(), lives.end());
  lives.erase(std::unique(lives.begin(), lives.end()), lives.end());
  return lives;
}

// In a child of fork() nothing of the parent's clients may be touched, not even their locks.
void prove_there(const AttachedClient& attached, Answer answer) {
  if (attached.fork_count != current_fork_count()) return;
  attached.executor->while_alive([&] {
    std::shared_ptr<CacheClient> client = attached.client.lock();
    if (!client) return;
    const asio::any_io_executor executor = client->executor();
    asio::post(executor, [client = std::move(client), answer = std::move(answer)]() mutable {
      client->prove(CallbackOperation<void, Answer>::create(std::move(answer), client->executor()));
    });
  });
}

}  // namespace

void prove_all(const std::vector<AttachedClient>& clients, Operation& operation) {
  // One more answer than clients, which this function gives at the end: so the operation ends even
  // if there is no client.
  const auto barrier = std::make_shared<Barrier>(clients.size() + 1, operation);
  barrier->watch(lives_of(clients));
  for (const AttachedClient& client : clients) prove_there(client, Answer(barrier));
  barrier->handle_absence();
}

}  // namespace plimsoll::inline v0::native
