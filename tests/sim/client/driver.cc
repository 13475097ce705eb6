#include "plimsoll/tests/sim/client/driver.h"

#include <algorithm>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/sim/room.h"

// What a driver does for its client, and what it holds it to. What its owner wants is in
// driver_requests.cc.

namespace plimsoll::sim {
namespace {

// What an account itself costs.
constexpr std::size_t account_bytes_max = 128;

// Of one step. More means that the client goes in circles.
constexpr int turn_rounds_max = 100'000;

// The longest that a client's clock stands still.
constexpr Duration coarsest_clock_step = std::chrono::seconds(1);

}  // namespace

Driver::Driver(Environment& environment, std::uint32_t number, Owner& owner)
    : environment_(environment),
      number_(number),
      owner_(owner),
      random_(environment.scenario.seed, Random::Purpose::driver, number),
      habits_(random_),
      clock_(environment.scenario.seed, number),
      addresses_(environment, number) {
  wire(first_connection);
}

Driver::~Driver() = default;

Wire& Driver::wire(ConnectionId connection) {
  std::unique_ptr<Wire>& wire = wires_[connection];
  if (!wire) {
    Wire::Owner& owner = *this;
    wire = std::make_unique<Wire>(environment_, number_, connection, owner, habits_);
  }
  return *wire;
}

bool Driver::start(const ClientOptions& options, Budget& budget, std::size_t server,
                   cache::Cache* cache) {
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
  addresses_.begin(options.seeds_count);
  was_ready_ = false;
  attempts_ = 0;
  waiting_count_ = outcomes_ = 0;
  elsewhere_.clear();
  movable_count_ = 0;
  waiters_.clear();
  blocked_waiters_.clear();
  admitted_as_.clear();
  pools_.fill(PoolKind::replies);
  client_.emplace(options, std::move(accounts).value());
  fetches_.clear();
  ready_since_ = side_delivered_at_ = {};
  told_user_ = options.username.empty() ? "default" : options.username;
  user_ = told_user_;
  if (cache != nullptr) use_cache(*cache);
  if (options.sentinel != nullptr) {
    require(client_->use_sentinels().ok(), "there is room for a client that asks sentinels");
  }
  if (replica_options_ != nullptr) {
    require(client_->use_replicas(*replica_options_).ok(),
            "there is room for a client that reads from replicas");
  }
  if (cluster_options_ != nullptr && knows_ == Knows::cluster) {
    require(client_->use_cluster(*cluster_options_).ok(), "there is room for a cluster's client");
  } else if (cluster_options_ != nullptr) {
    client_->find_cluster(*cluster_options_);
  }
  ++environment_.coverage.clients;
  state_ = Session::State::idle;
  closed_ = paused_ = false;
  for (const auto& [connection, wire] : wires_) {
    wire->begin();
  }
  last_completed_ = 0;
  armed_ = never;
  client_->connect(time());
  settle();
  return true;
}

// Where there is no room for that it goes on without.
void Driver::use_cache(cache::Cache& cache) {
  const std::string source =
      "server " + std::to_string(server_) + ", database " + std::to_string(options_.database);
  // A driver whose clock has steps knows nothing better: readings show how fine it is.
  const bool is_exact = clock_.step() == Duration::zero();
  const Status used =
      client_->use_cache(cache, source, is_exact ? Duration::zero() : coarsest_clock_step);
  require(used.ok() || used.error().code == ErrorCode::out_of_memory,
          "a client is refused a cache only for want of memory");
}

void Driver::finish() {
  if (!client_) return;
  require(closed_, "a client that is over has said so");
  const ClientStatistics statistics = client_->statistics();
  require(statistics.in_flight + statistics.waiting == 0, "a client that is over has no requests");
  require(outcomes_ == statistics.submitted, "each request that was taken has had an outcome");
  require(statistics.counters.completed + statistics.counters.failed == outcomes_,
          "the counters say how many outcomes there were");
  require(statistics.blocking_connections + statistics.subscriptions == 0,
          "a client that is over has no connections");
  environment_.coverage.count(statistics.counters);
  const ReplicaCounters& replicas = statistics.replicas;
  const bool is_of_cluster = cluster_options_ != nullptr;
  environment_.coverage.count(is_of_cluster ? Deed::cluster_read_moved : Deed::read_moved,
                              replicas.reads_moved);
  environment_.coverage.count(is_of_cluster ? Deed::cluster_read_behind : Deed::read_behind,
                              replicas.reads_behind);
  count_cluster(statistics.cluster);
  for (const auto& [connection, wire] : wires_) {
    wire->finish();
  }
  client_.reset();
}

// Asked of the client itself: state_ follows it only after all that there is to tell.
Instant Driver::heard_until(std::size_t server) const {
  const bool vouches =
      client_ && server == server_ && client_->statistics().state == Session::State::ready;
  return vouches ? main_wire().heard_until() : never;
}

void Driver::count_cluster(const ClusterCounters& counters) {
  Coverage& coverage = environment_.coverage;
  coverage.count(Deed::redirect_followed, counters.moved);
  coverage.count(Deed::ask_followed, counters.asked);
  coverage.count(Deed::sent_again, counters.sent_again);
  coverage.count(Deed::view_heard, counters.views);
  coverage.count(Deed::request_scattered, counters.scattered);
}

// Whoever lies idle beside the main connection asks for signs of life of its own.
bool Driver::is_quiet() const {
  if (!client_) return true;
  const ClientStatistics statistics = client_->statistics();
  return statistics.in_flight + statistics.waiting + statistics.blocking_connections +
             statistics.subscriptions ==
         0;
}

// What a driver does after each of its calls.
void Driver::settle() {
  int rounds = 0;
  for (bool more = true; more && rounds < turn_rounds_max; ++rounds) {
    more = false;
    if (number_ % 2 == 0) rounds += visit_short_replies();
    while (const std::optional<Event> event = client_->poll_event()) {
      tell(*event);
      if (++rounds == turn_rounds_max) break;
    }
    if (const std::optional<Action> action = client_->poll_action()) {
      act(*action);
      more = true;
    }
    note_state();
  }
  require(rounds < turn_rounds_max, "a client has an end of things to say");
  if (guide_ != nullptr) guide_->note_settled();
  if (state_ == Session::State::ready) check_addresses();
  const std::uint64_t resumed = client_->take_resumed_connections();
  flush();
  arm_timer();
  read_on(resumed);
}

void Driver::check_addresses() {
  for (std::size_t i = 1; i < connections_max; ++i) {
    const ConnectionId connection{static_cast<std::uint32_t>(i)};
    if (pools_[i] != PoolKind::pushes || !has_link(connection)) continue;
    addresses_.check_subscription(connection);
  }
}

// Every other driver asks in this way first, as the native one does. The events are the same.
int Driver::visit_short_replies() {
  return client_->visit_short_replies(turn_rounds_max / 2, [this](Tag tag, const Value& reply) {
    tell({.kind = Event::Kind::completed, .tag = tag, .value = reply});
  });
}

bool Driver::is_truthful(Tag tag) const {
  const auto found = elsewhere_.find(tag);
  if (found == elsewhere_.end()) return main_wire().truthful();
  const auto wire = wires_.find(found->second);
  return wire == wires_.end() || wire->second->truthful();
}

void Driver::tell(const Event& event) {
  switch (event.kind) {
    case Event::Kind::ready:
      environment_.note("client", number_, "ready");
      ++environment_.coverage.connections;
      last_completed_ = 0;
      was_ready_ = true;
      ready_since_ = environment_.now();
      user_ = told_user_;
      attempts_ = 0;
      addresses_.handle_ready();
      quiet_since_ = environment_.now();
      return owner_.handle_ready();
    case Event::Kind::completed:
    case Event::Kind::failed: return tell_outcome(event);
    case Event::Kind::admitted: return admit(event.tag);
    case Event::Kind::pushed:
      if (event.tag == 0) return;
      [[fallthrough]];
    case Event::Kind::queueing_failed: return owner_.handle_part(event, is_truthful(event.tag));
    case Event::Kind::credentials_refused:
      environment_.note("client", number_, "new credentials are refused");
      user_.reset();
      environment_.coverage.count(Deed::credentials_refused);
      return;
    case Event::Kind::disconnected:
      environment_.note("client", number_, "disconnected: % (%)", name(event.error->code).data(),
                        event.error->what);
      require(event.error->code != ErrorCode::protocol_error || !main_wire().has_connection() ||
                  !main_wire().truthful(),
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

void Driver::tell_outcome(const Event& event) {
  ++outcomes_;
  if (note_gave_up(event)) {
    require(event.kind == Event::Kind::failed && event.error->executed == Executed::no,
            "whoever waits for room has no reply");
  }
  const bool truthful = is_truthful(event.tag);
  const auto elsewhere = elsewhere_.find(event.tag);
  const bool here = elsewhere == elsewhere_.end();
  if (!here) {
    if (Replicas::owns(elsewhere->second) && --movable_count_ == 0) {
      quiet_since_ = environment_.now();
    }
    elsewhere_.erase(elsewhere);
  }
  if (!here && event.value && truthful) {
    side_delivered_at_ = std::max(side_delivered_at_, environment_.ledger.served_at(event.tag));
  }
  const bool is_fetch = fetches_.erase(event.tag) > 0;
  if (here && !is_fetch && event.kind == Event::Kind::completed) {
    require(event.tag > last_completed_, "replies come in the order of the requests");
    last_completed_ = event.tag;
  }
  if (here && --waiting_count_ == 0) quiet_since_ = environment_.now();
  owner_.handle_outcome(event, truthful);
}

void Driver::act(const Action& action) {
  Wire& wire_of_it = wire(action.connection);
  const bool is_main = action.connection == first_connection;
  switch (action.kind) {
    case Action::Kind::open:
      if (guide_ != nullptr) return open_by_guide(action);
      if (is_main && was_ready_) check_attempt();
      is_main ? addresses_.open_main(action.seed, without_link_since_)
              : addresses_.open_side(action.connection, action.seed);
      return wire_of_it.open(server_, pool_of(action.connection),
                             addresses_.leads_nowhere(action.seed) ? Link::Attempt::is_refused
                                                                   : Link::Attempt::succeeds);
    case Action::Kind::close: return wire_of_it.close();
  }
}

void Driver::open_by_guide(const Action& action) {
  Wire& wire_of_it = wire(action.connection);
  const Guide::Way way = guide_->way_to(action);
  wire_of_it.open(way.server, pool_of(action.connection), way.attempt);
  guide_->note_opened(action.connection, wire_of_it.links().back(), way.server);
}

// Those to nodes of a cluster, whose numbers are higher, get no pushes for callers.
PoolKind Driver::pool_of(ConnectionId connection) const {
  const auto number = static_cast<std::size_t>(connection);
  return number < pools_.size() ? pools_[number] : PoolKind::replies;
}

bool Driver::has_link(ConnectionId connection) const {
  const auto wire = wires_.find(connection);
  return wire != wires_.end() && wire->second->has_connection();
}

bool Driver::has_link(ConnectionId connection, std::uint64_t link) const {
  return has_link(connection) && wires_.at(connection)->links().back() == link;
}

// Connections that were paused.
void Driver::read_on(std::uint64_t resumed) {
  for (std::uint64_t left = resumed; left != 0; left &= left - 1) {
    wire(ConnectionId{static_cast<std::uint32_t>(std::countr_zero(left))}).read_all();
  }
}

void Driver::flush() {
  for (std::uint64_t left = client_->unsent_connections(); left != 0; left &= left - 1) {
    wire(ConnectionId{static_cast<std::uint32_t>(std::countr_zero(left))}).flush();
  }
  while (const std::optional<ConnectionId> node = client_->take_unsent_node()) wire(*node).flush();
}

void Driver::handle(std::uint32_t what, std::uint64_t detail) {
  if (frozen()) return environment_.schedule.plan_at(frozen_until_, *this, what, detail);
  if (!client_) return;
  switch (static_cast<Plan>(what)) {
    case timer:
      if (detail == static_cast<std::uint64_t>(armed_.time_since_epoch().count())) serve_timer();
      return;
    case end_pause:
      if (detail != pause_number_) return;
      paused_ = false;
      for (const auto& [connection, wire] : wires_) wire->read_all();
      return;
  }
}

void Driver::serve_timer() {
  armed_ = never;
  const Instant now = time();
  if (client_->poll_timeout() > now) return arm_timer();
  client_->handle_timeout(now);
  settle();
  // One that asks sentinels may learn at once that nobody answers, and is called again for that.
  require(!client_ || guide_ != nullptr || client_->poll_timeout() > now,
          "a timer that was served is not due again");
  for (const auto& [connection, wire] : wires_) {
    wire->try_again_for_room();
  }
}

void Driver::arm_timer() {
  const Instant next = client_->poll_timeout();
  if (next == never || next >= armed_) return;
  armed_ = next;
  environment_.schedule.plan_at(clock_.reads_at(next), *this, timer,
                                static_cast<std::uint64_t>(next.time_since_epoch().count()));
}

void Driver::pause_reading(Duration time) {
  environment_.note("client", number_, "takes no results for %", time);
  paused_ = true;
  environment_.schedule.plan(time, *this, end_pause, ++pause_number_);
}

void Driver::hold_news(Duration time) {
  environment_.note("client", number_, "hears nothing for %", time);
  wire(first_connection).hold_news(time);
}

void Driver::lose_connection() { lose_connection(first_connection); }

void Driver::lose_connection(ConnectionId connection) { wire(connection).reset(); }

void Driver::freeze(Duration time) {
  environment_.note("client", number_, "freezes for %", time);
  frozen_until_ = environment_.now() + time;
}

void Driver::validate() {
  if (client_) client_->validate();
}

void Driver::check_news_of_room() {
  for (const auto& [connection, wire] : wires_) {
    wire->check_news_of_room();
  }
}

Driver::Readers Driver::readers() const {
  Readers readers;
  for (const auto& [connection, wire] : wires_) {
    if (!wire->has_connection()) continue;
    ++readers.all;
    if (wire->is_stuck_for_room()) ++readers.stuck;
  }
  return readers;
}

std::uint64_t Driver::refusals_by_source() const {
  return environment_.coverage.refusals_by_source();
}

bool Driver::lacks_room_to_connect() const {
  constexpr std::size_t handshake_bytes_max = 1024;
  return client_ && !is_ready() &&
         !has_room_for(*budget_, PoolKind::connections, handshake_bytes_max);
}

// Somebody was refused who needed no more than that.
void Driver::check_refusal(std::uint64_t refusals_before, PoolKind pool, std::size_t bytes_max) {
  require(refusals_by_source() != refusals_before || !has_room_for(*budget_, pool, bytes_max),
          "nobody is refused memory while there is some");
}

void Driver::check_attempt() {
  ++attempts_;
  require(attempts_ <= addresses_.attempts_max(options_.reconnect_attempts_max),
          "a client tries to reconnect no more often than it may");
  const Instant since = std::max({without_link_since_, frozen_until_, environment_.jumped_until});
  require(environment_.now() <= since + options_.reconnect_wait_max + clock_.step(),
          "a client waits no longer than reconnect_wait_max");
}

// Before something is heard of a connection. Without memory there is no health check.
void Driver::check_silence() {
  if (environment_.scenario.memory_is_short() || state_ != Session::State::ready ||
      waiting_count_ + movable_count_ > 0)
    return;
  if (options_.health_check_interval == Duration::zero()) return;
  const Instant since = std::max({quiet_since_, frozen_until_, environment_.jumped_until});
  const Duration silence_max = options_.health_check_interval + options_.tombstone_age_max;
  // The silence begins, and each of the two times ends, when the clock moves.
  require(environment_.now() <= since + silence_max + 3 * clock_.step(),
          "a silent connection is given up when its time is over");
}

void Driver::note_state() {
  const ClientStatistics statistics = client_->statistics();
  check_bounds(statistics);
  const Session::State state = statistics.state;
  if (state == state_) return;
  environment_.coverage.count_transition(state_, state);
  if (state == Session::State::waiting) {
    const ErrorCode code = statistics.last_problem.code;
    environment_.coverage.count_problem(code);
    if (code == ErrorCode::read_only_replica) environment_.coverage.count(Deed::replica_refused);
  }
  state_ = state;
}

void Driver::check_bounds(const ClientStatistics& statistics) {
  require(statistics.blocking_connections <= options_.blocking_connections_max,
          "there are no more blocking connections than may be");
  require(statistics.subscriptions <= options_.subscriptions_max,
          "there are no more subscriptions than may be");
  require(statistics.waiting <= options_.waiters_max, "there are no more waiters than may be");
}

}  // namespace plimsoll::sim
