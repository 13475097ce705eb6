#include "plimsoll/tests/exhaustive/client_world.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "plimsoll/tests/exhaustive/recycled_memory.h"

// The moves. What must hold is in client_world_checks.cc.

namespace plimsoll::exhaustive {
namespace {

RecycledMemory memory;

// Of many requests, the ends of the first are as good as those of the others.
constexpr std::size_t ends_max = 3;

constexpr Error refused{.code = ErrorCode::connect_failed, .what = "connection refused"};
constexpr Error reset{.code = ErrorCode::connection_lost, .what = "connection reset"};

}  // namespace

ClientWorld::ClientWorld(Choices& choices, const Rules& rules, Tally& tally)
    : choices_(choices),
      rules_(rules),
      tally_(tally),
      server_(story_),
      budget_(BudgetOptions{}, memory),
      empty_bytes_(budget_.statistics().used) {
  ClientOptions options = rules.options;
  options.random_seed = choices.choose(rules.seeds);
  client_.emplace(options, std::move(Client::open_accounts(budget_)).value());
  idle_bytes_ = budget_.statistics().used;
  client_->connect(now_);
  settle();
  if (rules.start == Rules::Start::unconnected) return;
  link_ = Link::open;
  server_.accept(TinyServer::Mood::good);
  client_->handle_opened(first_connection, now_);
  settle();
  shake_hands();
}

ClientWorld::~ClientWorld() = default;

bool ClientWorld::any_pending() const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [](const Request& request) { return request.pending; });
}

bool ClientWorld::is_possible(Move move) {
  const bool at_once = rules_.transport == Rules::Transport::at_once;
  switch (move) {
    case Move::submit:
    case Move::submit_all: return requests_.size() < rules_.requests.size();
    case Move::cancel: return !cancellable().empty();
    case Move::close:
    case Move::abort: return !closed_;
    case Move::poll:
    case Move::act: return !drained_;
    default: break;
  }
  if (!drained_) return false;
  switch (move) {
    case Move::open:
    case Move::refuse: return link_ == Link::opening && (!writing_ || lost_write_);
    case Move::send: return at_once && link_ == Link::open && unsent_;
    case Move::offer: return !at_once && link_ == Link::open && unsent_ && !writing_;
    case Move::take: return writing_;
    case Move::arrive: return writing_ && !lost_write_ && heard_ < given_.size();
    case Move::read: return link_ == Link::open && !server_.said().empty();
    case Move::wait: return poll_timeout() != never;
    case Move::oversleep: return poll_timeout() != never && poll_timeout() > now_;
    case Move::lose:
    case Move::swell:
    case Move::extra: return link_ == Link::open;
    case Move::silence: return link_ == Link::open && !server_.silent();
    default: return false;
  }
}

bool ClientWorld::may_move(Move move) {
  const auto kind = static_cast<std::size_t>(move);
  return made_[kind] < rules_.most[kind] && is_possible(move);
}

std::size_t ClientWorld::moves_count() {
  possible_.clear();
  for (std::size_t kind = 0; kind < move_kinds_count; ++kind) {
    if (may_move(static_cast<Move>(kind))) possible_.push_back(static_cast<Move>(kind));
  }
  return possible_.size();
}

void ClientWorld::make(std::size_t index) {
  const Move move = possible_[index];
  ++made_[static_cast<std::size_t>(move)];
  switch (move) {
    case Move::submit: submit(); break;
    case Move::submit_all:
      while (requests_.size() < rules_.requests.size()) submit();
      break;
    case Move::cancel: cancel(); break;
    case Move::open: open(); break;
    case Move::refuse: refuse(); break;
    case Move::send:
      if (offer()) take();
      break;
    case Move::offer: offer(); break;
    case Move::arrive: arrive(); break;
    case Move::take: take(); break;
    case Move::read: read(); break;
    case Move::wait: wait(); break;
    case Move::oversleep:
      story_.add("oversleep the timer");
      now_ = poll_timeout();
      break;
    case Move::lose: lose(); break;
    case Move::silence:
      story_.add("the server falls silent");
      server_.fall_silent();
      break;
    case Move::swell:
      story_.add("the next reply is too large");
      server_.swell(choose(2) == 0 ? TinyServer::Swelling::bytes : TinyServer::Swelling::values);
      break;
    case Move::extra:
      story_.add("the server says something that was not asked for");
      server_.say_extra(choose(2) == 0 ? "?\r\n" : "+made up\r\n");
      break;
    case Move::close:
      story_.add("close()");
      if (client_->statistics().state == Session::State::ready)
        close_due_ = now_ + rules_.options.close_timeout;
      client_->close(now_);
      closing_ = true;
      settle();
      break;
    case Move::abort:
      story_.add("abort()");
      client_->abort();
      closing_ = true;
      close_due_ = never;
      settle();
      break;
    case Move::poll: poll_once(); break;
    case Move::act: act_once(); break;
  }
}

