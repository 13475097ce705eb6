#include "plimsoll/native/driver/driver.h"

#include <array>
#include <new>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/native/base/counted.h"
#include "plimsoll/native/base/executor_life.h"
#include "plimsoll/native/base/random_seed.h"
#include "plimsoll/native/base/steady_now.h"
#include "plimsoll/native/base/strand.h"
#include "plimsoll/native/driver/client_notices.h"
#include "plimsoll/native/driver/connections.h"
#include "plimsoll/native/driver/core_options.h"
#include "plimsoll/native/driver/credentials_source.h"
#include "plimsoll/native/driver/failure_words.h"
#include "plimsoll/native/driver/prefixed_command.h"
#include "plimsoll/native/driver/servers.h"
#include "plimsoll/native/driver/tracing.h"
#include "plimsoll/native/driver/waiting_operation.h"
#include "plimsoll/native/runtime/caller_loop.h"
#include "plimsoll/native/runtime/runtime.h"
#include "plimsoll/native/transport/tls_context.h"

// More than 500 lines, because callers and turns meet under one lock. First what callers do, then
// the turns, then the snapshots, then what connections ask of the driver. What callers ask besides
// requests is in driver_control.cc.

namespace plimsoll::inline v0::native {
namespace {

namespace asio = boost::asio;

// The outcome of every call that a child of fork() makes on its parent's client.
constexpr plimsoll::Error inherited_client{.code = ErrorCode::forked,
                                           .what = "this client belongs to the parent process",
                                           .expected = "connect() in the child"};

// How many outcomes are delivered before their callers get them: so few that their values are
// allocated from malloc's cache of the thread, which keeps 7 blocks of a size.
constexpr int events_per_round = 6;

// The main connection's bit in a set of connections.
constexpr std::uint64_t unsent_main = 1;

// What a turn stages before it sends, although it goes on: as much as a server works on for longer
// than a system call takes.
constexpr std::size_t piece_bytes = 8192;

// How many outcomes that were there at once (from the cache, refusals) a turn completes, of those
// that its callers' code leads to. More of them wait for the next turn. Else code that asks again
// and again in its completion would keep everything else from the executor's thread, also the
// invalidation of what it reads.
constexpr unsigned at_once_max = 1024;

// The turn that runs in this thread.
struct Turn {
  Driver* driver = nullptr;             // null: none
  OperationList* completing = nullptr;  // what it completes at the moment; null: nothing
  unsigned at_once_left = 0;            // of at_once_max
};

Turn& turn_of_this_thread() {
  thread_local Turn turn;
  return turn;
}

}  // namespace

// The driver's side towards its connections: Asio's objects, and what connections ask and report.
// Used only in turns, except for what the driver's lock guards.
class Driver::Io final : public Connection::Owner,
                         public CredentialsSource::Owner,
                         public ExecutorLife::Tenant {
 public:
  Io(Driver& driver, std::uint64_t client_number, HandlerThreads threads)
      : strand(driver.executor(), threads),
        timer(driver.executor()),
        life(ExecutorLife::of(driver.executor())),
        number(client_number),
        notices(driver.target_, client_number),
        sentinel(sentinel_options(driver.target_)),
        context{.strand = strand, .target = driver.target_, .notices = notices},
        connections(*this, context),
        failures(driver.target_, connections),
        driver_(driver) {}

  Strand strand;  // the turns run in it
  boost::asio::steady_timer timer;
  const std::shared_ptr<ExecutorLife> life;  // of the driver's executor
  Counted counted;                           // counts the client among those of the process
  Registered registered;                     // lists the client for metrics and the dump
  const std::uint64_t number;                // the client's number, and its accounts' owner
  ClientNotices notices;
  const SentinelOptions sentinel;  // the core keeps a pointer to this
  ConnectionContext context;
  Connections connections;
  FailureWords failures;

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

  // ExecutorLife::Tenant.
  std::shared_ptr<void> hold_tenant() noexcept override { return driver_.weak_from_this().lock(); }
  void handle_context_end() override {
    if (!driver_.inherited()) driver_.destroy_operations();
  }

  Driver& driver_;
  std::string place_;  // of several addresses: where the main connection leads
};

Result<std::shared_ptr<Driver>> Driver::create(asio::any_io_executor executor, Target target,
                                               SharedCache* cache, AddressRule rule) {
  const auto threads = executor ? HandlerThreads::several : HandlerThreads::one;
  return create_on(std::move(executor), threads, std::move(target), cache, rule);
}

Result<std::shared_ptr<Driver>> Driver::create_for_callers(CallerLoop& loop, Target target,
                                                           SharedCache* cache) {
  Result<std::shared_ptr<Driver>> made =
      create_on(loop.executor(), HandlerThreads::one, std::move(target), cache, nullptr);
  if (made) (*made)->caller_loop_ = &loop;
  return made;
}

Result<std::shared_ptr<Driver>> Driver::create_on(asio::any_io_executor executor,
                                                  HandlerThreads threads, Target target,
                                                  SharedCache* cache, AddressRule rule) {
  const TrackingOptions tracking = cache == nullptr ? TrackingOptions() : cache->tracking();
  if (const Result<void> valid = validate(target, tracking); !valid) return valid.error();
  Runtime& runtime = Runtime::get();
  const Result<Budget*> budget = runtime.budget(target.options.memory_limit);
  if (!budget) return budget.error();
  auto accounts = plimsoll::Client::open_accounts(**budget);
  if (!accounts) return Error(accounts.error());
  if (!executor) executor = runtime.executor();
  const std::string& host = target.endpoints.front().host;
  auto tls = TlsContext::create_if_enabled(target.options.tls, host);
  if (!tls) return tls.error();
  auto sentinel_tls = TlsContext::create_if_enabled(target.options.sentinel_tls, host);
  if (!sentinel_tls) return sentinel_tls.error();
  const std::uint64_t owner = accounts->connections->owner();
  // A child of fork() must not destroy a driver that it inherited: that would touch the sockets and
  // the epoll set that the parent still uses. So the deleter leaks it there.
  const std::shared_ptr<Driver> driver(
      new Driver(Private{}, std::move(target), tracking, **budget, std::move(executor), threads,
                 std::move(*accounts)),
      [](Driver* last) {
        if (!last->inherited()) delete last;
      });
  driver->join_origin();
  driver->io_->counted = runtime.count_client();
  if (cache != nullptr) {
    const plimsoll::Status used =
        driver->core_.use_cache(cache->core(), cache_place(driver->target_));
    if (!used) return Error(used.error());
    cache->attach({driver, static_cast<CacheClient*>(driver.get())}, driver->io_->life);
  }
  if (const plimsoll::Status used = use_servers(driver->core_, driver->target_, driver->seeds_);
      !used) {
    return Error(used.error());
  }
  driver->io_->context.address_rule = rule;
  driver->io_->context.tls = *std::move(tls);
  driver->io_->context.sentinel_tls = *std::move(sentinel_tls);
  if (driver->options().credentials) {
    driver->io_->context.credentials = std::make_unique<CredentialsSource>(
        *driver->io_, driver->io_->strand, driver->target_, random_seed());
  }
  if (driver->options().tracer) {
    driver->tracing_ = std::make_unique<Tracing>(driver->target_, owner);
  }
  driver->io_->registered = runtime.clients().add(*driver, owner);
  driver->io_->life->add(*driver->io_);
  return driver;
}

Driver::Driver(Private, Target target, const TrackingOptions& tracking, Budget& budget,
               asio::any_io_executor executor, HandlerThreads threads,
               plimsoll::Client::Accounts accounts)
    : CallTarget(std::move(executor)),
      target_(std::move(target)),
      budget_(budget),
      fork_count_(current_fork_count()),
      has_prefixes_(!target_.options.key_prefix.empty() || !target_.options.channel_prefix.empty()),
      io_(std::make_unique<Io>(*this, accounts.connections->owner(), threads)),
      core_(core_options(target_, tracking, io_->sentinel), std::move(accounts)) {
  no_memory_to_deliver(Executed::no);  // makes these errors now, while there is memory
}

Driver::~Driver() {
  io_->registered.end();  // from here on no snapshot reads this
  io_->life->remove(*io_);
  budget_.stop_waiting(*this);
  destroy_operations();
}

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

void Driver::call(const CommandView& command, Timeout timeout, Operation& operation,
                  Staleness staleness) {
  if (!has_cache() || !deliver_cached(command, staleness, operation)) [[likely]] {
    if (has_prefixes_) [[unlikely]]
      return submit(command, timeout, operation, staleness);
    return send(command, timeout, operation, staleness);
  }
  complete_soon(operation);
}

bool Driver::complete_soon(Operation& operation) {
  if (inherited()) return false;
  Turn& turn = turn_of_this_thread();
  if (turn.driver == this && turn.completing != nullptr && turn.at_once_left > 0) {
    --turn.at_once_left;
    turn.completing->push(operation);
  } else {
    update([&] { ready_.push(operation); });
  }
  return true;
}

void Driver::submit(const CommandView& command, Timeout timeout, Operation& operation,
                    Staleness staleness) {
  if (!has_prefixes_ || inherited()) return send(command, timeout, operation, staleness);
  const PrefixedCommand prefixed(requests_account(), prefixes(), command);
  if (prefixed.error() != nullptr) return refuse(*prefixed.error(), operation);
  send(prefixed.command(), timeout, operation, staleness);
}

// For call() and submit(), which every request passes.
[[gnu::always_inline]] inline void Driver::send(const CommandView& command, Timeout timeout,
                                                Operation& operation, Staleness staleness) {
  if (inherited()) return fail_elsewhere(operation);
  Operation& sent = tracing_ ? begin_trace(command, operation) : operation;
  const bool is_in_turn = is_turn_of_this_thread();
  bool wants_turn = false;
  bool sends_now = false;
  {
    const Lock lock(mutex_);
    const Tag tag = reinterpret_cast<Tag>(&sent);
    const bool is_plain = timeout >= coarse_timeout_min && core_.is_plain(command);
    const plimsoll::Result<RequestId> id =
        is_plain ? core_.submit_plain(command, after(coarse_now(), timeout), tag)
                 : core_.submit(command, steady_now(), timeout, tag, staleness);
    id ? sent.report_submitted(*this, *id) : handle_refusal(id.error(), sent, &command, timeout);
    if (!is_in_turn) {
      wants_turn = !std::exchange(turn_wanted_, true);
    } else if (is_plain && id) {
      unsent_ |= unsent_main;
      sends_now = core_.staged_bytes() >= piece_end_;
    } else {
      poll_again_ = true;
    }
  }
  if (wants_turn) wake();
  if (sends_now) [[unlikely]]
    send_piece();
}

// A caller makes many requests in one turn: they leave in pieces, so that the server works on the
// first while the last are being made.
void Driver::send_piece() {
  {
    const Lock lock(mutex_);
    piece_end_ = core_.staged_bytes() + piece_bytes;
  }
  io_->connections.main().flush();
}

Operation& Driver::begin_trace(const CommandView& command, Operation& operation) {
  return tracing_->begin(command, operation);
}

void Driver::submit_staged(StageStep step, void* context, Operation& operation) {
  if (inherited()) return fail_elsewhere(operation);
  update([&] {
    const Tag tag = reinterpret_cast<Tag>(&operation);
    const plimsoll::Result<RequestId> id = step(context, core_, steady_now(), tag);
    id ? operation.report_submitted(*this, *id)
       : handle_refusal(id.error(), operation, nullptr, {});
  });
}

// `command`: the command, if the request may wait for room; else null.
void Driver::handle_refusal(const plimsoll::Error& refusal, Operation& operation,
                            const CommandView* command, Timeout timeout) {
  plimsoll::Error error = refusal;
  if (command != nullptr && core_.may_wait(refusal)) {
    const plimsoll::Result<RequestId> waits = wait_for_room(*command, timeout, operation);
    if (waits) return;
    error = waits.error();
  }
  operation.deliver(Delivery{.error = &error, .detail = problems_ ? &problems_->end : nullptr});
  ready_.push(operation);
}

plimsoll::Result<RequestId> Driver::wait_for_room(const CommandView& command, Timeout timeout,
                                                  Operation& operation) {
  const std::size_t bytes = encoded_size(command);
  auto* const waiting = WaitingOperation::create(core_.requests_account(), bytes, operation);
  if (waiting == nullptr) return core_.lack_of_room(bytes);
  const Tag tag = reinterpret_cast<Tag>(static_cast<Operation*>(waiting));
  const plimsoll::Result<RequestId> id =
      core_.wait_for_room(command, submission_time(timeout), timeout, tag);
  if (id) {
    waiting->begin(command, *this, *id);
  } else {
    waiting->release();
  }
  return id;
}

// In a child of fork() the parent's threads do not exist, and the lock may be held for ever. So the
// child's own runtime completes the operation.
void Driver::fail_elsewhere(Operation& operation) {
  operation.deliver(Delivery{.error = &inherited_client});
  asio::post(Runtime::get().executor(),
             [owned = OwnedOperation(&operation)]() mutable { owned.release()->complete(); });
}

bool Driver::is_turn_of_this_thread() const { return turn_of_this_thread().driver == this; }

// Returns whether the caller must wake the driver once it has released the lock. Under the lock.
bool Driver::want_turn() {
  if (is_turn_of_this_thread()) {  // the turn under way does it
    poll_again_ = true;
    return false;
  }
  return !std::exchange(turn_wanted_, true);
}

// Under the lock.
Driver::Problems& Driver::problems() {
  if (!problems_) problems_ = std::make_unique<Problems>();
  return *problems_;
}

// If there is no memory for the post, the next call, reply or timer runs the turn: the caller's
// request is staged already, and must not fail.
void Driver::wake() noexcept {
  try {
    io_->strand.post([self = shared()] { self->run_turn(); });
  } catch (const std::bad_alloc&) {
    const Lock lock(mutex_);
    turn_wanted_ = false;
  }
}

void Driver::handle_budget_available() {
  // Called under the Budget's lock, on any thread: so this only posts, and reads on the executor.
  io_->life->while_alive([this] {
    std::shared_ptr<CallTarget> self = weak_from_this().lock();
    if (!self) return;
    // Moved, because the last one must not end here: ~Driver() takes the lock that is held.
    io_->strand.post([this, self = std::move(self)] { io_->connections.arm_reads(); });
  });
}

void Driver::run_turn() {
  if (inherited()) return;  // a child that runs the parent's executor must not send its requests
  const Turn outer =
      std::exchange(turn_of_this_thread(), Turn{.driver = this, .at_once_left = at_once_max});
  // If a caller's code throws, the exception leaves through the executor, and another turn does the
  // rest.
  struct Leave {
    Driver* self;
    Turn outer;
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

// If there is no memory for the post, the next call or the timer runs the turn.
void Driver::go_on_later() noexcept {
  try {
    io_->strand.post([self = shared()] {
      self->run_turn();
      self->io_->connections.arm_reads();
    });
  } catch (const std::bad_alloc&) {
  }
}

// What a turn has collected and completes. If something throws, the code of one caller or the
// allocator, the operations of the other callers go back to ready_, for the next turn.
struct Driver::Rest {
  Driver& driver;
  OperationList& ready;
  ~Rest() {
    turn_of_this_thread().completing = nullptr;
    if (ready.empty()) return;
    const Lock lock(driver.mutex_);
    while (Operation* operation = ready.pop()) driver.ready_.push(*operation);
  }
};

// Delivers outcomes, also those that the callers' code leads to, until there are none, or until
// at_once_max of them were there at once. A caller who has only submitted a plain request leads to
// none, so that the core need not be asked again.
void Driver::deliver_all() {
  Turn& turn = turn_of_this_thread();
  bool begins = true;
  for (bool more = true; more;) {
    OperationList ready;
    const Rest rest{*this, ready};
    std::optional<Action> action;
    poll_again_ = false;
    {
      const Lock lock(mutex_);
      turn_wanted_ = false;
      if (std::exchange(begins, false)) piece_end_ = core_.staged_bytes() + piece_bytes;
      for (; !ready_.empty() && turn.at_once_left > 0; --turn.at_once_left) {
        ready.push(*ready_.pop());
      }
      more = collect_events(ready);
      action = core_.poll_action();
      if (!more) unsent_ = io_->connections.take_unsent(core_);
      resumed_ |= core_.take_resumed_connections();
    }
    if (action) act(*action);
    turn.completing = &ready;
    while (Operation* operation = ready.pop()) operation->complete();
    more = more || action || poll_again_;
  }
  if (turn.at_once_left == 0) [[unlikely]]
    leave_rest_to_next_turn();
}

void Driver::leave_rest_to_next_turn() {
  {
    const Lock lock(mutex_);
    if (ready_.empty() || std::exchange(turn_wanted_, true)) return;
  }
  wake();
}

[[gnu::always_inline]] inline void Driver::deliver_reply(Tag tag, const Value* reply,
                                                         OperationList& ready) {
  auto* const operation = reinterpret_cast<Operation*>(tag);
  operation->deliver(Delivery{.value = reply, .core = &core_});
  ready.push(*operation);
}

// Returns whether the core may have more events.
bool Driver::collect_events(OperationList& ready) {
  const int short_ones = core_.visit_short_replies(
      events_per_round, [&](Tag tag, const Value& reply) { deliver_reply(tag, &reply, ready); });
  for (int i = short_ones; i < events_per_round; ++i) {
    const auto event = core_.poll_event();
    if (!event) return false;
    collect(*event, ready);
  }
  return true;
}

void Driver::collect(const Event& event, OperationList& ready) {
  const Value* const value = event.value ? &*event.value : nullptr;
  if (event.kind == Event::Kind::completed) return deliver_reply(event.tag, value, ready);
  const Delivery delivery{.value = value,
                          .error = event.error,
                          .core = &core_,
                          .detail = &io_->failures.of_main(),
                          .answers_owed = event.answers_owed};
  switch (event.kind) {
    case Event::Kind::completed: return;  // handled above, because it is the usual case
    case Event::Kind::failed: fail(event, delivery, ready); return;
    case Event::Kind::ready:
      io_->failures.forget_attempts();
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
      // A push without a tag belongs to no operation: the core has counted it.
      if (event.tag != 0) reinterpret_cast<Operation*>(event.tag)->deliver_part(delivery);
      return;
  }
}

// There is room for a call that waited. The core must get its command before any other call.
void Driver::admit(Tag tag) {
  auto& waiting = static_cast<WaitingOperation&>(*reinterpret_cast<Operation*>(tag));
  const RequestId id =
      core_.submit_admitted(waiting.command(), reinterpret_cast<Tag>(&waiting.outer()));
  const std::shared_ptr<CancelPoint> point = waiting.release();
  if (!point) return;
  point->request = id;
  // A cancellation that came just before may have used the id that the call had while it waited.
  if (point->cancelled) core_.cancel(id, steady_now());
}

void Driver::fail(const Event& event, Delivery delivery, OperationList& ready) {
  std::string detail;
  try {
    detail = io_->failures.of(event, core_);
  } catch (const std::bad_alloc&) {  // the outcome itself matters more
  }
  delivery.detail = &detail;
  auto* const operation = reinterpret_cast<Operation*>(event.tag);
  operation->deliver(delivery);
  ready.push(*operation);
}

void Driver::end(Delivery delivery, OperationList& ready) {
  over_ = true;
  std::string all;
  if (io_->failures.are_several() && delivery.error->code != ErrorCode::closed) {
    try {
      io_->failures.note_attempt(core_.statistics().last_problem);
      all = io_->failures.of_attempts(core_, *delivery.error);
    } catch (const std::bad_alloc&) {  // the operations' outcomes matter more
    }
    delivery.detail = &all;
    delivery.value = nullptr;  // the last server's words are no more than the others'
  }
  notify(ConnectionEvent::Kind::closed, delivery, ready);
  if (Operation* operation = std::exchange(connecting_, nullptr)) {
    operation->deliver(delivery);
    ready.push(*operation);
  }
  while (Operation* operation = closings_.pop()) {
    operation->deliver(Delivery{});
    ready.push(*operation);
  }
  // Last, because these may need memory and throw: by now every operation has its outcome.
  if (io_->context.credentials) io_->context.credentials->stop();
  if (delivery.error->code != ErrorCode::closed) problems().end = to_error(delivery).what();
}

void Driver::begin_attempt(Connection& connection, const Action& action) {
  const Lock lock(mutex_);
  const bool is_main = action.connection == first_connection;
  if (is_main) io_->failures.note_attempt(core_.statistics().last_problem);
  connection.aim(action);
  if (!is_main) return;
  io_->notices.set_server(connection.endpoint().to_string());
  if (tracing_) tracing_->set_server(connection.endpoint());
}

void Driver::act(const Action& action) {
  Connection* connection = io_->connections.find(action.connection);
  if (connection == nullptr) {
    const Lock lock(mutex_);
    connection = &io_->connections.make(action.connection);
  }
  switch (action.kind) {
    case Action::Kind::open:
      begin_attempt(*connection, action);
      connection->open();
      return;
    case Action::Kind::close: connection->close(); return;
  }
}

void Driver::arm_timer() {
  Instant next = never;
  bool over = false;
  {
    const Lock lock(mutex_);
    next = core_.poll_timeout();
    over = over_;
  }
  // A timer that is not needed any more would keep the executor's context running.
  if (over && next == never) io_->timer.cancel();
  // A timer that is set too early fires once and is set again: cheaper than to move it each time.
  if (next == never || next >= armed_) return;
  armed_ = next;
  io_->timer.expires_at(std::chrono::steady_clock::time_point(next.time_since_epoch()));
  io_->timer.async_wait(
      io_->strand.bind([self = shared()](const boost::system::error_code& problem) {
        if (problem || self->inherited()) return;
        self->armed_ = never;
        {
          const Lock lock(self->mutex_);
          self->core_.handle_timeout(steady_now());
        }
        self->run_turn();
        self->io_->connections.arm_reads();  // of connections that had no memory to read into
      }));
}

Statistics Driver::statistics() {
  return inherited() ? Statistics() : detail::statistics_of(snapshot(), budget_);
}

ClientSnapshot Driver::snapshot() {
  ClientSnapshot all;
  if (inherited()) return all;
  all.owner = io_->number;
  all.name = options().client_name;
  all.database = options().database;
  const Lock lock(mutex_);
  all.server = server_of(core_, target_);
  all.statistics = core_statistics();
  if (problems_) {
    all.tls_problem = problems_->tls;
    all.credentials_problem = problems_->credentials;
  }
  describe_connection(core_, io_->connections.main(), all);
  return all;
}

Topology Driver::topology() {
  if (inherited()) return {};
  const Lock lock(mutex_);
  return topology_of(core_, target_, io_->connections);
}

plimsoll::Status Driver::start_recording(std::size_t ring_bytes) {
  if (inherited()) return inherited_client;
  const Lock lock(mutex_);
  return core_.start_recording(ring_bytes);
}

std::string Driver::recording() {
  if (inherited()) return {};
  std::array<char, plimsoll::Client::recording_header_max> header;
  const Lock lock(mutex_);
  if (!core_.recorder().on()) return {};
  std::string dump(core_.recording_header(header));
  const FlightRecorder::Records records = core_.recorder().records();
  return dump.append(records.first).append(records.second);
}

void Driver::notify(ConnectionEvent::Kind kind, const Delivery& delivery, OperationList& ready) {
  io_->notices.notify(kind, delivery, connecting_ != nullptr, ready);
}

std::string Driver::Io::token() {
  const Lock lock(driver_.mutex_);
  return driver_.sent_credentials_ ? driver_.sent_credentials_->password : driver_.options().token;
}

void Driver::Io::handle_credentials(Credentials credentials) {
  if (credentials.username.empty()) credentials.username = driver_.options().username;
  driver_.set_credentials(std::move(credentials.username), std::move(credentials.password));
  connections.handle_credentials();
}

void Driver::Io::handle_no_credentials(const std::string& why) {
  {
    const Lock lock(driver_.mutex_);
    driver_.problems().credentials = why;
  }
  notices.handle_no_credentials(why);
  connections.handle_no_credentials(why);
}

void Driver::Io::handle_opened(Connection& connection) {
  {
    const Lock lock(driver_.mutex_);
    connection.trouble().is_over = true;
    driver_.core_.handle_opened(connection.id(), steady_now());
  }
  driver_.run_turn();
}

void Driver::Io::handle_failed(Connection& connection, const plimsoll::Error& error,
                               std::string_view words) {
  {
    const Lock lock(driver_.mutex_);
    std::string detail = connection.endpoint().to_string();
    detail.append(": ").append(words);
    connection.trouble() = {.is_over = false, .what = error.what, .detail = std::move(detail)};
    driver_.core_.handle_closed(connection.id(), error, steady_now());
  }
  driver_.run_turn();
}

// Returns where to read to. If there is no memory, the Budget reports when some is released.
std::span<char> Driver::Io::read_space(ConnectionId connection) {
  const Lock lock(driver_.mutex_);
  std::span<char> space = driver_.core_.read_space(connection);
  if (!space.empty()) return space;
  if (driver_.core_.is_paused(connection)) return {};
  // Register first, then ask again: otherwise memory released in between would be missed.
  driver_.budget_.wait(driver_);
  return driver_.core_.read_space(connection);
}

void Driver::Io::handle_read(ConnectionId connection, std::size_t bytes) {
  const Lock lock(driver_.mutex_);
  driver_.core_.handle_read(connection, bytes, steady_now());
}

std::size_t Driver::Io::poll_transmit(ConnectionId connection, std::span<std::string_view> spans) {
  const Lock lock(driver_.mutex_);
  return driver_.core_.poll_transmit(connection, spans);
}

// Puts what is to be sent next into `next`, as far as it has room.
std::size_t Driver::Io::handle_written(ConnectionId connection, std::size_t bytes,
                                       std::span<std::string_view> next) {
  const Lock lock(driver_.mutex_);
  driver_.core_.handle_written(connection, bytes);
  // Not after a write that failed: the turn would try the same again, for ever.
  if (bytes > 0 && driver_.core_.has_waiters()) driver_.made_room_ = true;
  const bool goes_on = !next.empty() && driver_.core_.has_unsent(connection);
  return goes_on ? driver_.core_.poll_transmit(connection, next) : 0;
}

// Clients of a cache share entries if they are the same user. What the main connection shows
// counts, because only that one reads for the cache.
void Driver::Io::note_shown(ConnectionId connection, std::string_view text) {
  if (connection != first_connection || driver_.core_.near_cache() == nullptr) return;
  const Lock lock(driver_.mutex_);
  if (is_one_place(driver_.target_)) return driver_.core_.set_shown(text);
  // A cluster that was found is one place, whichever of its nodes the connection leads to.
  if (driver_.core_.cluster() == nullptr) place_ = connections.main().endpoint().to_string();
  driver_.core_.set_shown(std::string(place_).append(1, '\0').append(text));
}

void Driver::Io::handle_tls_files_read() {
  const std::string problem = context.tls_problem();
  {
    const Lock lock(driver_.mutex_);
    if (!problem.empty() || driver_.problems_) driver_.problems().tls = problem;
  }
  if (!problem.empty()) notices.handle_unreadable_tls_files(problem);
}

}  // namespace plimsoll::inline v0::native
