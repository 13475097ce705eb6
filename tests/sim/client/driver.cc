#include "plimsoll/tests/sim/client/driver.h"

#include <algorithm>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/sim/room.h"

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;

constexpr Error refused_error{.code = ErrorCode::connect_failed, .what = "connection refused"};
constexpr Error reset_error{.code = ErrorCode::connection_lost, .what = "connection reset"};

// What an account itself costs, and what describes a request beside its bytes.
constexpr std::size_t account_bytes_max = 128;
constexpr std::size_t request_state_bytes_max = 8192;

// Of one step. More means that the client goes in circles.
constexpr int rounds_max = 100'000;

}  // namespace

Driver::Driver(Environment& environment, std::uint32_t number, Owner& owner)
    : environment_(environment),
      number_(number),
      owner_(owner),
      random_(environment.scenario.seed, Random::Purpose::driver, number),
      writes_(draw_writes(random_)),
      write_time_max_(random_.between(microseconds(1), microseconds(500))),
      read_bytes_max_(random_.one_in(3) ? 1 + random_.skewed(20'000) : SIZE_MAX) {}

Driver::~Driver() {
  if (budget_ != nullptr) budget_->stop_waiting(*this);
}

bool Driver::start(const ClientOptions& options, Budget& budget, std::size_t server) {
  budget_ = &budget;
  const std::uint64_t refusals = refusals_by_source();
  Result<plimsoll::Client::Accounts> accounts = plimsoll::Client::open_accounts(budget);
  if (!accounts) {
    check_refusal(refusals, PoolKind::connections,
                  sizeof(plimsoll::Client) + 4 * account_bytes_max);
    return false;
  }
  server_ = server;
  options_ = options;
  was_ready_ = false;
  attempts_ = 0;
  waiting_count_ = 0;
  client_.emplace(options, std::move(accounts).value());
  ++environment_.coverage.clients;
  state_ = Session::State::idle;
  told_of_room_ = false;
  closed_ = paused_ = waits_for_room_ = write_blocked_ = writing_ = open_ = false;
  link_ = nullptr;
  last_completed_ = 0;
  armed_ = never;
  client_->connect(environment_.now());
  settle();
  return true;
}

void Driver::finish() {
  if (!client_) return;
  require(closed_ && link_ == nullptr, "a client that is over has no connection");
  const ClientStatistics statistics = client_->statistics();
  require(statistics.in_flight == 0, "a client that is over has no requests");
  require(statistics.counters.completed + statistics.counters.failed == statistics.submitted,
          "the statistics add up");
  environment_.coverage.count(statistics.counters);
  if (writing_) end_write();
  budget_->stop_waiting(*this);
  client_.reset();
}

Result<RequestId> Driver::submit(const CommandView& command, Duration timeout, Tag tag) {
  const std::uint64_t refusals = refusals_by_source();
  const Result<RequestId> id = client_->submit(command, environment_.now(), timeout, tag);
  if (id) {
    ++waiting_count_;
  } else if (id.error().limit == budget_->limit(PoolKind::requests)) {
    const std::size_t segments = encoded_size(command) / segment_capacity + 1;
    check_refusal(refusals, PoolKind::requests, segments * segment_bytes + request_state_bytes_max);
  }
  return id;
}

Result<Reply> Driver::keep_reply(std::size_t bytes) {
  const std::uint64_t refusals = refusals_by_source();
  Result<Reply> reply = client_->keep_reply();
  if (!reply && bytes < Reply::copied_bytes_max) {
    // At worst every three bytes are a value of their own.
    check_refusal(refusals, PoolKind::replies, (bytes / 3 + 1) * sizeof(Node) + bytes + 128);
  }
  return reply;
}

void Driver::cancel(RequestId id) {
  client_->cancel(id, environment_.now());
  settle();
}

void Driver::close() {
  environment_.note("client", number_, "close()");
  client_->close(environment_.now());
  settle();
}

void Driver::abort() {
  environment_.note("client", number_, "abort()");
  client_->abort();
  settle();
}

// What a driver does after each of its calls.
void Driver::settle() {
  int rounds = 0;
  for (bool more = true; more && rounds < rounds_max; ++rounds) {
    more = false;
    while (const std::optional<Event> event = client_->poll_event()) {
      tell(*event);
      if (++rounds == rounds_max) break;
    }
    if (const std::optional<Action> action = client_->poll_action()) {
      act(*action);
      more = true;
    }
    note_state();
  }
  require(rounds < rounds_max, "a client has an end of things to say");
  flush();
  arm_timer();
}

void Driver::tell(const Event& event) {
  switch (event.kind) {
    case Event::Kind::ready:
      environment_.note("client", number_, "ready");
      ++environment_.coverage.connections;
      last_completed_ = 0;
      was_ready_ = true;
      attempts_ = 0;
      quiet_since_ = environment_.now();
      return owner_.handle_ready();
    case Event::Kind::completed:
      require(event.tag > last_completed_, "replies come in the order of the requests");
      last_completed_ = event.tag;
      [[fallthrough]];
    case Event::Kind::failed:
      if (--waiting_count_ == 0) quiet_since_ = environment_.now();
      return owner_.handle_outcome(event, link_ == nullptr || link_->truthful());
    case Event::Kind::pushed:
    case Event::Kind::queueing_failed:
    case Event::Kind::credentials_refused: return;
    case Event::Kind::disconnected:
      environment_.note("client", number_, "disconnected: % (%)", name(event.error->code).data(),
                        event.error->what);
      require(
          event.error->code != ErrorCode::protocol_error || link_ == nullptr || !link_->truthful(),
          "only a server that lies breaks the protocol");
      return owner_.handle_disconnected(*event.error);
    case Event::Kind::closed:
      environment_.note("client", number_, "closed: % (%)", name(event.error->code).data(),
                        event.error->what);
      environment_.coverage.count_end(event.error->code);
      require(!closed_, "a client closes once");
      closed_ = true;
      return owner_.handle_closed(*event.error);
  }
}

void Driver::act(const Action& action) {
  switch (action.kind) {
    case Action::Kind::open:
      require(link_ == nullptr, "a client has one connection at a time");
      return open();
    case Action::Kind::close:
      require(link_ != nullptr, "a client closes only what is open");
      if (link_ != nullptr) close_link();
      return;
  }
}

void Driver::hear_of(Plan news) {
  if (!frozen()) return act_on(news);
  // All that can be read is read when it thaws, however often that was told.
  const ReadableNews told{.connection = link_->serial(), .until = frozen_until_};
  if (news == readable && std::exchange(told_readable_, told) == told) return;
  environment_.schedule.plan_at(frozen_until_, *this, news, link_->serial());
}

void Driver::handle(std::uint32_t what, std::uint64_t detail) {
  if (frozen()) return environment_.schedule.plan_at(frozen_until_, *this, what, detail);
  if (!client_) return;
  const auto plan = static_cast<Plan>(what);
  switch (plan) {
    case timer:
      if (detail == static_cast<std::uint64_t>(armed_.time_since_epoch().count())) serve_timer();
      return;
    case write_done:
      if (!writing_ || detail != write_number_) return;
      end_write();
      return settle();
    case retry_read: waits_for_room_ = told_of_room_ = false; return read_all();
    case end_pause:
      if (detail != pause_number_) return;
      paused_ = false;
      return read_all();
    case connected:
    case refused:
    case readable:
    case writable:
    case lost:
      if (link_ != nullptr && detail == link_->serial()) act_on(plan);
      return;
  }
}

void Driver::act_on(Plan news) {
  check_silence();
  switch (news) {
    case connected:
      open_ = true;
      client_->handle_opened(first_connection, environment_.now());
      return settle();
    case refused: return lose_link(refused_error);
    case readable: return read_all();
    case writable: write_blocked_ = false; return flush();
    case lost: return lose_link(reset_error);
    case timer:
    case write_done:
    case retry_read:
    case end_pause: return;
  }
}

void Driver::serve_timer() {
  armed_ = never;
  const Instant now = environment_.now();
  if (client_->poll_timeout() > now) return arm_timer();
  client_->handle_timeout(now);
  settle();
  require(!client_ || client_->poll_timeout() > now, "a timer that was served is not due again");
  if (!waits_for_room_) return;
  waits_for_room_ = false;
  budget_->stop_waiting(*this);
  read_all();
}

void Driver::arm_timer() {
  const Instant next = client_->poll_timeout();
  if (next == never || next >= armed_) return;
  armed_ = next;
  environment_.schedule.plan_at(next, *this, timer,
                                static_cast<std::uint64_t>(next.time_since_epoch().count()));
}

void Driver::pause_reading(Duration time) {
  environment_.note("client", number_, "takes no results for %", time);
  paused_ = true;
  environment_.schedule.plan(time, *this, end_pause, ++pause_number_);
}

void Driver::freeze(Duration time) {
  environment_.note("client", number_, "freezes for %", time);
  frozen_until_ = environment_.now() + time;
}

void Driver::validate() {
  if (client_) client_->validate();
}

void Driver::check_news_of_room() {
  if (!waits_for_news()) return;
  require(!has_room_for(*budget_, PoolKind::replies, segment_bytes),
          "who waits for memory is told when there is some");
  ProgressReserve& reserve = budget_->progress_reserve();
  Segment* const segment = reserve.take(this);
  require(segment == nullptr, "who waits for memory is told when the progress reserve is free");
  if (segment != nullptr) reserve.give_back(*segment);
}

std::uint64_t Driver::refusals_by_source() const {
  return environment_.coverage.faults[static_cast<std::size_t>(Fault::refused_memory)];
}

// Somebody was refused who needed no more than that.
void Driver::check_refusal(std::uint64_t refusals_before, PoolKind pool, std::size_t bytes_max) {
  require(refusals_by_source() != refusals_before || !has_room_for(*budget_, pool, bytes_max),
          "nobody is refused memory while there is some");
}

void Driver::check_attempt() {
  ++attempts_;
  require(attempts_ <= options_.reconnect_attempts_max,
          "a client tries to reconnect no more often than it may");
  const Instant since = std::max({without_link_since_, frozen_until_, environment_.jumped_until});
  require(environment_.now() <= since + options_.reconnect_wait_max,
          "a client waits no longer than reconnect_wait_max");
}

// Before something is heard of the connection. Without memory there is no health check.
void Driver::check_silence() {
  const FaultSet& faults = environment_.scenario.faults;
  const bool scarce = faults.has(Fault::refused_memory) || faults.has(Fault::squeezed_memory) ||
                      faults.has(Fault::tight_limit);
  if (scarce || state_ != Session::State::ready || waiting_count_ > 0) return;
  if (options_.health_check_interval == Duration::zero()) return;
  const Instant since = std::max({quiet_since_, frozen_until_, environment_.jumped_until});
  const Duration silence_max = options_.health_check_interval + options_.tombstone_age_max;
  require(environment_.now() <= since + silence_max,
          "a silent connection is given up when its time is over");
}

void Driver::note_state() {
  const ClientStatistics statistics = client_->statistics();
  const Session::State state = statistics.state;
  if (state == state_) return;
  environment_.coverage.count_transition(state_, state);
  if (state == Session::State::waiting) {
    environment_.coverage.count_problem(statistics.last_problem.code);
  }
  state_ = state;
}

}  // namespace plimsoll::sim