void ClientWorld::submit() { submit_next(rules_.requests[requests_.size()]); }

void ClientWorld::submit_next(const Rules::Request& wanted) {
  const std::size_t letter = requests_.size();
  story_.add("submit request", letter);
  const char name = static_cast<char>(TinyServer::first_letter + letter);
  const std::array<std::string_view, 2> words{"ECHO", std::string_view(&name, 1)};
  CommandView command;
  command.args = words;
  command.effect = wanted.effect;
  note_health_checks();
  const std::size_t room = rules_.options.inflight_requests_limit;
  const std::size_t in_flight = client_->statistics().in_flight;
  const bool health_check = in_flight > 0 && health_check_is_owed();
  const bool full = in_flight - (health_check ? 1 : 0) >= room;
  const Result<RequestId> id = client_->submit(command, now_, wanted.timeout, letter);
  if (id) {
    require(!closing_ && !closed_ && !full, "a client takes no more than its limit");
  } else if (ready_ && server_.truthful()) {
    require(closing_ || closed_ || full, "a client takes requests up to its limit");
  } else {
    require(closing_ || closed_ || in_flight >= room, "a client takes requests up to its limit");
  }
  Request& request = requests_.emplace_back();
  if (!id) return;
  request.id = *id;
  request.pending = true;
  if (wanted.timeout > Duration::zero()) request.deadline = now_ + wanted.timeout;
  if (wanted.effect == CommandView::Effect::read) {
    request.runs_max = static_cast<std::uint8_t>(1 + rules_.options.read_resends_max);
  }
  unsent_ = true;
  settle();
}

// Those without an outcome, and those that may have left a tombstone.
std::vector<std::size_t> ClientWorld::cancellable() const {
  std::vector<std::size_t> letters;
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const Request& request = requests_[i];
    if (request.pending || (request.offered_here && !request.completed)) letters.push_back(i);
  }
  return letters;
}

void ClientWorld::cancel() {
  const std::vector<std::size_t> letters = cancellable();
  const std::size_t letter = letters[choose(letters.size())];
  story_.add("cancel request", letter);
  client_->cancel(requests_[letter].id, now_);
  unsent_ |= link_ == Link::open && ready_;  // a health check may be due once nothing is in flight
  settle();
  require(!drained_ || !requests_[letter].pending, "what is cancelled ends");
}

void ClientWorld::open() {
  const std::size_t mood = healed_ ? 0 : choose(rules_.moods.size());
  story_.add("open the connection: the server's mood is", mood);
  link_ = Link::open;
  writing_ = false;  // of the connection before: it may still have been told, and was not
  last_completed_ = 0;
  health_checks_here_ = 0;
  attempting_ = true;
  for (Request& request : requests_) request.offered_here = false;
  require(!attempt_should_succeed_, "an attempt at a server that is well succeeds");
  attempt_should_succeed_ = healed_;
  server_.accept(healed_ ? TinyServer::Mood::good : rules_.moods[mood]);
  client_->handle_opened(first_connection, now_);
  unsent_ = true;
  settle();
  if (rules_.handshakes == Rules::Handshakes::whole) shake_hands();
}

// The whole of it, and nothing else.
void ClientWorld::shake_hands() {
  while (link_ == Link::open && !ready_) {
    unsent_ = false;
    spans_count_ = client_->poll_transmit(first_connection, spans_);
    const std::string bytes = offered_bytes();
    if (spans_count_ > 0) {
      client_->handle_written(first_connection, bytes.size());
      server_.hear(bytes);
    }
    settle();
    if (link_ != Link::open || server_.said().empty()) break;
    read_some(server_.said().size());
  }
  unsent_ = true;
}

void ClientWorld::refuse() {
  story_.add("refuse the connection");
  link_ = Link::none;
  ++attempts_failed_;
  waits_since_ = now_;
  client_->handle_closed(first_connection, refused, now_);
  settle();
}

bool ClientWorld::offer() {
  spans_count_ = client_->poll_transmit(first_connection, spans_);
  given_ = offered_bytes();
  writing_ = spans_count_ > 0;
  lost_write_ = false;
  unsent_ = false;
  heard_ = 0;
  story_.add("offer the transport, in bytes,", given_.size());
  require(writing_ == !given_.empty(), "what is offered has bytes");
  if (ready_ && server_.well()) check_window();
  for (Request& request : requests_) {
    if (request.pending && writing_) request.offered = request.offered_here = true;
  }
  return writing_;
}

