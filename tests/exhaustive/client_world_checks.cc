#include <algorithm>

#include "plimsoll/tests/exhaustive/client_world.h"

// What must hold.

namespace plimsoll::exhaustive {
namespace {

// Once the faults are over. A client that needs more goes in circles.
constexpr int steps_max = 200;
constexpr int events_max = 100;

}  // namespace

// What a driver does after each of its calls.
void ClientWorld::settle() {
  drained_ = false;
  if (rules_.events == Rules::Events::one_by_one && !healed_ && ready_) return;
  int rounds = 0;
  for (bool more = true; more; ++rounds) {
    require(rounds < events_max, "a client has an end of things to say");
    more = false;
    while (const std::optional<Event> event = client_->poll_event()) {
      note(*event);
      more = true;
    }
    if (const std::optional<Action> action = client_->poll_action()) {
      act(*action);
      more = true;
    }
  }
  drained_ = true;
  check_settled();
}

void ClientWorld::check_settled() {
  client_->validate();
  check_claims();
  const Instant timeout = poll_timeout();
  std::size_t pending = 0;
  for (const Request& request : requests_) {
    if (!request.pending) continue;
    ++pending;
    require(timeout <= request.deadline, "a timer is wanted before every deadline");
  }
  const ClientStatistics statistics = client_->statistics();
  require(statistics.in_flight >= pending, "a request is in flight until it ends");
  require(!closed_ || pending == 0, "a client that is closed has no requests");
  require(!closed_ || statistics.in_flight == 0, "nothing is in flight in a closed client");
  require(!closing_ || closed_ || statistics.in_flight > 0, "a client waits only for replies");
  require(statistics.counters.completed == completed_ && statistics.counters.failed == failed_ &&
              statistics.counters.replies_skipped == skipped_,
          "outcomes are counted");
  note_health_checks();
}

void ClientWorld::note_health_checks() {
  const std::uint64_t health_checks = client_->statistics().counters.health_checks;
  if (health_checks == health_checks_) return;
  ++health_checks_;
  ++health_checks_here_;
  require(health_checks == health_checks_, "one health check at a time");
  require(now_ >= heard_at_ + rules_.options.health_check_interval,
          "a server is asked for a sign of life when it gave none for a while");
}

// A backlog does not fall on a server that has just come back all at once, nor waits for nothing.
void ClientWorld::check_window() {
  const std::size_t sent = server_.requests_heard() - heard_before_ +
                           server_.ends_of_requests(std::string_view(given_)).size();
  const std::size_t answered = server_.replies_read() - read_before_;
  const std::size_t in_flight = client_->statistics().in_flight;
  const std::size_t window = times_ready_ == 1 ? in_flight : reconnect_window_min + answered;
  require(sent - answered == std::min(in_flight, window), "the window is used, and kept");
}

void ClientWorld::note_wait() {
  const Duration wait = now_ - waits_since_;
  const std::size_t attempt = std::min<std::size_t>(attempts_failed_, 3);
  require(wait > Duration::zero(), "a client waits before it tries again");
  tally_.longest_waits[attempt] = std::max(tally_.longest_waits[attempt], wait);
}

bool ClientWorld::health_check_is_owed() const {
  return server_.pongs_read() < pongs_before_ + health_checks_here_;
}

// Only for want of a reply that nobody waits for.
void ClientWorld::check_death() const {
  const bool given_up = std::any_of(requests_.begin(), requests_.end(), [](const Request& request) {
    return !request.pending && request.offered_here && !request.completed;
  });
  story_.require(given_up || health_check_is_owed(),
                 "a connection is not dead while the reply that is due is waited for");
}

void ClientWorld::act(const Action& action) {
  if (action.kind == Action::Kind::open) {
    story_.add("(the client wants a connection)");
    require(link_ == Link::none, "a client has one connection at a time");
    require(!closed_, "a client that is closed wants no connection");
    require(!refused_for_good_, "what will not heal is not tried again");
    require(!was_ready_ || attempts_failed_ < rules_.options.reconnect_attempts_max,
            "no more attempts are made than may fail");
    link_ = Link::opening;
    if (was_ready_) note_wait();
    return;
  }
  story_.add("(the client closes its connection)");
  require(link_ != Link::none, "a client closes only what is open");
  if (link_ == Link::opening || attempting_) ++attempts_failed_;
  end_link();
}

void ClientWorld::note(const Event& event) {
  switch (event.kind) {
    case Event::Kind::ready:
      story_.add("(ready)");
      require(link_ == Link::open && !closed_, "a client is ready by a connection");
      ready_ = was_ready_ = true;
      told_of_loss_ = attempting_ = attempt_should_succeed_ = false;
      attempts_failed_ = 0;
      pongs_before_ = server_.pongs_read();
      heard_before_ = server_.requests_heard();
      read_before_ = server_.replies_read();
      ++times_ready_;
      heard_at_ = now_;
      unsent_ = true;
      return;
    case Event::Kind::completed: return note_completed(event);
    case Event::Kind::failed: return note_failed(event);
    case Event::Kind::pushed: return;
    case Event::Kind::queueing_failed:
    case Event::Kind::credentials_refused:
    case Event::Kind::admitted: require(false, "nothing asks for such an event"); return;
    case Event::Kind::disconnected:
      story_.add("(disconnected)");
      require(ready_ && !closed_, "only a client that was ready is disconnected");
      if (event.error->code == ErrorCode::connection_dead) check_death();
      require(event.error->code != ErrorCode::protocol_error || !server_.well(),
              "a server that is well keeps the protocol");
      ready_ = false;
      attempts_failed_ = 0;
      told_of_loss_ = true;
      ++tally_.disconnections[static_cast<std::size_t>(event.error->code)];
      return;
    case Event::Kind::closed:
      story_.add("(closed)");
      require(!closed_, "a client is closed once");
      require(event.error->code != ErrorCode::closed || close_due_ == never || now_ >= close_due_ ||
                  !any_pending(),
              "close() waits for the replies that are owed");
      closed_ = true;
      ready_ = false;
      ++tally_.ends[static_cast<std::size_t>(event.error->code)];
      return;
  }
}

ClientWorld::Request& ClientWorld::end_request(Tag tag) {
  require(tag < requests_.size(), "an outcome is of a request that somebody made");
  Request& request = requests_[tag];
  require(request.pending, "a request has one outcome");
  request.pending = false;
  return request;
}

void ClientWorld::note_completed(const Event& event) {
  story_.add("(completed", event.tag);
  ++tally_.completed;
  ++completed_;
  Request& request = end_request(event.tag);
  request.completed = true;
  require(ready_ && !closed_, "a reply comes to a client that is ready");
  require(event.tag + 1 > last_completed_, "replies come in the order of the requests");
  last_completed_ = event.tag + 1;
  if (!server_.truthful()) return;
  request.claim = Claim::once;
  require(!server_.has_swelled(event.tag), "a reply that is too large is not shown");
  const auto bytes = event.value->as_bytes();
  require(bytes.ok() && *bytes == server_.reply_to(event.tag), "a reply is of its own request");
}

void ClientWorld::note_failed(const Event& event) {
  story_.add(name(event.error->code).data(), event.tag);
  story_.add(name(event.error->executed).data());
  Request& request = end_request(event.tag);
  ++failed_;
  const ErrorCode code = event.error->code;
  const Executed executed = event.error->executed;
  ++tally_.outcomes[static_cast<std::size_t>(code)][static_cast<std::size_t>(executed)];
  if (executed == Executed::no) request.claim = Claim::never;
  require(request.offered || executed == Executed::no || code == ErrorCode::server_error,
          "what was never offered to the transport cannot have run");
  const bool in_transfer = request.in_transfer || (writing_ && request.offered);
  const bool may_have_run = server_.runs(event.tag) > 0 || in_transfer;
  switch (code) {
    case ErrorCode::lost_unsent:
      require(closed_, "requests wait for the next connection until the client closes");
      require(executed == Executed::no, "lost_unsent has not run");
      return;
    case ErrorCode::lost_in_doubt:
    case ErrorCode::protocol_error:
      require(closed_ || told_of_loss_, "the loss is told first");
      require(executed == Executed::maybe, "what is in doubt may have run");
      require(may_have_run, "only what was written whole is in doubt");
      return;
    case ErrorCode::timed_out:
      require(request.deadline <= now_, "no deadline passes before its time");
      return;
    case ErrorCode::cancelled: return;
    case ErrorCode::reply_too_large:
      ++skipped_;
      require(server_.has_swelled(event.tag) || !server_.truthful(), "what fits is shown");
      require(executed == Executed::yes, "what has a reply has run");
      return;
    default: return require(!server_.truthful(), "every other outcome takes a lie");
  }
}

void ClientWorld::check_claims() {
  for (std::size_t letter = 0; letter < requests_.size(); ++letter) {
    const Request& request = requests_[letter];
    const std::uint8_t runs = server_.runs(letter);
    require(runs <= request.runs_max, "a request runs once, a read as often as it may");
    require(request.claim != Claim::never || runs == 0, "what has not run does not run later");
    require(request.claim != Claim::once || runs > 0, "what has completed has run");
  }
}

void ClientWorld::finish() {
  healed_ = true;
  story_.add("the faults are over");
  server_.swell(TinyServer::Swelling::none);
  settle();
  heal();
  if (!closed_) {
    submit_next({});
    heal();
    require(closed_ || requests_.back().claim == Claim::once || !server_.truthful(),
            "once the faults are over, a client works");
  }
  if (!closed_) {
    story_.add("close()");
    client_->close(now_);
    closing_ = true;
    settle();
    heal();
  }
  require(closed_ && link_ == Link::none, "a client that is closed has no connection");
  if (writing_) take();
  check_idle();
  const SessionCounters counters = client_->statistics().counters;
  tally_.resent += counters.requests_resent;
  tally_.health_checks += counters.health_checks;
  client_.reset();
  require(budget_.statistics().used == empty_bytes_, "a client that has gone leaves nothing");
}

void ClientWorld::heal() {
  for (int steps = 0; steps < steps_max; ++steps) {
    const bool over = closed_ && link_ == Link::none;
    const bool idle =
        ready_ && !server_.silent() && !closing_ && !writing_ && !unsent_ && server_.said().empty();
    if (idle && !any_pending()) {
      require(client_->statistics().in_flight == 0, "nothing is in flight when all is answered");
      return check_idle();
    }
    if (over) return;
    heal_step();
  }
  story_.fail("once the faults are over, everything ends");
}

void ClientWorld::heal_step() {
  if (writing_) return take();
  if (link_ == Link::opening) return open();
  if (link_ == Link::open && unsent_) {
    if (offer()) take();
    return;
  }
  if (link_ == Link::open && !server_.said().empty()) return read_some(server_.said().size());
  if (poll_timeout() != never) return wait();
  // Of a server that is gone the system says so in the end.
  require(link_ == Link::open && server_.silent(), "a client waits for something that comes");
  lose();
}

// Nothing is asked for, so nothing is held.
void ClientWorld::check_idle() {
  budget_.reclaim();
  require(budget_.statistics().used == idle_bytes_, "an idle client holds no memory");
}

}  // namespace plimsoll::exhaustive
