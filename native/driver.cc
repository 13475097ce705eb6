#include "plimsoll/native/driver.h"

#include <new>
#include <random>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "plimsoll/native/client_side_cache.h"
#include "plimsoll/native/core_options.h"
#include "plimsoll/native/driver_io.h"
#include "plimsoll/native/fork.h"
#include "plimsoll/native/runtime.h"
#include "plimsoll/native/tracing.h"
#include "plimsoll/native/waiting_operation.h"

// What callers do, from any thread. The turns are in driver_turn.cc, the sockets in connection.cc.

namespace plimsoll::native {
namespace {

namespace asio = boost::asio;

// Clients that lost the same server must not come back in step.
std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

ClientOptions seeded(ClientOptions options) {
  options.random_seed = random_seed();
  return options;
}

// What clients read who share entries, if they are the same user: that is the server's to say. A
// name that TLS asks for may lead a proxy to another server.
std::string place_of(const Target& target) {
  const Options& options = target.options;
  std::string place = target.endpoint.to_string();
  place.append(1, '\0').append(std::to_string(options.database));
  place.append(1, '\0').append(options.tls.server_name);
  place.append(1, '\0').append(options.protocol == Protocol::resp3 ? "3" : "2");
  return place;
}

}  // namespace

Result<std::shared_ptr<Driver>> Driver::create(asio::any_io_executor executor, Target target) {
  if (const Result<void> valid = validate(target); !valid) return valid.error();
  Runtime& runtime = Runtime::get();
  const Result<Budget*> budget = runtime.budget(target.options.memory_limit);
  if (!budget) return budget.error();
  auto accounts = plimsoll::Client::open_accounts(**budget);
  if (!accounts) return Error(accounts.error());
  // The shared thread is one; of another executor nobody knows.
  if (executor) {
    executor = asio::make_strand(executor);
  } else {
    executor = runtime.executor();
  }
  std::unique_ptr<TlsContext> tls;
  if (target.options.tls.enabled) {
    auto context = TlsContext::create(target.options.tls, target.endpoint.host);
    if (!context) return context.error();
    tls = *std::move(context);
  }
  const std::uint64_t owner = accounts->connections->owner();
  // What a child inherited must not be taken apart, whoever has it last: it would touch the sockets
  // and the epoll set that the parent still uses.
  const std::shared_ptr<Driver> driver(
      new Driver(Private{}, std::move(target), **budget, std::move(executor), std::move(*accounts)),
      [](Driver* last) {
        if (!last->inherited()) delete last;
      });
  driver->io_->counted = runtime.count_client();
  driver->io_->owner = owner;
  if (const auto& cache = driver->options().client_side_cache) {
    const plimsoll::Status used = driver->core_.use_cache(cache->core(), place_of(driver->target_));
    if (!used) return Error(used.error());
    cache->attach(driver, driver->io_->life);
  }
  driver->io_->tls = std::move(tls);
  if (driver->options().credentials) {
    driver->io_->credentials = std::make_unique<CredentialsSource>(*driver, random_seed());
  }
  if (driver->options().tracer) {
    driver->tracing_ = std::make_unique<Tracing>(driver->target_, owner);
  }
  driver->io_->registered = runtime.clients().add(*driver, owner);
  return driver;
}

Driver::Driver(Private, Target target, Budget& budget, asio::any_io_executor executor,
               plimsoll::Client::Accounts accounts)
    : target_(std::move(target)),
      budget_(budget),
      executor_(std::move(executor)),
      generation_(fork_generation()),
      io_(std::make_unique<Io>(*this)),
      core_(seeded(core_options(target_.options)), std::move(accounts)) {
  no_memory_to_tell(Executed::no);  // from here on it is there
}

Driver::~Driver() {
  io_->registered.end();  // from here on nobody looks
  budget_.stop_waiting(*this);
  // Only where the executor was destroyed with handlers in it: nobody can be told any more.
  while (Operation* operation = ready_.pop()) operation->destroy();
  while (Operation* operation = closings_.pop()) operation->destroy();
  if (connecting_ != nullptr) connecting_->destroy();
  core_.abort();
  while (const auto event = core_.poll_event()) {
    if (event->tag != 0) reinterpret_cast<Operation*>(event->tag)->destroy();
  }
}

bool Driver::inherited() const { return generation_ != fork_generation(); }

void Driver::connect(Operation& operation) {
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    connecting_ = &operation;
    operation.tell_submitted(*this, connect_request);
    core_.connect(now());
    wanted = want_turn();
  }
  if (wanted) wake();
}

bool Driver::deliver_cached(const CommandView& command, Staleness staleness, Operation& operation) {
  return visit_cached(command, staleness, [&](const Value& value, std::string_view wire) {
    operation.deliver({.value = &value, .core = &core_, .wire = wire});
  });
}

void Driver::complete_soon(Operation& operation) {
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    ready_.push(operation);
    wanted = want_turn();
  }
  if (wanted) wake();
}

void Driver::submit(const CommandView& command, Timeout timeout, Operation& operation,
                    Staleness staleness) {
  stage(
      traced(command, operation),
      [&](Tag tag) {
        const Instant time = now();
        if (staleness == any_staleness) return core_.submit(command, time, timeout, tag);
        return core_.submit_fresh(staleness, command, time, timeout, tag);
      },
      &command, timeout);
}

Operation& Driver::begin_trace(const CommandView& command, Operation& operation) {
  return tracing_->begin(command, operation);
}

void Driver::submit_staged(StageStep step, void* context, Operation& operation) {
  stage(operation, [&](Tag tag) { return step(context, core_, now(), tag); });
}

