#include "plimsoll/native/driver/driver.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "plimsoll/native/base/counted.h"
#include "plimsoll/native/base/executor_life.h"
#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/base/random_seed.h"
#include "plimsoll/native/base/steady_now.h"
#include "plimsoll/native/driver/client_notices.h"
#include "plimsoll/native/driver/connections.h"
#include "plimsoll/native/driver/core_options.h"
#include "plimsoll/native/driver/credentials_source.h"
#include "plimsoll/native/driver/tracing.h"
#include "plimsoll/native/driver/waiting_operation.h"
#include "plimsoll/native/runtime/runtime.h"
#include "plimsoll/native/transport/tls_context.h"

// More than 500 lines, because callers and turns meet under one lock. What callers do comes first,
// then the turns, then what connections ask of a driver, then what it says of itself.

namespace plimsoll::native {
namespace {

namespace asio = boost::asio;

// What every call gets that a child of fork() makes on its parent's client.
constexpr plimsoll::Error inherited_client{.code = ErrorCode::forked,
                                           .what = "this client belongs to the parent process",
                                           .expected = "connect() in the child"};

// Outcomes that are delivered before the callers see them: few enough that what their values
// allocate comes from malloc's cache of the thread, which keeps 7 blocks of a size.
constexpr int events_per_round = 6;

// The driver whose turn this thread is in, if any.
Driver*& turn_of_this_thread() {
  thread_local Driver* driver = nullptr;
  return driver;
}

}  // namespace

// What a driver has to do with connections: Asio's objects, and what connections ask of it and tell
// it. Of the turns alone, but for what is said to be guarded by the driver's lock.
class Driver::Io final : public Connection::Owner, public CredentialsSource::Owner {
 public:
  Io(Driver& driver, std::uint64_t client_number)
      : timer(driver.executor_),
        life(ExecutorLife::of(driver.executor_)),
        number(client_number),
        notices(driver.target_, client_number),
        context{.executor = driver.executor_, .target = driver.target_},
        connections(*this, context),
        driver_(driver) {}

  boost::asio::steady_timer timer;
  const std::shared_ptr<ExecutorLife> life;  // of the driver's executor
  Counted counted;                           // among the clients of the process
  Registered registered;                     // the same, for those who look at them
  const std::uint64_t number;                // the client's, and its accounts'
  ClientNotices notices;
  ConnectionContext context;
  Connections connections;

 private:
  // Connection::Owner, CredentialsSource::Owner.
  std::shared_ptr<void> hold() override { return driver_.shared_from_this(); }
  std::string token() override;
  Account& replies_account() override { return driver_.core_.replies_account(); }
  void handle_tls_files_read() override;
  void note_shown(ConnectionId connection, std::string_view text) override;
  void handle_opened(Connection& connection) override;
  void handle_failed(Connection& connection, const plimsoll::Error& error,
                     std::string_view words) override;
  std::span<char> read_space(ConnectionId connection) override;
  void handle_read(ConnectionId connection, std::size_t bytes) override;
  std::size_t poll_transmit(ConnectionId connection, std::span<std::string_view> spans) override;
  std::size_t handle_written(ConnectionId connection, std::size_t bytes,
                             std::span<std::string_view> next) override;
  void wait_for_memory() override { driver_.budget_.wait(driver_); }
  void run_turn() override { driver_.run_turn(); }
  void arm_timer() override { driver_.arm_timer(); }
  void handle_credentials(Credentials credentials) override;
  void handle_no_credentials(const std::string& why) override;

