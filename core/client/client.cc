#include "plimsoll/core/client/client.h"

#include <utility>

#include "plimsoll/core/base/check.h"

namespace plimsoll {

Result<Client::Accounts> Client::open_accounts(Budget& budget) {
  Accounts accounts{.requests = budget.open_account(PoolKind::requests),
                    .replies = budget.open_account(PoolKind::replies),
                    .connections = budget.open_account(PoolKind::connections),
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
    : options_(options),
      accounts_(std::move(accounts)),
      session_(options_, Session::Accounts{.requests = *accounts_.requests,
                                           .replies = *accounts_.replies,
                                           .connections = *accounts_.connections}) {
  PLIMSOLL_CHECK(plimsoll::validate(options).ok());
}

void Client::check(ConnectionId connection) const {
  PLIMSOLL_CHECK(connection == first_connection);
}

void Client::connect(Instant now) {
  if (recorder_.on()) record_input(now, FlightRecord::connect);
  session_.connect(now);
}

void Client::cancel(RequestId id) {
  if (recorder_.on()) recorder_.note(FlightRecord::cancel, {id});
  session_.cancel(id);
}

void Client::close(Instant now) {
  if (recorder_.on()) record_input(now, FlightRecord::close);
  session_.close(now);
}

void Client::abort() {
  if (recorder_.on()) recorder_.note(FlightRecord::abort, {});
  session_.abort();
}

void Client::handle_opened(ConnectionId connection, Instant now) {
  check(connection);
  if (recorder_.on()) {
    record_input(now, FlightRecord::opened);
    recorder_.handle_new_stream();
  }
  session_.handle_opened(now);
}

void Client::handle_closed(ConnectionId connection, const Error& reason, Instant now) {
  check(connection);
  if (recorder_.on()) {
    const auto code = static_cast<std::uint64_t>(reason.code);
    recorder_.note_at(now, FlightRecord::closed, {code});
  }
  session_.handle_closed(reason, now);
}

std::span<char> Client::read_space(ConnectionId connection) {
  check(connection);
  const std::span<char> room = session_.read_space();
  if (recorder_.on()) {
    room_ = room;
    recorder_.note(FlightRecord::read_space, {room.size()});
  }
  return room;
}

void Client::handle_read(ConnectionId connection, std::size_t bytes, Instant now) {
  check(connection);
  if (recorder_.on()) {
    const bool shaking_hands = session_.state() == Session::State::handshaking;
    // Of room that was asked for before the recording nothing is known.
    const bool known = bytes <= room_.size();
    if (!known) recorder_.note(FlightRecord::gap, {});
    recorder_.note_read(
        now, {room_.data(), known ? bytes : 0},
        shaking_hands ? FlightRecorder::Redaction::none : FlightRecorder::Redaction::of_values);
    room_ = {};
  }
  session_.handle_read(bytes, now);
}

std::size_t Client::poll_transmit(ConnectionId connection, std::span<std::string_view> spans) {
  check(connection);
  const std::size_t count = session_.poll_transmit(spans);
  if (recorder_.on()) {
    std::size_t bytes = 0;
    for (std::string_view span : spans.first(count)) bytes += span.size();
    recorder_.note(FlightRecord::transmit, {spans.size(), bytes});
  }
  return count;
}

void Client::handle_written(ConnectionId connection, std::size_t bytes) {
  check(connection);
  if (recorder_.on()) recorder_.note(FlightRecord::written, {bytes});
  session_.handle_written(bytes);
}

void Client::handle_timeout(Instant now) {
  if (recorder_.on()) record_input(now, FlightRecord::timeout);
  session_.handle_timeout(now);
}

std::optional<Action> Client::poll_action() {
  const std::optional<Session::Action> action = session_.poll_action();
  if (recorder_.on()) {
    const std::uint64_t answer = !action ? 0 : *action == Session::Action::open ? 1 : 2;
    recorder_.note(FlightRecord::action, {answer});
  }
  if (!action) return std::nullopt;
  const bool opens = *action == Session::Action::open;
  return Action{.kind = opens ? Action::Kind::open : Action::Kind::close,
                .connection = first_connection};
}

ClientStatistics Client::statistics() const {
  return {.state = session_.state(),
          .in_flight = session_.in_flight(),
          .submitted = submitted_,
          .rejected = rejected_,
          .counters = session_.counters(),
          .last_problem = session_.last_problem()};
}

}  // namespace plimsoll
