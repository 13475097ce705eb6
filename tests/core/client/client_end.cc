#include "plimsoll/tests/core/client/client_end.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/model.h"

namespace plimsoll::testing {
namespace {

// FAIL() in a function of its own: a failed promise ends the test, whoever made the call.
void require(bool promise, const char* otherwise) {
  if (!promise) FAIL(otherwise);
}

}  // namespace

std::string show_failure(const Error& error) {
  return std::string(name(error.code)) + " (" + std::string(name(error.executed)) + ")";
}

ClientEnd::ClientEnd(const ClientOptions& options, std::unique_ptr<Memory>&& own_memory,
                     Budget& budget)
    : own_memory_(std::move(own_memory)), budget_(budget), idle_bytes_(budget_.statistics().used) {
  Result<Client::Accounts> accounts = Client::open_accounts(budget_);
  client_.emplace(options, std::move(accounts).value());
}

ClientEnd::ClientEnd(const ClientOptions& options, Budget& shared)
    : ClientEnd(options, nullptr, shared) {}

ClientEnd::~ClientEnd() = default;

void ClientEnd::connect() {
  client_->connect(now_);
  settle();
}

std::optional<RequestId> ClientEnd::submit(Tag tag, const Words& words) {
  return submit(tag, words, std::chrono::milliseconds(250));
}

std::optional<RequestId> ClientEnd::submit(Tag tag, const Words& words, Duration timeout,
                                           Duration max_staleness) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  CommandView command;
  command.args = views;
  return submit_command(tag, command, timeout, max_staleness);
}

std::optional<RequestId> ClientEnd::prove(Tag tag, Duration timeout) {
  require(outcomes_.emplace(tag, Outcome::pending).second, "a tag is used twice");
  ++pending_;
  const Result<RequestId> id = client_->prove(now_, timeout, tag);
  if (!id) note_outcome(tag, "refused with " + show_failure(id.error()));
  settle();
  return id ? std::optional(*id) : std::nullopt;
}

std::optional<RequestId> ClientEnd::submit_command(Tag tag, const CommandView& command,
                                                   Duration timeout, Duration max_staleness) {
  require(outcomes_.emplace(tag, Outcome::pending).second, "a tag is used twice");
  ++pending_;
  Result<RequestId> id = client_->submit(command, now_, timeout, tag, max_staleness);
  if (!id && client_->may_wait(id.error())) id = wait_for_room(command, timeout, tag);
  if (!id) note_outcome(tag, "refused with " + show_failure(id.error()));
  settle();
  return id ? std::optional(*id) : std::nullopt;
}

Result<RequestId> ClientEnd::wait_for_room(const CommandView& command, Duration timeout, Tag tag) {
  const std::size_t bytes = encoded_size(command);
  const Result<RequestId> id = client_->wait_for_room(command, now_, timeout, tag);
  if (!id) return id;
  Kept& kept = kept_[tag];
  kept.request.resize(bytes);
  encode(command, kept.request.data());
  kept.command = CommandView::from_encoded(kept.request);
  kept.command.effect = command.effect;
  kept.command.answers = command.answers;
  kept.command.block_time = command.block_time;
  return id;
}

void ClientEnd::admit(Tag tag) {
  require(kept_.contains(tag), "somebody is admitted who does not wait");
  events_.push_back(std::to_string(tag) + " admitted");
  admitted_as_[tag] = client_->submit_admitted(kept_[tag].command, tag);
  kept_.erase(tag);
}

void ClientEnd::cancel(RequestId id) {
  client_->cancel(id, now_);
  settle();
}

void ClientEnd::close() {
  client_->close(now_);
  settle();
}

void ClientEnd::abort() {
  client_->abort();
  settle();
}

void ClientEnd::open() {
  require(link_ == Link::opening, "nobody asked for a connection");
  link_ = Link::open;
  writing_ = false;
  client_->handle_opened(first_connection, now_);
  settle();
}

void ClientEnd::refuse() {
  require(link_ == Link::opening, "nobody asked for a connection");
  link_ = Link::none;
  client_->handle_closed(first_connection,
                         {.code = ErrorCode::connect_failed, .what = "connection refused"}, now_);
  settle();
}

void ClientEnd::break_off() {
  require(link_ == Link::open, "there is no connection");
  link_ = Link::none;
  client_->handle_closed(first_connection,
                         {.code = ErrorCode::connection_lost, .what = "connection reset"}, now_);
  settle();
}

std::size_t ClientEnd::receive(std::string_view bytes) {
  std::size_t received = 0;
  while (received < bytes.size() && link_ == Link::open) {
    const std::span<char> room = client_->read_space(first_connection);
    const std::size_t part = std::min(room.size(), bytes.size() - received);
    if (part == 0) break;
    std::memcpy(room.data(), bytes.data() + received, part);
    client_->handle_read(first_connection, part, now_);
    received += part;
    settle();
  }
  return received;
}

void ClientEnd::receive_in_pieces(std::string_view bytes, std::size_t piece_bytes) {
  while (!bytes.empty() && link_ == Link::open) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    require(receive(piece) == piece.size() || link_ != Link::open, "no room to read");
    bytes.remove_prefix(piece.size());
  }
}

