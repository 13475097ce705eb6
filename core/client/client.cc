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

void Client::handle_opened(ConnectionId connection, Instant now) {
  check(connection);
  session_.handle_opened(now);
}

void Client::handle_closed(ConnectionId connection, const Error& reason, Instant now) {
  check(connection);
  session_.handle_closed(reason, now);
}

std::span<char> Client::read_space(ConnectionId connection) {
  check(connection);
  return session_.read_space();
}

void Client::handle_read(ConnectionId connection, std::size_t bytes, Instant now) {
  check(connection);
  session_.handle_read(bytes, now);
}

std::size_t Client::poll_transmit(ConnectionId connection, std::span<std::string_view> spans) {
  check(connection);
  return session_.poll_transmit(spans);
}

void Client::handle_written(ConnectionId connection, std::size_t bytes) {
  check(connection);
  session_.handle_written(bytes);
}

std::optional<Action> Client::poll_action() {
  const std::optional<Session::Action> action = session_.poll_action();
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
