#include "plimsoll/native/driver/barrier.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>

#include "plimsoll/native/base/executor_life.h"
#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::inline v0::native {
namespace {

namespace asio = boost::asio;

// Where a client's executor is.
struct Home {
  std::shared_ptr<ExecutorLife> life;
  asio::any_io_executor executor;
};

// Collects the clients' answers. Lives until the last one.
//
// Invariant: the operation whose handler is to run on a client's context is completed there, or
// destroyed in the thread that destroys the context. In any other thread the context might end
// meanwhile.
class Barrier final : public std::enable_shared_from_this<Barrier> {
 public:
  Barrier(std::size_t answers, Operation& operation) : left_(answers), operation_(&operation) {}
  ~Barrier() {
    for (Context& context : contexts_) context.home.life->remove(context);
  }

  /// To be told of the end of these contexts, each of which is there once. Call it once, before the
  /// last answer.
  void watch(std::vector<Home> homes) {
    {
      const std::lock_guard lock(mutex_);
      for (Home& home : homes) contexts_.emplace_back(*this, std::move(home));
    }
    for (Context& context : contexts_) context.home.life->add(context);
  }

  /// A client on `here` has answered. If it is the last one, this completes the operation, in that
  /// client's turn.
  void handle_answer(const Result<void>& answer, const ExecutorLife& here) {
    if (take_answer(answer)) complete(&here);
  }

  /// A client will never answer, because it is gone or its executor is ending. If it is the last
  /// one, the shared thread completes the operation: the caller's code must not run while an
  /// executor is being destroyed.
  void handle_absence() {
    if (!take_answer({})) return;
    asio::post(Runtime::get().executor(),
               [self = shared_from_this()]() { self->complete(nullptr); });
  }

 private:
  // A client's context.
  struct Context final : ExecutorLife::Tenant {
    Context(Barrier& of, Home watched) : barrier(of), home(std::move(watched)) {}
    std::shared_ptr<void> hold_tenant() noexcept override {
      return barrier.weak_from_this().lock();
    }
    // In the thread that destroys the context. If the caller's handler is to run there, it is
    // destroyed as well, also if clients have yet to answer.
    void handle_context_end() override {
      home.executor = nullptr;
      const OwnedOperation gone = barrier.take_if_on(home.life->context());
    }

    Barrier& barrier;
    Home home;
  };

  static bool vouches_for_nothing(const Error& error) {
    return error.code() == ErrorCode::closed || error.code() == ErrorCode::forked;
  }

  // Returns whether it was the last one.
  bool take_answer(const Result<void>& answer) {
    const std::lock_guard lock(mutex_);
    if (!answer && !vouches_for_nothing(answer.error()) && !failure_) failure_ = answer.error();
    return --left_ == 0;
  }

  // `here`: of the context that this thread runs at the moment; null: of none of the clients'.
  void complete(const ExecutorLife* here) {
    Context* const other = other_context(here);
    if (other == nullptr) return complete_here();
    const bool is_alive = other->home.life->while_alive([&] {
      asio::post(other->home.executor, [self = shared_from_this()]() { self->complete_here(); });
    });
    if (!is_alive) other->home.life->keep_until_end(shared_from_this());
  }

  void complete_here() {
    OwnedOperation over;
    {
      const std::lock_guard lock(mutex_);
      over = std::move(operation_);
      if (over) over->deliver(Delivery{.failure = failure_ ? &*failure_ : nullptr});
    }
    if (over) over.release()->complete();
  }

  // The client's context that the caller's handler is to run on, if that is not `here`.
  Context* other_context(const ExecutorLife* here) {
    const std::lock_guard lock(mutex_);
    for (Context& context : contexts_) {
      const ExecutorLife& life = *context.home.life;
      if (&life != here && operation_ && operation_->is_on(life.context())) return &context;
    }
    return nullptr;
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
  std::deque<Context> contexts_;
};

// One answer, which is always given: if the handler is destroyed before the client answers, the
// destructor reports that the client is absent.
class Answer {
 public:
  Answer(std::shared_ptr<Barrier> barrier, std::shared_ptr<ExecutorLife> here)
      : barrier_(std::move(barrier)), here_(std::move(here)) {}
  Answer(Answer&&) = default;
  Answer& operator=(Answer&&) = delete;
  ~Answer() {
    if (barrier_) std::exchange(barrier_, nullptr)->handle_absence();
  }

  void operator()(const Result<void>& proved) {
    std::exchange(barrier_, nullptr)->handle_answer(proved, *here_);
  }

 private:
  std::shared_ptr<Barrier> barrier_;
  std::shared_ptr<ExecutorLife> here_;
};

// In a child of fork() nothing of the parent's clients may be touched, not even their locks.
// Returns the client's executor; empty if there is no client any more.
asio::any_io_executor prove_there(const AttachedClient& attached,
                                  const std::shared_ptr<Barrier>& barrier) {
  Answer answer(barrier, attached.executor);
  asio::any_io_executor executor;
  if (attached.fork_count != current_fork_count()) return executor;
  attached.executor->while_alive([&] {
    std::shared_ptr<CacheClient> client = attached.client.lock();
    if (!client) return;
    executor = client->executor();
    asio::post(executor, [client = std::move(client), answer = std::move(answer)]() mutable {
      client->prove(CallbackOperation<void, Answer>::create(std::move(answer), client->executor()));
    });
  });
  return executor;
}

// Each context once.
std::vector<Home> without_doubles(std::vector<Home> homes) {
  const auto life = [](const Home& home) { return home.life.get(); };
  std::ranges::sort(homes, {}, life);
  const auto doubles = std::ranges::unique(homes, {}, life);
  homes.erase(doubles.begin(), doubles.end());
  return homes;
}

}  // namespace

void prove_all(const std::vector<AttachedClient>& clients, Operation& operation) {
  // One more answer than clients, which this function gives at the end: so the operation ends even
  // if there is no client, and not before all contexts are watched.
  const auto barrier = std::make_shared<Barrier>(clients.size() + 1, operation);
  std::vector<Home> homes;
  for (const AttachedClient& client : clients) {
    if (auto executor = prove_there(client, barrier)) {
      homes.push_back({client.executor, std::move(executor)});
    }
  }
  barrier->watch(without_doubles(std::move(homes)));
  barrier->handle_absence();
}

}  // namespace plimsoll::inline v0::native
