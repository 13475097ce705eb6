#include "plimsoll/tests/sim/client/driver.h"

#include <algorithm>
#include <cstring>

namespace plimsoll::sim {
namespace {

using std::chrono::microseconds;

constexpr Error refused_error{.code = ErrorCode::connect_failed, .what = "connection refused"};
constexpr Error reset_error{.code = ErrorCode::connection_lost, .what = "connection reset"};
constexpr Error ended_error{.code = ErrorCode::connection_lost, .what = "closed by the server"};

// Of one step. More means that the client goes in circles.
constexpr int rounds_max = 100'000;

}  // namespace

Driver::Driver(Environment& environment, std::uint32_t number, Owner& owner)
    : environment_(environment),
      number_(number),
      owner_(owner),
      random_(environment.scenario.seed, Random::Purpose::driver, number),
      writes_(random_.one_in(2) ? Writes::at_once : Writes::later),
      write_time_max_(random_.between(microseconds(1), microseconds(500))),
      read_bytes_max_(random_.one_in(3) ? 1 + random_.skewed(20'000) : SIZE_MAX) {}

Driver::~Driver() {
  if (budget_ != nullptr) budget_->stop_waiting(*this);
}

bool Driver::start(const ClientOptions& options, Budget& budget, std::size_t server) {
  Result<plimsoll::Client::Accounts> accounts = plimsoll::Client::open_accounts(budget);
  if (!accounts) return false;
  budget_ = &budget;
  server_ = server;
  client_.emplace(options, std::move(accounts).value());
  ++environment_.coverage.clients;
  state_ = Session::State::idle;
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
  return client_->submit(command, environment_.now(), timeout, tag);
}

void Driver::cancel(RequestId id) {
  client_->cancel(id);
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
      return owner_.handle_ready();
    case Event::Kind::completed:
      require(event.tag > last_completed_, "replies come in the order of the requests");
      last_completed_ = event.tag;
      [[fallthrough]];
    case Event::Kind::failed:
      return owner_.handle_outcome(event, link_ == nullptr || link_->truthful());
    case Event::Kind::pushed: return;
    case Event::Kind::disconnected:
      environment_.note("client", number_, "disconnected: % (%)", name(event.error->code).data(),
                        event.error->what);
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

void Driver::open() {
  if (writing_) end_write();
  link_ = &environment_.network.connect(*this, server_);
  open_ = write_blocked_ = false;
  environment_.note("client", number_, "connects to server % (connection %)", server_,
                    link_->serial());
}

void Driver::close_link() {
  environment_.note("client", number_, "closes connection %", link_->serial());
  if (random_.one_in(2)) {
    link_->close_by_client();
  } else {
    link_->reset_by_client();
  }
  link_ = nullptr;
  open_ = false;
  let_go_of_write();
}

// With its connection, the transport has let go of the bytes. It may still say so.
void Driver::let_go_of_write() {
  lost_write_ = writing_;
  if (writing_ && random_.one_in(2)) writing_ = false;
}

// The transport says that there is no connection, or none any more.
void Driver::lose_link(const Error& reason) {
  environment_.note("client", number_, "loses connection %: %", link_->serial(), reason.what);
  link_->close_by_client();
  link_ = nullptr;
  open_ = false;
  let_go_of_write();
  client_->handle_closed(first_connection, reason, environment_.now());
  settle();
}

void Driver::hear_of(Plan news) {
  if (!frozen()) return act_on(news);
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
    case retry_read: waits_for_room_ = false; return read_all();
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

void Driver::read_all() {
  while (link_ != nullptr && open_ && !paused_ && !waits_for_room_) {
    Pipe& pipe = link_->to_client();
    const std::string_view bytes = pipe.readable();
    if (bytes.empty()) {
      if (pipe.has_ended()) lose_link(ended_error);
      return;
    }
    std::span<char> space = client_->read_space(first_connection);
    if (space.empty() && !wait_for_room()) return;
    if (space.empty()) space = client_->read_space(first_connection);
    const std::size_t count = std::min({bytes.size(), space.size(), read_bytes_max_});
    std::memcpy(space.data(), bytes.data(), count);
    pipe.read(count);
    environment_.note("client", number_, "reads % bytes", count);
    client_->handle_read(first_connection, count, environment_.now());
    settle();
  }
}

// Asks first to be told, then looks again: what is released in between is not missed.
bool Driver::wait_for_room() {
  budget_->wait(*this);
  if (!client_->read_space(first_connection).empty()) {
    budget_->stop_waiting(*this);
    return true;
  }
  waits_for_room_ = true;
  environment_.note("client", number_, "has no room to read: waits for memory");
  arm_timer();
  return false;
}

void Driver::handle_budget_available() {
  environment_.schedule.plan(Duration::zero(), *this, retry_read);
}

void Driver::flush() {
  while (link_ != nullptr && open_ && !writing_ && !write_blocked_) {
    spans_count_ = client_->poll_transmit(first_connection, spans_);
    if (spans_count_ == 0) return;
    writing_ = true;
    lost_write_ = false;
    if (writes_ == Writes::later) {
      write_hash_ = hash_of_spans();
      const Duration time = random_.between(Duration::zero(), write_time_max_);
      return environment_.schedule.plan(time, *this, write_done, ++write_number_);
    }
    client_->handle_written(first_connection, move_bytes());
  }
}

void Driver::end_write() {
  require(lost_write_ || hash_of_spans() == write_hash_,
          "bytes stay where they are while they are sent");
  client_->handle_written(first_connection, move_bytes());
}

// How many of the bytes the transport takes.
std::size_t Driver::move_bytes() {
  writing_ = false;
  if (lost_write_) return 0;
  std::size_t all = 0;
  for (std::size_t i = 0; i < spans_count_; ++i) all += spans_[i].size();
  std::size_t taken = 0;
  for (std::size_t i = 0; i < spans_count_; ++i) {
    const std::size_t part = link_->to_server().write(spans_[i]);
    taken += part;
    if (part < spans_[i].size()) break;
  }
  write_blocked_ = taken < all;
  environment_.note("client", number_, "sends % bytes of %", taken, all);
  return taken;
}

std::uint64_t Driver::hash_of_spans() const {
  StreamHash hash;
  for (std::size_t i = 0; i < spans_count_; ++i) hash.add(spans_[i]);
  return hash.value();
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
