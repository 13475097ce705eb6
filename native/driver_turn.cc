#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>

#include "plimsoll/native/driver_io.h"

// The driver's turns: what came is delivered, what the callers staged meanwhile is sent.

namespace plimsoll::native {

namespace asio = boost::asio;

namespace {

// Outcomes that are delivered before the callers see them: few enough that what their values
// allocate comes from malloc's cache of the thread, which keeps 7 blocks of a size.
constexpr int events_per_round = 6;

// Tells Options::on_connection, in its turn among the outcomes.
class ConnectionNotice final : public Operation {
 public:
  ConnectionNotice(const Options& options, ConnectionEvent::Kind kind)
      : Operation(false), options_(options), event_{.kind = kind} {}

  void handle_submitted(Driver&, RequestId) override {}
  void deliver(const Delivery& delivery) override {
    if (delivery.error != nullptr) event_.error = to_error(delivery);
  }
  void complete() override {
    const std::unique_ptr<ConnectionNotice> self(this);
    options_.on_connection(event_);
  }
  void destroy() override { delete this; }

 private:
  friend struct std::default_delete<ConnectionNotice>;
  ~ConnectionNotice() = default;

  const Options& options_;
  ConnectionEvent event_;
};

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
  deliver_all();
  flush();
  leave.finished = true;
  arm_timer();
}

void Driver::go_on_later() {
  asio::post(executor_, [self = shared_from_this()] {
    self->run_turn();
    self->arm_read();
  });
}

// Delivers outcomes, and those that the callers' code leads to, until there are none.
void Driver::deliver_all() {
  for (bool more = true; more;) {
    OperationList ready;
    std::optional<Action> action;
    {
      const std::lock_guard lock(mutex_);
      turn_wanted_ = false;
      std::swap(ready, ready_);
      more = collect_events(ready);
      action = core_.poll_action();
    }
    if (action) act(*action);
    more = more || action || !ready.empty();
    run(ready);
  }
}

void Driver::run(OperationList& ready) {
  // Whatever one of them throws, the others keep their outcome.
  struct Rest {
    Driver& driver;
    OperationList& ready;
    ~Rest() {
      if (ready.empty()) return;
      const std::lock_guard lock(driver.mutex_);
      while (Operation* operation = ready.pop()) driver.ready_.push(*operation);
    }
  } rest{*this, ready};
  while (Operation* operation = ready.pop()) operation->complete();
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
  const Delivery delivery{
      .value = value, .error = event.error, .core = &core_, .detail = &failure_};
  switch (event.kind) {
    case Event::Kind::completed: {
      auto* const operation = reinterpret_cast<Operation*>(event.tag);
      operation->deliver(delivery);
      ready.push(*operation);
      return;
    }
    case Event::Kind::failed: fail(event, delivery, ready); return;
    case Event::Kind::ready:
      tries_ = 0;
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
    case Event::Kind::pushed: return;  // counted by the core; nothing subscribes yet
  }
}

void Driver::fail(const Event& event, Delivery delivery, OperationList& ready) {
  const std::string detail = circumstances(event);
  delivery.detail = &detail;
  auto* const operation = reinterpret_cast<Operation*>(event.tag);
  operation->deliver(delivery);
  ready.push(*operation);
}

void Driver::end(const Delivery& delivery, OperationList& ready) {
  over_ = true;
  if (delivery.error->code != ErrorCode::closed) end_ = to_error(delivery).what();
  notify(ConnectionEvent::Kind::closed, delivery, ready);
  if (Operation* operation = std::exchange(connecting_, nullptr)) {
    operation->deliver(delivery);
    ready.push(*operation);
  }
  while (Operation* operation = closings_.pop()) {
    operation->deliver(Delivery{});
    ready.push(*operation);
  }
}

// What a failed request should be told besides: why there is no connection.
std::string Driver::circumstances(const Event& event) const {
  if (!failure_.empty() || event.error->code != ErrorCode::timed_out) return failure_;
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

void Driver::notify(ConnectionEvent::Kind kind, const Delivery& delivery, OperationList& ready) {
  if (!target_.options.on_connection) return;
  auto* const notice = new ConnectionNotice(target_.options, kind);
  notice->deliver(delivery);
  ready.push(*notice);
}

void Driver::act(const Action& action) {
  switch (action.kind) {
    case Action::Kind::open: open(); return;
    case Action::Kind::close: close_socket(); return;
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
    self->arm_read();  // where there was no memory to read to
  });
}

}  // namespace plimsoll::native