// Around the ends of requests is where it matters.
std::vector<std::size_t> ClientWorld::amounts_of_given() const {
  std::vector<std::size_t> amounts{heard_};
  const auto add = [&](std::size_t amount) {
    if (amount > amounts.back()) amounts.push_back(amount);
  };
  const auto ends = server_.ends_of_requests(std::string_view(given_).substr(heard_));
  for (const std::size_t end : std::span(ends).first(std::min(ends.size(), ends_max))) {
    add(heard_ + end - 1);
    add(heard_ + end);
  }
  add(given_.size());
  return amounts;
}

void ClientWorld::arrive() {
  std::vector<std::size_t> amounts = amounts_of_given();
  amounts.erase(amounts.begin());
  const std::size_t amount = amounts[choose(amounts.size())];
  story_.add("the server has heard, of these bytes,", amount);
  server_.hear(std::string_view(given_).substr(heard_, amount - heard_));
  heard_ = amount;
}

// Of a connection that is gone, any news will do.
void ClientWorld::take() {
  const std::vector<std::size_t> amounts =
      lost_write_ ? std::vector<std::size_t>{0, given_.size()} : amounts_of_given();
  const std::size_t amount = amounts[choose(amounts.size())];
  story_.add("the transport takes, in bytes,", amount);
  require(lost_write_ || offered_bytes() == given_, "bytes stay while they are sent");
  writing_ = false;
  if (!lost_write_) {
    server_.hear(std::string_view(given_).substr(heard_, amount - heard_));
    unsent_ |= amount < given_.size();
  }
  client_->handle_written(first_connection, amount);
  settle();
}

std::string ClientWorld::offered_bytes() const {
  std::string bytes;
  for (std::size_t i = 0; i < spans_count_; ++i) bytes += spans_[i];
  return bytes;
}

void ClientWorld::read() {
  const std::size_t first = server_.first_reply_bytes();
  const std::size_t all = server_.said().size();
  std::vector<std::size_t> amounts;
  if (first > 1) amounts.push_back(first / 2);
  amounts.push_back(first);
  if (all > first) amounts.push_back(all);
  read_some(amounts[choose(amounts.size())]);
}

void ClientWorld::read_some(std::size_t bytes) {
  story_.add("what the server said arrives, in bytes,", bytes);
  while (bytes > 0 && link_ == Link::open) {
    const std::span<char> space = client_->read_space(first_connection);
    require(!space.empty(), "there is room to read where memory is not short");
    const std::size_t part = std::min(bytes, space.size());
    std::memcpy(space.data(), server_.said().data(), part);
    server_.forget_said(part);
    bytes -= part;
    heard_at_ = now_;
    refused_for_good_ |= server_.has_refused_for_good();
    unsent_ |= requests_.size() > reconnect_window_min;  // each reply lets one more be sent
    client_->handle_read(first_connection, part, now_);
    settle();
  }
}

void ClientWorld::wait() {
  now_ = std::max(now_, poll_timeout());
  const auto time = now_ - Instant{};
  story_.add("wait for the timer, until", static_cast<std::uint64_t>(time.count()));
  client_->handle_timeout(now_);
  unsent_ = true;  // of a health check
  settle();
  if (!drained_) return;
  require(poll_timeout() > now_, "a timer that was served is not due again");
  for (const Request& request : requests_) {
    require(!request.pending || request.deadline > now_, "a deadline is kept");
  }
}

void ClientWorld::lose() {
  story_.add("lose the connection");
  if (attempting_) ++attempts_failed_;
  end_link();
  client_->handle_closed(first_connection, reset, now_);
  settle();
}

// What the transport has been given may still reach the server.
void ClientWorld::end_link() {
  if (writing_ && !lost_write_) {
    for (Request& request : requests_) request.in_transfer |= request.offered && request.pending;
    const bool arrives = choose(2) == 1;
    story_.add(arrives ? "what was offered arrives" : "what was offered is lost");
    if (arrives) server_.hear(std::string_view(given_).substr(heard_));
    lost_write_ = true;
  }
  link_ = Link::none;
  attempting_ = false;
  waits_since_ = now_;
  server_.leave();
}

void ClientWorld::poll_once() {
  story_.add("poll an event");
  const std::optional<Event> event = client_->poll_event();
  if (event) return note(*event);
  if (const std::optional<Action> action = client_->poll_action()) return act(*action);
  drained_ = true;
  check_settled();
}

void ClientWorld::act_once() {
  story_.add("poll an action");
  if (const std::optional<Action> action = client_->poll_action()) act(*action);
}

}  // namespace plimsoll::exhaustive
