#include "plimsoll/core/client/client.h"

#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/near_cache.h"

namespace plimsoll {

Result<Client::Accounts> Client::open_accounts(Budget& budget) {
  const std::uint64_t owner = budget.next_owner();
  Accounts accounts{.requests = budget.open_account(PoolKind::requests, owner),
                    .replies = budget.open_account(PoolKind::replies, owner),
                    .connections = budget.open_account(PoolKind::connections, owner),
                    .own = {}};
  const bool open = accounts.requests && accounts.replies && accounts.connections;
  if (open) accounts.own = Charge(*accounts.connections);
  if (!open || !accounts.own.grow(sizeof(Client))) {
    return Error{.code = ErrorCode::out_of_memory,
                 .what = "the memory line has no room for one more client",
                 .value = sizeof(Client)};
  }
  return accounts;
}

Client::Client(const ClientOptions& options, Accounts accounts)
    : accounts_(std::move(accounts)),
      budget_(accounts_.connections->budget()),
      session_(options, Session::Accounts{.requests = *accounts_.requests,
                                          .replies = *accounts_.replies,
                                          .connections = *accounts_.connections}),
      sides_(session_.options(),
             SideConnections::Accounts{.requests = *accounts_.requests,
                                       .replies = *accounts_.replies,
                                       .connections = *accounts_.connections},
             session_),
      admission_(*accounts_.requests, options.waiters_max) {
  PLIMSOLL_CHECK(plimsoll::validate(options).ok());
}

Client::~Client() { budget_.leave(this); }

void Client::connect(Instant now) {
  if (recorder_.on()) record_input(now, FlightRecord::connect);
  session_.connect(now);
}

void Client::cancel(RequestId id, Instant now) {
  if (Admission::has(id)) return cancel_wait(id);
  if (SideConnections::has(id)) return sides_.cancel(id, now);
  if (Flights::has(id)) return near_ ? near_->cancel(id) : void();
  if (recorder_.on()) recorder_.note(FlightRecord::cancel, {id});
  session_.cancel(id);
}

void Client::close(Instant now) {
  if (recorder_.on()) record_input(now, FlightRecord::close);
  session_.close(now);
  sides_.close(now);
  if (near_) near_->follow_session();
}

void Client::abort() {
  if (recorder_.on()) recorder_.note(FlightRecord::abort, {});
  session_.abort();
  sides_.abort();
  if (near_) near_->follow_session();
}

void Client::handle_opened(ConnectionId connection, Instant now) {
  if (is_recorded(connection)) {
    record_input(now, FlightRecord::opened);
    recorder_.handle_new_stream();
  }
  if (near_ && connection == first_connection) near_->handle_opened();
  if (Session* const session = find(connection)) session->handle_opened(now);
}

void Client::handle_closed(ConnectionId connection, const Error& reason, Instant now) {
  if (is_recorded(connection)) {
    const auto code = static_cast<std::uint64_t>(reason.code);
    recorder_.note_at(now, FlightRecord::closed, {code});
  }
  if (Session* const session = find(connection)) session->handle_closed(reason, now);
  if (near_) near_->follow_session();
}

std::span<char> Client::read_space(ConnectionId connection) {
  Session* const session = find(connection);
  if (session == nullptr) return {};
  const std::span<char> room = session->read_space();
  if (near_ && connection == first_connection && room.empty()) near_->handle_not_read();
  if (is_recorded(connection)) {
    room_ = room;
    recorder_.note(FlightRecord::read_space, {room.size()});
  }
  return room;
}

void Client::handle_read(ConnectionId connection, std::size_t bytes, Instant now) {
  if (is_recorded(connection)) {
    const bool shaking_hands = session_.state() == Session::State::handshaking;
    // Of room that was asked for before the recording nothing is known.
    const bool known = bytes <= room_.size();
    if (!known) recorder_.note(FlightRecord::gap, {});
    recorder_.note_read(
        now, {room_.data(), known ? bytes : 0},
        shaking_hands ? FlightRecorder::Redaction::none : FlightRecorder::Redaction::of_values);
    room_ = {};
  }
  if (Session* const session = find(connection)) session->handle_read(bytes, now);
  if (near_ && connection == first_connection && bytes > 0) near_->handle_read();
}

std::size_t Client::poll_transmit(ConnectionId connection, std::span<std::string_view> spans) {
  Session* const session = find(connection);
  const std::size_t count = session == nullptr ? 0 : session->poll_transmit(spans);
  if (is_recorded(connection)) {
    std::size_t bytes = 0;
    for (std::string_view span : spans.first(count)) bytes += span.size();
    recorder_.note(FlightRecord::transmit, {spans.size(), bytes});
  }
  return count;
}

void Client::handle_written(ConnectionId connection, std::size_t bytes) {
  if (is_recorded(connection)) recorder_.note(FlightRecord::written, {bytes});
  if (Session* const session = find(connection)) session->handle_written(bytes);
}

void Client::handle_timeout(Instant now) {
  if (recorder_.on()) record_input(now, FlightRecord::timeout);
  budget_.handle_timeout(now);
  session_.handle_timeout(now);
  if (!admission_.none()) handle_line_timeout(now);
  if (!sides_.none()) sides_.handle_timeout(now);
  if (near_) near_->handle_timeout(now);
}

std::optional<Action> Client::poll_action() {
  const std::optional<Session::Action> action = session_.poll_action();
  if (recorder_.on()) {
    const std::uint64_t answer = !action ? 0 : *action == Session::Action::open ? 1 : 2;
    recorder_.note(FlightRecord::action, {answer});
  }
  if (!action) return poll_side_action();
  const bool opens = *action == Session::Action::open;
  return Action{.kind = opens ? Action::Kind::open : Action::Kind::close,
                .connection = first_connection};
}

std::optional<Action> Client::poll_side_action() {
  if (sides_.none()) return std::nullopt;
  const auto side = sides_.poll_action();
  if (!side) return std::nullopt;
  const bool opens = side->action == Session::Action::open;
  return Action{.kind = opens ? Action::Kind::open : Action::Kind::close,
                .connection = side->connection};
}

ClientStatistics Client::statistics() const {
  ClientStatistics all{.state = session_.state(),
                       .in_flight = session_.in_flight(),
                       .submitted = submitted_,
                       .rejected = rejected_ - admission_.waited_count(),
                       .waiting = admission_.waiting_count(),
                       .waited = admission_.waited_count(),
                       .waiters_refused = admission_.refused_count(),
                       .counters = session_.counters(),
                       .blocking_connections = sides_.blocking_count(),
                       .subscriptions = sides_.subscriptions_count(),
                       .last_problem = session_.last_problem()};
  if (const Admission* const line = sides_.line()) {
    all.rejected -= line->waited_count();
    all.waiting_to_block = line->waiting_count();
    all.waiting += line->waiting_count();
    all.waited += line->waited_count();
    all.waiters_refused += line->refused_count();
  }
  return all;
}

}  // namespace plimsoll
