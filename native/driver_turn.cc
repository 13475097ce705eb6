#include <algorithm>
#include <bit>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>

#include "plimsoll/native/driver_io.h"
#include "plimsoll/native/waiting_operation.h"

// The driver's turns: what came is delivered, what the callers staged meanwhile is sent.

namespace plimsoll::native {

namespace asio = boost::asio;

namespace {

// Outcomes that are delivered before the callers see them: few enough that what their values
// allocate comes from malloc's cache of the thread, which keeps 7 blocks of a size.
constexpr int events_per_round = 6;

}  // namespace

Driver*& turn_of_this_thread() {
  thread_local Driver* driver = nullptr;
  return driver;
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
    flush();
  } while (std::exchange(made_room_, false));
  arm_resumed_reads();
  leave.finished = true;
  arm_timer();
}

// Where there is no memory for that either, the next call or the timer goes on.
void Driver::go_on_later() noexcept {
  try {
    asio::post(executor_, [self = shared_from_this()] {
      self->run_turn();
      self->arm_reads();
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
      io_->main().handle_ready();
      notify(ConnectionEvent::Kind::connected, {}, ready);
      if (Operation* operation = std::exchange(connecting_, nullptr)) {
        operation->deliver(Delivery{.driver = this});
        ready.push(*operation);
      }
      return;
    case Event::Kind::disconnected:
      notify(ConnectionEvent::Kind::disconnected, delivery, ready);
      return;
    case Event::Kind::closed: end(delivery, ready); return;
    case Event::Kind::credentials_refused:
      if (io_->credentials) io_->credentials->handle_refused();
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
  if (point->cancelled) core_.cancel(id, now());
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
  if (io_->credentials) io_->credentials->stop();
  if (delivery.error->code != ErrorCode::closed) end_ = to_error(delivery).what();
}

// What the transport said since there was a main connection.
const std::string& Driver::failure() const {
  static const std::string none;
  const Connection::Trouble& trouble = io_->main().trouble();
  return trouble.is_over ? none : trouble.detail;
}

// What a failed request should be told besides: what became of its connection, if that is not the
// main one, or why there is no connection.
std::string Driver::circumstances(const Event& event) const {
  for (const auto& connection : io_->connections) {
    if (connection == nullptr || connection->id() == first_connection) continue;
    const Connection::Trouble& trouble = connection->trouble();
    if (!trouble.is_over && trouble.what == event.error->what) return trouble.detail;
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
  auto& connection = io_->connections[static_cast<std::size_t>(action.connection)];
  if (connection == nullptr) {
    const std::lock_guard lock(mutex_);
    connection = std::make_unique<Connection>(*this, action.connection);
  }
  switch (action.kind) {
    case Action::Kind::open: connection->open(); return;
    case Action::Kind::close: connection->close(); return;
  }
}

TlsContext* Driver::tls() const { return io_->tls.get(); }

CredentialsSource* Driver::credentials() const { return io_->credentials.get(); }

std::string Driver::token() {
  const std::lock_guard lock(mutex_);
  return told_credentials_ ? told_credentials_->password : options().token;
}

void Driver::handle_credentials(Credentials credentials) {
  if (credentials.username.empty()) credentials.username = options().username;
  set_credentials(std::move(credentials.username), std::move(credentials.password));
  for (const auto& connection : io_->connections) {
    if (connection) connection->handle_credentials();
  }
}

void Driver::handle_no_credentials(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    credentials_problem_ = why;
  }
  if (io_->credentials_warning.is_due(now())) {
    warn("plimsoll.client.credentials_missing", "was given no credentials", why);
  }
  // Those who wait now: one that fails may have others wait for the next time.
  std::vector<Connection*> waiting;
  for (const auto& connection : io_->connections) {
    if (connection && connection->wants_credentials()) waiting.push_back(connection.get());
  }
  for (Connection* const connection : waiting) connection->handle_no_credentials(why);
}

void Driver::handle_opened(Connection& connection) {
  {
    const std::lock_guard lock(mutex_);
    connection.trouble().is_over = true;
    core_.handle_opened(connection.id(), now());
  }
  run_turn();
}

void Driver::handle_failed(Connection& connection, const plimsoll::Error& error,
                           std::string_view words) {
  {
    const std::lock_guard lock(mutex_);
    std::string detail = target_.endpoint.to_string();
    detail.append(": ").append(words);
    connection.trouble() = {.is_over = false, .what = error.what, .detail = std::move(detail)};
    core_.handle_closed(connection.id(), error, now());
  }
  run_turn();
}

// Where to read to, if anywhere. If not, the Budget tells when memory was released.
std::span<char> Driver::read_space(ConnectionId connection) {
  const std::lock_guard lock(mutex_);
  std::span<char> space = core_.read_space(connection);
  if (!space.empty()) return space;
  if (core_.is_paused(connection)) return {};
  // Ask to be told first, then look again: what is released in between is not missed.
  budget_.wait(*this);
  return core_.read_space(connection);
}

void Driver::handle_read(ConnectionId connection, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  core_.handle_read(connection, bytes, now());
}

std::size_t Driver::poll_transmit(ConnectionId connection, std::span<std::string_view> spans) {
  const std::lock_guard lock(mutex_);
  return core_.poll_transmit(connection, spans);
}

// What is next to send, if `next` has room for it.
std::size_t Driver::handle_written(ConnectionId connection, std::size_t bytes,
                                   std::span<std::string_view> next) {
  const std::lock_guard lock(mutex_);
  core_.handle_written(connection, bytes);
  made_room_ = core_.has_waiters();
  return next.empty() ? 0 : core_.poll_transmit(connection, next);
}

void Driver::flush() {
  while (unsent_ != 0) {
    const auto index = static_cast<std::size_t>(std::countr_zero(unsent_));
    unsent_ &= unsent_ - 1;
    if (Connection* const connection = io_->connections[index].get()) connection->flush();
  }
}

void Driver::arm_resumed_reads() {
  for (; resumed_ != 0; resumed_ &= resumed_ - 1) {
    const auto index = static_cast<std::size_t>(std::countr_zero(resumed_));
    if (Connection* const connection = io_->connections[index].get()) connection->arm_read();
  }
}

void Driver::arm_reads() {
  for (const auto& connection : io_->connections) {
    if (connection) connection->arm_read();
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
  io_->timer.async_wait([self = shared_from_this()](const boost::system::error_code& problem) {
    if (problem || self->inherited()) return;
    self->armed_ = never;
    {
      const std::lock_guard lock(self->mutex_);
      self->core_.handle_timeout(now());
    }
    self->run_turn();
    self->arm_reads();  // where there was no memory to read to
  });
}

}  // namespace plimsoll::native
