#include <algorithm>
#include <utility>

#include "plimsoll/tests/sim/client/reply_hash.h"
#include "plimsoll/tests/sim/server/server.h"

// What a server does with a request, and what it writes into the books.

namespace plimsoll::sim {
namespace {

// Of a reply "*2...": a key and an element, without ends of lines in them.
std::string_view element_of(std::string_view reply) {
  if (!reply.starts_with("*2\r\n")) return {};
  reply.remove_suffix(2);
  return reply.substr(reply.rfind('\n') + 1);
}

bool is_pop(std::string_view command) { return command == "BLPOP" || command == "BRPOP"; }

}  // namespace

void Server::answer(Connection& connection, std::string_view request) {
  const RequestNumber number = number_of(scanner_.words());
  const bool pops = is_pop(scanner_.words()[0]);
  connection.listens |= scanner_.words()[0].ends_with("SUBSCRIBE");
  executed_ = false;
  ran_.clear();
  reply_.clear();
  if (const char* const made_up = made_up_reply(connection)) {
    reply_ = made_up;
  } else {
    execute(connection, request);
  }
  if (pops && model_.is_blocked(connection.client)) {
    connection.waiting = number;
  } else if (pops) {
    connection.waiting = number;
    note_taken(connection, reply_);
  } else if (number != 0 && !connection.in_transaction) {
    note_served(connection, number);
  }
  if (lie_) spoil_reply(connection);
  send(connection, reply_);
}

void Server::execute(Connection& connection, std::string_view request) {
  const std::string_view command = scanner_.words()[0];
  const RequestNumber number = number_of(scanner_.words());
  const bool ends = command == "EXEC" && connection.in_transaction;
  const bool might = ends && environment_.books.transactions.may_commit(connection.transaction,
                                                                        connection.link->serial());
  answering_ = &connection;
  model_.handle_bytes(connection.client, request, model_time());
  answering_ = nullptr;
  std::swap(reply_, model_.output(connection.client));
  connection.closing = model_.closing(connection.client) != model::Closing::no;
  // As a real server does where other replies are still to be sent.
  const bool pending = connection.sent < connection.output.size();
  if (command == "AUTH" && pending && reply_.starts_with("-WRONGPASS")) reply_.clear();
  if (command == "MULTI") {
    connection.in_transaction = true;
    connection.transaction = 0;
  } else if (ends) {
    connection.in_transaction = false;
    end_transaction(connection, might);
  } else if (connection.in_transaction && number != 0) {
    connection.transaction = number;
  }
}

void Server::end_transaction(Connection& connection, bool might) {
  const RequestNumber number = connection.transaction;
  if (number == 0) return;
  Transactions& transactions = environment_.books.transactions;
  transactions.note_run(number, ran_);
  if (!reply_.starts_with("-")) transactions.note_exec(number, !ran_.empty(), might);
  executed_ = !reply_.starts_with("-");
  note_served(connection, number);
}

void Server::note_served(Connection& connection, RequestNumber number) {
  if (lie_ && executed_) replace_by_large_reply();
  const auto ran = executed_ ? Ledger::Ran::yes : Ledger::Ran::no;
  environment_.ledger.note_served(number, ran, connection.link->serial(), hash_of_wire(reply_));
  require(!executed_ || connection.link->note_run(number),
          "requests run in the order in which they were made");
}

void Server::note_taken(Connection& connection, std::string_view reply) {
  const RequestNumber number = std::exchange(connection.waiting, 0);
  environment_.books.queues.note_taken(number, element_of(reply));
}

// Also of a command that was blocked, on another connection than the one that is answered.
void Server::note_execution(const model::Execution& execution) {
  executed_ = true;
  if (answering_ == nullptr || execution.arguments.size() < 2) return;
  if (execution.outcome != model::Execution::Outcome::replied) return;
  Books& books = environment_.books;
  const std::string_view first = execution.arguments[1];
  const Mark mark = mark_of(execution.arguments.back());
  const sim::Place place{.server = number_, .database = execution.database, .key = {}};
  const auto place_of = [&] {
    sim::Place whole = place;
    whole.key = first;
    return whole;
  };
  if (execution.command == "publish") {
    books.channels.note_published(number_, first, mark.number);
  } else if (execution.command == "watch") {
    books.transactions.note_watched(mark.number, place_of(), answering_->link->serial());
  } else if (execution.command == "set") {
    if (mark.parts > 0 && answering_->in_transaction) ran_.push_back(mark);
    if (mark.parts > 0 && !answering_->in_transaction) {
      books.transactions.note_run_outside(mark.number);
    }
    if (first.starts_with('w')) books.transactions.note_written(place_of(), mark.number);
  }
}

void Server::plan_answers() {
  const std::optional<model::Time> next = model_.next_timeout();
  if (!next) return;
  const Instant due = Instant{} + Duration(static_cast<Duration::rep>(next->nanoseconds));
  const Instant when = std::max({due, idle_at_, environment_.now()});
  if (when >= answers_at_) return;
  answers_at_ = when;
  environment_.schedule.plan_at(when, *this, answer_waiting);
}

}  // namespace plimsoll::sim
