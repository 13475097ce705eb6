#include <algorithm>
#include <utility>

#include "plimsoll/tests/sim/books/versions.h"
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

// Real servers look at what may have expired ten times a second.
constexpr Duration expiry_lag = std::chrono::milliseconds(100);

constexpr Duration resumption_wait_max = std::chrono::milliseconds(4);

// What is said of changed keys comes before a reply, or behind it.
std::string_view without_news(std::string_view wire) {
  constexpr std::string_view news = ">2\r\n$10\r\ninvalidate\r\n";
  constexpr std::string_view all = "_\r\n";
  while (wire.starts_with(news)) {
    wire.remove_prefix(news.size());
    if (wire.starts_with(all)) {
      wire.remove_prefix(all.size());
      continue;
    }
    for (int lines = 3; lines > 0; --lines) wire.remove_prefix(wire.find('\n') + 1);  // *1 $2 c0
  }
  return wire.substr(0, wire.find(news));
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
    note_taken(connection, without_news(reply_));
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
  const model::Resumptions resumptions = model_.resumptions();
  answering_ = &connection;
  model_.handle_bytes(connection.client, request, model_time());
  answering_ = nullptr;
  note_resumption(connection, resumptions);
  std::swap(reply_, model_.output(connection.client));
  connection.closing = model_.closing(connection.client) != model::Closing::no;
  // As a real server does where other replies are still to be sent.
  const bool pending = connection.sent < connection.output.size();
  constexpr std::string_view refusal = "-WRONGPASS";
  if (command == "AUTH" && pending && without_news(reply_).starts_with(refusal)) {
    reply_.erase(reply_.find(refusal), without_news(reply_).size());
  }
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
  executed_ = !without_news(reply_).starts_with("-");
  if (executed_) transactions.note_exec(number, !ran_.empty(), might);
  note_served(connection, number);
}

void Server::note_served(Connection& connection, RequestNumber number) {
  if (lie_ && executed_) replace_by_large_reply();
  const auto ran = executed_ ? Ledger::Ran::yes : Ledger::Ran::no;
  environment_.ledger.note_served(number, ran, connection.link->serial(),
                                  hash_of_wire(without_news(reply_)));
  require(!executed_ || connection.link->note_run(number),
          "requests run in the order in which they were made");
}

// As a bridge that asks its own servers first: what came in front is answered meanwhile.
bool Server::puts_off_resumption(Connection& connection) {
  const auto words = scanner_.words();
  const bool resumes = words.size() > 2 && words[1] == "TRACKING" && words[2] == "RESUME";
  if (!resumes || !model_.options().resumption) return false;
  if (!connection.resumes_at) {
    const bool is_slow = resumption_random_.one_in(2);
    const Duration most = is_slow ? resumption_wait_max : Duration::zero();
    const Duration wait = resumption_random_.between(Duration::zero(), most);
    connection.resumes_at = environment_.now() + wait;
    environment_.schedule.plan(wait, *this, serve_place, connection.link->place());
  }
  if (environment_.now() < *connection.resumes_at) return true;
  connection.resumes_at.reset();
  return false;
}

void Server::note_resumption(Connection& connection, const model::Resumptions& before) {
  const model::Resumptions& now = model_.resumptions();
  Coverage& coverage = environment_.coverage;
  coverage.count(Deed::tracking_resumed, now.resumed - before.resumed);
  coverage.count(Deed::missed_news_told, now.told_again - before.told_again);
  coverage.count(Deed::tracking_not_resumed, now.refused - before.refused);
  require(now.ahead == before.ahead, "a client counts no news that there was not");
  if (now.resumed == before.resumed) return;
  connection.link->note_resumed();
  environment_.note("server", number_, "resumes what connection % is to be told",
                    connection.link->serial());
}

void Server::note_taken(Connection& connection, std::string_view reply) {
  const RequestNumber number = std::exchange(connection.waiting, 0);
  environment_.ledger.note_answered(number);
  environment_.books.queues.note_taken(number, element_of(reply));
}

// Also of a command that was blocked, on another connection than the one that is answered.
void Server::note_execution(const model::Execution& execution) {
  executed_ = true;
  const bool reaches_all = execution.command == "flushdb" || execution.command == "exec";
  if (execution.command == "flushdb") {
    environment_.books.transactions.note_flushed(number_, execution.database);
  }
  if (reaches_all || (execution.arguments.size() > 1 && Versions::is_key(execution.arguments[1]))) {
    note_versions();
  }
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

// What the keys hold that caches are tried on.
void Server::note_versions() {
  for (int database = 0; database < Versions::databases_count; ++database) {
    for (std::size_t i = 0; i < Versions::keys_count; ++i) {
      sim::Place place{.server = number_, .database = database, .key = Versions::key(i)};
      environment_.books.versions.note(place, model_.peek(database, place.key), environment_.now());
    }
  }
}

// For want of memory, as real servers do.
void Server::evict_some() {
  const int database = static_cast<int>(random_.below(Versions::databases_count));
  const std::string key = Versions::key(random_.below(Versions::keys_count));
  if (!model_.evict(database, key, model_time())) return;
  environment_.coverage.count(Deed::key_evicted);
  note_versions();
}

void Server::plan_answers() {
  const auto instant = [](const std::optional<model::Time>& time) {
    if (!time) return never;
    return Instant{} + Duration(static_cast<Duration::rep>(time->nanoseconds));
  };
  const Instant expired = instant(model_.next_expiry());
  const Instant noticed = expired == never ? never : after(expired, expiry_lag);
  const Instant due = std::min(instant(model_.next_timeout()), noticed);
  if (due == never) return;
  const Instant when = std::max({due, idle_at_, environment_.now()});
  if (when >= answers_at_) return;
  answers_at_ = when;
  environment_.schedule.plan_at(when, *this, answer_waiting);
}

}  // namespace plimsoll::sim