  Driver& driver_;
};

Result<std::shared_ptr<Driver>> Driver::create(asio::any_io_executor executor, Target target,
                                               SharedCache* cache) {
  const TrackingOptions tracking = cache == nullptr ? TrackingOptions() : cache->tracking();
  if (const Result<void> valid = validate(target, tracking); !valid) return valid.error();
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
  const std::shared_ptr<Driver> driver(new Driver(Private{}, std::move(target), tracking, **budget,
                                                  std::move(executor), std::move(*accounts)),
                                       [](Driver* last) {
                                         if (!last->inherited()) delete last;
                                       });
  driver->io_->counted = runtime.count_client();
  if (cache != nullptr) {
    const plimsoll::Status used =
        driver->core_.use_cache(cache->core(), cache_place(driver->target_));
    if (!used) return Error(used.error());
    cache->attach({driver, static_cast<CacheClient*>(driver.get())}, driver->io_->life);
  }
  driver->io_->context.tls = std::move(tls);
  if (driver->options().credentials) {
    driver->io_->context.credentials = std::make_unique<CredentialsSource>(
        *driver->io_, driver->executor_, driver->target_, random_seed());
  }
  if (driver->options().tracer) {
    driver->tracing_ = std::make_unique<Tracing>(driver->target_, owner);
  }
  driver->io_->registered = runtime.clients().add(*driver, owner);
  return driver;
}

Driver::Driver(Private, Target target, const TrackingOptions& tracking, Budget& budget,
               asio::any_io_executor executor, plimsoll::Client::Accounts accounts)
    : target_(std::move(target)),
      budget_(budget),
      executor_(std::move(executor)),
      fork_count_(current_fork_count()),
      io_(std::make_unique<Io>(*this, accounts.connections->owner())),
      core_(core_options(target_.options, tracking), std::move(accounts)) {
  no_memory_to_deliver(Executed::no);  // from here on it is there
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

bool Driver::inherited() const { return fork_count_ != current_fork_count(); }

void Driver::connect(Operation& operation) {
  update([&] {
    connecting_ = &operation;
    operation.report_submitted(*this, connect_request);
    core_.connect(steady_now());
  });
}

bool Driver::deliver_cached(const CommandView& command, Staleness staleness, Operation& operation) {
  return visit_cached(command, staleness, [&](const Value& value, std::string_view wire) {
    operation.deliver({.value = &value, .core = &core_, .wire = wire});
  });
}

void Driver::complete_soon(Operation& operation) {
  update([&] { ready_.push(operation); });
}

void Driver::submit(const CommandView& command, Timeout timeout, Operation& operation,
                    Staleness staleness) {
  stage(
      traced(command, operation),
      [&](Tag tag) { return core_.submit(command, steady_now(), timeout, tag, staleness); },
      &command, timeout);
}

Operation& Driver::begin_trace(const CommandView& command, Operation& operation) {
  return tracing_->begin(command, operation);
}

void Driver::submit_staged(StageStep step, void* context, Operation& operation) {
  stage(operation, [&](Tag tag) { return step(context, core_, steady_now(), tag); });
}

template <class Stage>
inline void Driver::stage(Operation& operation, const Stage& stage, const CommandView* command,
                          Timeout timeout) {
  if (inherited()) return fail_elsewhere(operation);
  update([&] {
    const plimsoll::Result<RequestId> id = stage(reinterpret_cast<Tag>(&operation));
    if (id) {
      operation.report_submitted(*this, *id);
    } else {
      handle_refusal(id.error(), operation, command, timeout);
    }
  });
}

// `command`: what may wait in line, if anything.
void Driver::handle_refusal(const plimsoll::Error& refusal, Operation& operation,
                            const CommandView* command, Timeout timeout) {
  plimsoll::Error error = refusal;
  if (command != nullptr && core_.may_wait(refusal)) {
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
  const plimsoll::Result<RequestId> id = core_.wait_for_room(command, steady_now(), timeout, tag);
  if (id) {
    waiting->begin(command, *this, *id);
  } else {
    waiting->release();
  }
  return id;
}

void Driver::prove(Operation& operation) {
  submit_by([timeout = request_timeout()](plimsoll::Client& core, Instant time,
                                          Tag tag) { return core.prove(time, timeout, tag); },
            operation);
}

void Driver::apply_step(CoreStep step, void* context) {
  if (inherited()) return;
  update([&] { step(context, core_, steady_now()); });
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
  update([&] {
    operation.deliver(delivery);
    ready_.push(operation);
  });
}

void Driver::cancel(RequestId id) {
  if (inherited()) return;
  update([&] {
    if (id != connect_request) {
      core_.cancel(id, steady_now());
    } else if (Operation* connecting = std::exchange(connecting_, nullptr)) {
      const plimsoll::Error error{.code = ErrorCode::cancelled, .what = "connect() was cancelled"};
      connecting->deliver(Delivery{.error = &error});
      ready_.push(*connecting);
      core_.abort();
    }
  });
}

void Driver::close(Operation& operation) {
  if (inherited()) return fail_elsewhere(operation);
  update([&] {
    core_.close(steady_now());
    if (over_) {
      operation.deliver(Delivery{});
      ready_.push(operation);
    } else {
      closings_.push(operation);
    }
  });
}

void Driver::abort() {
  if (inherited()) return;
  update([&] { core_.abort(); });
}

void Driver::set_credentials(std::string username, std::string password) {
  if (inherited()) return;
  auto next = std::make_unique<const Credentials>(
      Credentials{.username = std::move(username), .password = std::move(password)});
  update([&] {
    credentials_problem_.clear();
    const bool same = sent_credentials_ && sent_credentials_->username == next->username &&
                      sent_credentials_->password == next->password;
    if (same) return;
    // A bridge is shown its token when a connection is opened, and takes no AUTH.
    if (target_.endpoint.kind != Endpoint::Kind::websocket) {
      core_.set_credentials({.username = next->username, .password = next->password});
    }
    std::swap(sent_credentials_, next);
  });
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
    asio::post(executor_, [self = shared()] { self->run_turn(); });
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(mutex_);
    turn_wanted_ = false;
  }
}

void Driver::handle_budget_available() {
  // Under the Budget's lock, on anybody's thread: only the news is handed on.
  io_->life->while_alive([this] {
    const std::shared_ptr<CancelTarget> self = weak_from_this().lock();
    if (!self) return;
    const asio::any_io_executor executor = executor_;
    asio::post(executor, [this, self] { io_->connections.arm_reads(); });
  });
}

void Driver::run_turn() {
  if (inherited()) return;  // a child that runs the parent's executor must not send its requests
  Driver* const outer = std::exchange(turn_of_this_thread(), this);
  // A caller's exception leaves through the executor; what is left goes on in another turn.
  struct Leave {
    Driver* self;
    Driver* outer;
    bool finished = false;
    ~Leave() {
      turn_of_this_thread() = outer;
      if (!finished) self->go_on_later();
    }
  } leave{this, outer};
  do {
    deliver_all();
    io_->connections.flush(unsent_);
  } while (std::exchange(made_room_, false));
  io_->connections.arm_reads(resumed_);
  leave.finished = true;
  arm_timer();
}

// Where there is no memory for that either, the next call or the timer goes on.
void Driver::go_on_later() noexcept {
  try {
    asio::post(executor_, [self = shared()] {
      self->run_turn();
      self->io_->connections.arm_reads();
    });
  } catch (const std::bad_alloc&) {
  }
}

// Whatever throws in a turn, be that the code of one caller or the allocator, the others keep their
// outcomes for the next.
struct Driver::Rest {
  Driver& driver;
  OperationList& ready;
  ~Rest() {
    if (ready.empty()) return;
    const std::lock_guard lock(driver.mutex_);
    while (Operation* operation = ready.pop()) driver.ready_.push(*operation);
  }
};

// Delivers outcomes, and those that the callers' code leads to, until there are none.
void Driver::deliver_all() {
  for (bool more = true; more;) {
    OperationList ready;
    const Rest rest{*this, ready};
    std::optional<Action> action;
    {
      const std::lock_guard lock(mutex_);
      turn_wanted_ = false;
      std::swap(ready, ready_);
      more = collect_events(ready);
      action = core_.poll_action();
      unsent_ = core_.unsent_connections();
      resumed_ |= core_.take_resumed_connections();
    }
    if (action) act(*action);
    more = more || action || !ready.empty();
    while (Operation* operation = ready.pop()) operation->complete();
  }
}

bool Driver::collect_events(OperationList& ready) {
  bool any = false;
  for (int i = 0; i < events_per_round; ++i) {
    const auto event = core_.poll_event();
    if (!event) return any;
    collect(*event, ready);
    any = true;
  }
  return any;
}

void Driver::collect(const Event& event, OperationList& ready) {
  const Value* const value = event.value ? &*event.value : nullptr;
  if (event.kind == Event::Kind::completed) {
    auto* const operation = reinterpret_cast<Operation*>(event.tag);
    operation->deliver(Delivery{.value = value, .core = &core_});
    ready.push(*operation);
    return;
  }
  const Delivery delivery{.value = value,
                          .error = event.error,
                          .core = &core_,
                          .detail = &failure(),
                          .answers_owed = event.answers_owed};
  switch (event.kind) {
    case Event::Kind::completed: return;  // said above: it is what mostly happens
    case Event::Kind::failed: fail(event, delivery, ready); return;
    case Event::Kind::ready:
      io_->connections.main().handle_ready();
      notify(ConnectionEvent::Kind::connected, {}, ready);
      if (Operation* operation = std::exchange(connecting_, nullptr)) {
        operation->deliver(Delivery{.made = this});
        ready.push(*operation);
      }
      return;
    case Event::Kind::disconnected:
      notify(ConnectionEvent::Kind::disconnected, delivery, ready);
      return;
    case Event::Kind::closed: end(delivery, ready); return;
    case Event::Kind::credentials_refused:
      if (io_->context.credentials) io_->context.credentials->handle_refused();
      notify(ConnectionEvent::Kind::credentials_refused, delivery, ready);
      return;
    case Event::Kind::admitted: admit(event.tag); return;
    case Event::Kind::queueing_failed:
    case Event::Kind::pushed:
      // A push without a tag is nobody's: the core has counted it.
      if (event.tag != 0) reinterpret_cast<Operation*>(event.tag)->deliver_part(delivery);
      return;
  }
}

// There is room for a call that waited for it: the core wants its command before all else.
void Driver::admit(Tag tag) {
  auto& waiting = static_cast<WaitingOperation&>(*reinterpret_cast<Operation*>(tag));
  const RequestId id =
      core_.submit_admitted(waiting.command(), reinterpret_cast<Tag>(&waiting.outer()));
  const std::shared_ptr<CancelPoint> point = waiting.release();
  if (!point) return;
  point->request = id;
  // Whoever cancelled it just now may have known it by its name in the line.
  if (point->cancelled) core_.cancel(id, steady_now());
}

void Driver::fail(const Event& event, Delivery delivery, OperationList& ready) {
  std::string detail;
  try {
    detail = circumstances(event);
  } catch (const std::bad_alloc&) {  // the outcome itself matters more
  }
  delivery.detail = &detail;
  auto* const operation = reinterpret_cast<Operation*>(event.tag);
  operation->deliver(delivery);
  ready.push(*operation);
}

void Driver::end(const Delivery& delivery, OperationList& ready) {
  over_ = true;
  notify(ConnectionEvent::Kind::closed, delivery, ready);
  if (Operation* operation = std::exchange(connecting_, nullptr)) {
    operation->deliver(delivery);
    ready.push(*operation);
  }
  while (Operation* operation = closings_.pop()) {
    operation->deliver(Delivery{});
    ready.push(*operation);
  }
  // Once all are told: these may want memory.
  if (io_->context.credentials) io_->context.credentials->stop();
  if (delivery.error->code != ErrorCode::closed) end_ = to_error(delivery).what();
}

// What the transport said since there was a main connection.
const std::string& Driver::failure() const {
  static const std::string none;
  const Connection::Trouble& trouble = io_->connections.main().trouble();
  return trouble.is_over ? none : trouble.detail;
}

// What a failed request should be told besides: what became of its connection, if that is not the
// main one, or why there is no connection.
std::string Driver::circumstances(const Event& event) const {
  if (const auto* trouble = io_->connections.side_trouble(event.error->what)) {
    return trouble->detail;
  }
  if (!failure().empty() || event.error->code != ErrorCode::timed_out) return failure();
  const ClientStatistics statistics = core_.statistics();
  switch (statistics.state) {
    case Session::State::waiting:
    case Session::State::opening:
    case Session::State::handshaking: return Error(statistics.last_problem).what();
    case Session::State::idle:
    case Session::State::ready:
    case Session::State::closing:
    case Session::State::closed: return {};
  }
  return {};
}

void Driver::act(const Action& action) {
  Connection* connection = io_->connections.find(action.connection);
  if (connection == nullptr) {
    const std::lock_guard lock(mutex_);
    connection = &io_->connections.make(action.connection);
  }
  switch (action.kind) {
    case Action::Kind::open: connection->open(); return;
    case Action::Kind::close: connection->close(); return;
  }
}

void Driver::arm_timer() {
  Instant next = never;
  bool over = false;
  {
    const std::lock_guard lock(mutex_);
    next = core_.poll_timeout();
    over = over_;
  }
  // An alarm that nobody needs any more would keep the executor at work.
  if (over && next == never) io_->timer.cancel();
  // An earlier alarm than needed comes by once and is set anew: cheaper than moving it each time.
  if (next == never || next >= armed_) return;
  armed_ = next;
  io_->timer.expires_at(std::chrono::steady_clock::time_point(next.time_since_epoch()));
  io_->timer.async_wait([self = shared()](const boost::system::error_code& problem) {
    if (problem || self->inherited()) return;
    self->armed_ = never;
    {
      const std::lock_guard lock(self->mutex_);
      self->core_.handle_timeout(steady_now());
    }
    self->run_turn();
    self->io_->connections.arm_reads();  // where there was no memory to read to
  });
}

Statistics Driver::statistics() {
  Statistics all;
  if (inherited()) return all;
  all.memory = budget_.statistics();
  all.accounts = detail::accounts_of(budget_, io_->number);
  ClientSnapshot own = snapshot();
  all.client = own.statistics;
  all.owner = own.owner;
  all.last_problem = std::move(own.last_problem);
  all.tls_problem = std::move(own.tls_problem);
  all.cache_state = own.cache_state;
  all.tracking_problem = std::move(own.tracking_problem);
  all.credentials_problem = std::move(own.credentials_problem);
  return all;
}

ClientSnapshot Driver::snapshot() {
  ClientSnapshot all;
  if (inherited()) return all;
  all.owner = io_->number;
  all.name = options().client_name;
  all.server = target_.endpoint.to_string();
  all.database = options().database;
  const std::lock_guard lock(mutex_);
  all.statistics = core_statistics();
  all.tls_problem = tls_problem_;
  all.credentials_problem = credentials_problem_;
  if (const NearCache* const near = core_.near_cache()) all.cache_state = near->state();
  if (const Tracking tracking = core_.tracking(); tracking.state == Tracking::State::refused) {
    all.tracking_problem = Error(tracking.error).what();
  }
  const plimsoll::Error& problem = all.statistics.last_problem;
  if (*problem.what == '\0') return all;
  const Connection::Trouble& trouble = io_->connections.main().trouble();
  const std::string detail = problem.what == trouble.what ? trouble.detail : std::string();
  all.last_problem = Error(problem, detail).what();
  return all;
}

ClientStatistics Driver::client_statistics() {
  const std::lock_guard lock(mutex_);
  return core_statistics();
}

ClientStatistics Driver::core_statistics() {
  ClientStatistics statistics = core_.statistics();
  statistics.rejected += rejected_;
  return statistics;
}

plimsoll::Status Driver::start_recording(std::size_t ring_bytes) {
  if (inherited()) return inherited_client;
  const std::lock_guard lock(mutex_);
  return core_.start_recording(ring_bytes);
}

void Driver::stop_recording() {
  if (inherited()) return;
  const std::lock_guard lock(mutex_);
  core_.stop_recording();
}

std::string Driver::recording() {
  if (inherited()) return {};
  std::array<char, plimsoll::Client::recording_header_max> header;
  const std::lock_guard lock(mutex_);
  if (!core_.recorder().on()) return {};
  std::string dump(core_.recording_header(header));
  const FlightRecorder::Records records = core_.recorder().records();
  return dump.append(records.first).append(records.second);
}

void Driver::notify(ConnectionEvent::Kind kind, const Delivery& delivery, OperationList& ready) {
  io_->notices.notify(kind, delivery, connecting_ != nullptr, ready);
}

std::string Driver::Io::token() {
  const std::lock_guard lock(driver_.mutex_);
  return driver_.sent_credentials_ ? driver_.sent_credentials_->password : driver_.options().token;
}

void Driver::Io::handle_credentials(Credentials credentials) {
  if (credentials.username.empty()) credentials.username = driver_.options().username;
  driver_.set_credentials(std::move(credentials.username), std::move(credentials.password));
  connections.handle_credentials();
}

void Driver::Io::handle_no_credentials(const std::string& why) {
  {
    const std::lock_guard lock(driver_.mutex_);
    driver_.credentials_problem_ = why;
  }
  notices.handle_no_credentials(why);
  connections.handle_no_credentials(why);
}

void Driver::Io::handle_opened(Connection& connection) {
  {
    const std::lock_guard lock(driver_.mutex_);
    connection.trouble().is_over = true;
    driver_.core_.handle_opened(connection.id(), steady_now());
  }
  driver_.run_turn();
}

void Driver::Io::handle_failed(Connection& connection, const plimsoll::Error& error,
                               std::string_view words) {
  {
    const std::lock_guard lock(driver_.mutex_);
    std::string detail = driver_.target_.endpoint.to_string();
    detail.append(": ").append(words);
    connection.trouble() = {.is_over = false, .what = error.what, .detail = std::move(detail)};
    driver_.core_.handle_closed(connection.id(), error, steady_now());
  }
  driver_.run_turn();
}

// Where to read to, if anywhere. If not, the Budget tells when memory was released.
std::span<char> Driver::Io::read_space(ConnectionId connection) {
  const std::lock_guard lock(driver_.mutex_);
  std::span<char> space = driver_.core_.read_space(connection);
  if (!space.empty()) return space;
  if (driver_.core_.is_paused(connection)) return {};
  // Ask to be told first, then look again: what is released in between is not missed.
  driver_.budget_.wait(driver_);
  return driver_.core_.read_space(connection);
}

void Driver::Io::handle_read(ConnectionId connection, std::size_t bytes) {
  const std::lock_guard lock(driver_.mutex_);
  driver_.core_.handle_read(connection, bytes, steady_now());
}

std::size_t Driver::Io::poll_transmit(ConnectionId connection, std::span<std::string_view> spans) {
  const std::lock_guard lock(driver_.mutex_);
  return driver_.core_.poll_transmit(connection, spans);
}

// What is next to send, if `next` has room for it.
std::size_t Driver::Io::handle_written(ConnectionId connection, std::size_t bytes,
                                       std::span<std::string_view> next) {
  const std::lock_guard lock(driver_.mutex_);
  driver_.core_.handle_written(connection, bytes);
  driver_.made_room_ = driver_.core_.has_waiters();
  return next.empty() ? 0 : driver_.core_.poll_transmit(connection, next);
}

// A cache is shared by clients that the server knows as the same user: that is by the main
// connection.
void Driver::Io::note_shown(ConnectionId connection, std::string_view text) {
  if (connection != first_connection || driver_.core_.near_cache() == nullptr) return;
  const std::lock_guard lock(driver_.mutex_);
  driver_.core_.set_shown(text);
}

void Driver::Io::handle_tls_files_read() {
  const std::string& problem = context.tls->problem();
  {
    const std::lock_guard lock(driver_.mutex_);
    driver_.tls_problem_ = problem;
  }
  if (!problem.empty()) notices.handle_unreadable_tls_files(problem);
}

}  // namespace plimsoll::native