template <class Stage>
inline void Driver::stage(Operation& operation, const Stage& stage, const CommandView* command,
                          Timeout timeout) {
  if (inherited()) return fail_elsewhere(operation);
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    const plimsoll::Result<RequestId> id = stage(reinterpret_cast<Tag>(&operation));
    if (id) {
      operation.tell_submitted(*this, *id);
    } else {
      handle_refusal(id.error(), operation, command, timeout);
    }
    wanted = want_turn();
  }
  if (wanted) wake();
}

// `command`: what may wait in line, if anything.
void Driver::handle_refusal(const plimsoll::Error& refusal, Operation& operation,
                            const CommandView* command, Timeout timeout) {
  plimsoll::Error error = refusal;
  const bool may_wait = command != nullptr && options().inflight_overflow == OnLimit::wait;
  if (may_wait && refusal.code == ErrorCode::rejected_by_limit) {
    const plimsoll::Result<RequestId> waits = wait_for_room(*command, timeout, operation);
    if (waits) return;
    error = waits.error();
  }
  operation.deliver(Delivery{.error = &error, .detail = &end_});
  ready_.push(operation);
}

plimsoll::Result<RequestId> Driver::wait_for_room(const CommandView& command, Timeout timeout,
                                                  Operation& operation) {
  const std::size_t bytes = encoded_size(command);
  auto* const waiting = WaitingOperation::create(core_.requests_account(), bytes, operation);
  if (waiting == nullptr) {
    return plimsoll::Error{.code = ErrorCode::rejected_by_limit,
                           .what = "the requests pool has no room for a request that waits",
                           .value = bytes,
                           .limit = budget_.limit(PoolKind::requests)};
  }
  const Tag tag = reinterpret_cast<Tag>(static_cast<Operation*>(waiting));
  const plimsoll::Result<RequestId> id = core_.wait_for_room(command, now(), timeout, tag);
  if (id) {
    waiting->begin(command, *this, *id);
  } else {
    waiting->release();
  }
  return id;
}

void Driver::tell_core(TellStep step, void* context) {
  if (inherited()) return;
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    step(context, core_, now());
    wanted = want_turn();
  }
  if (wanted) wake();
}

void Driver::refuse(const plimsoll::Error& error, Operation& operation) {
  if (error.code == ErrorCode::rejected_by_limit && !inherited()) {
    const std::lock_guard lock(mutex_);
    ++rejected_;
  }
  finish(Delivery{.error = &error}, operation);
}

void Driver::finish(const Delivery& delivery, Operation& operation) {
  if (inherited()) return fail_elsewhere(operation);
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    operation.deliver(delivery);
    ready_.push(operation);
    wanted = want_turn();
  }
  if (wanted) wake();
}

void Driver::cancel(RequestId id) {
  if (inherited()) return;
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    if (id != connect_request) {
      core_.cancel(id, now());
    } else if (Operation* connecting = std::exchange(connecting_, nullptr)) {
      const plimsoll::Error error{.code = ErrorCode::cancelled, .what = "connect() was cancelled"};
      connecting->deliver(Delivery{.error = &error});
      ready_.push(*connecting);
      core_.abort();
    }
    wanted = want_turn();
  }
  if (wanted) wake();
}

void Driver::close(Operation& operation) {
  if (inherited()) return fail_elsewhere(operation);
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    core_.close(now());
    if (over_) {
      operation.deliver(Delivery{});
      ready_.push(operation);
    } else {
      closings_.push(operation);
    }
    wanted = want_turn();
  }
  if (wanted) wake();
}

void Driver::abort() {
  if (inherited()) return;
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    core_.abort();
    wanted = want_turn();
  }
  if (wanted) wake();
}

void Driver::set_credentials(std::string username, std::string password) {
  if (inherited()) return;
  auto next = std::make_unique<const Credentials>(
      Credentials{.username = std::move(username), .password = std::move(password)});
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    credentials_problem_.clear();
    const bool same = told_credentials_ && told_credentials_->username == next->username &&
                      told_credentials_->password == next->password;
    if (same) return;
    // A bridge is shown its token when a connection is opened, and takes no AUTH.
    if (!is_over_bridge()) {
      core_.set_credentials({.username = next->username, .password = next->password});
    }
    std::swap(told_credentials_, next);
    wanted = want_turn();
  }
  if (wanted) wake();
}

// The parent's thread is not in the child, and the lock may be held for ever: the outcome goes by
// the child's own runtime.
void Driver::fail_elsewhere(Operation& operation) {
  operation.deliver(Delivery{.error = &inherited_client});
  asio::post(Runtime::get().executor(),
             [owned = OwnedOperation(&operation)]() mutable { owned.release()->complete(); });
}

// With the lock held: whether the caller has to wake the driver once it is released.
bool Driver::want_turn() {
  if (turn_of_this_thread() == this) return false;  // the turn under way will see to it
  return !std::exchange(turn_wanted_, true);
}

// Whoever called has been served: where there is no memory to wake the driver, the next call, reply
// or timer does so.
void Driver::wake() noexcept {
  try {
    asio::post(executor_, [self = shared_from_this()] { self->run_turn(); });
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(mutex_);
    turn_wanted_ = false;
  }
}

void Driver::handle_budget_available() {
  // Under the Budget's lock, on anybody's thread: only the news is handed on.
  io_->life->while_alive([this] {
    auto self = weak_from_this().lock();
    if (!self) return;
    const asio::any_io_executor executor = executor_;
    asio::post(executor, [self = std::move(self)] { self->arm_reads(); });
  });
}

}  // namespace plimsoll::native