std::string ClientEnd::write() {
  std::string all;
  while (link_ == Link::open) {
    const std::string some = begin_write();
    if (some.empty()) break;
    end_write(some.size());
    all += some;
  }
  return all;
}

std::string ClientEnd::begin_write() {
  require(link_ == Link::open && !writing_, "there is no connection, or it is writing");
  spans_count_ = client_->poll_transmit(first_connection, spans_);
  given_ = shown_spans();
  writing_ = spans_count_ > 0;
  require(writing_ == !given_.empty(), "spans without bytes");
  return given_;
}

std::string ClientEnd::shown_spans() const {
  std::string bytes;
  for (std::size_t i = 0; i < spans_count_; ++i) bytes += spans_[i];
  return bytes;
}

void ClientEnd::end_write(std::size_t bytes) {
  require(std::exchange(writing_, false), "no write was begun");
  if (link_ == Link::open) require(shown_spans() == given_, "bytes changed while they were sent");
  client_->handle_written(first_connection, bytes);
  settle();
}

void ClientEnd::advance(Duration duration) {
  now_ += duration;
  client_->handle_timeout(now_);
  settle();
  require(poll_timeout() > now_, "the client wants to be woken up in the past");
}

void ClientEnd::wait_for_open() {
  while (link_ == Link::none) {
    require(poll_timeout() != never, "the client never asks for a connection again");
    advance(poll_timeout() - now_);
  }
}

Lines ClientEnd::take_events() { return std::exchange(events_, {}); }

std::size_t ClientEnd::bytes_in_use() {
  budget_.reclaim();
  return budget_.statistics().used - idle_bytes_;
}

// What a driver does after each of its calls.
void ClientEnd::settle() {
  if (visits_) {
    while (client_->visit_short_replies(visits_max, [this](Tag tag, const Value& reply) {
      note({.kind = Event::Kind::completed, .tag = tag, .value = reply});
    }) == visits_max) {
    }
  }
  while (const std::optional<Event> event = client_->poll_event()) note(*event);
  take_actions();
  client_->validate();
  check_memory();
}

void ClientEnd::take_actions() {
  while (const std::optional<Action> action = client_->poll_action()) {
    if (action->kind == Action::Kind::open) {
      require(link_ == Link::none, "a second connection is asked for");
      link_ = Link::opening;
      actions_.push_back("open");
      seeds_.push_back(static_cast<std::uint32_t>(action->seed));
    } else {
      require(link_ != Link::none, "there is nothing to close");
      link_ = Link::none;
      actions_.push_back("close");
    }
  }
}

std::string ClientEnd::kept() {
  const Result<Reply> reply = client_->keep_reply();
  return reply ? show(reply->value()) : show_failure(reply.error());
}

void ClientEnd::note(const Event& event) {
  const std::string value = event.value ? show(*event.value) : "";
  if (event.error != nullptr) last_error_ = *event.error;
  switch (event.kind) {
    case Event::Kind::ready: events_.push_back("ready"); return;
    case Event::Kind::pushed: events_.push_back(value); return;
    case Event::Kind::completed: note_outcome(event.tag, keeps_replies_ ? kept() : value); return;
    case Event::Kind::admitted: return admit(event.tag);
    case Event::Kind::failed:
      kept_.erase(event.tag);
      note_outcome(event.tag, value.empty() ? show_failure(*event.error) : value);
      return;
    case Event::Kind::disconnected:
      events_.push_back("disconnected: " + std::string(name(event.error->code)) +
                        (value.empty() ? "" : " " + value));
      return;
    case Event::Kind::queueing_failed:
      events_.push_back(std::to_string(event.tag) + " queueing: " + value);
      return;
    case Event::Kind::credentials_refused:
      events_.push_back("credentials refused: " + value);
      return;
    case Event::Kind::closed:
      require(!std::exchange(closed_, true), "the client was closed twice");
      events_.push_back("closed: " + std::string(name(event.error->code)) +
                        (value.empty() ? "" : " " + value));
      return;
  }
}

void ClientEnd::note_outcome(Tag tag, const std::string& outcome) {
  const auto found = outcomes_.find(tag);
  require(found != outcomes_.end(), "an outcome of a request that nobody made");
  require(std::exchange(found->second, Outcome::had) == Outcome::pending, "a second outcome");
  --pending_;
  events_.push_back(std::to_string(tag) + ": " + outcome);
}

// What is out is charged, at every moment, and the line holds.
void ClientEnd::check_memory() {
  budget_.validate();
  const BudgetStatistics statistics = budget_.statistics();
  require(statistics.peak <= statistics.limit, "more memory than the line");
  std::size_t sum = 0;
  require(client_->statistics().waiting == kept_.size(), "another count of those who wait");
  for (const PoolStatistics& pool : statistics.pools) {
    require(pool.used <= pool.limit, "a pool has more than its limit");
    sum += pool.used;
  }
  require(sum == statistics.used, "the pools do not add up");
  const bool owned = own_memory_ != nullptr;
  require(!owned || memory().bytes_out() <= statistics.used, "memory that nobody pays for");
}

}  // namespace plimsoll::testing
