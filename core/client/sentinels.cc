#include "plimsoll/core/client/sentinels.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"

// More than 500 lines, because connecting, asking and choosing change the same few fields of an
// entry.

namespace plimsoll::inline v0 {
namespace {

// A connection to a sentinel has at most the four requests of tag_primary to tag_switches under
// way, twice if one is asked again before it has answered.
constexpr std::size_t sentinel_requests_max = 8;

constexpr Error no_room_for_sentinel{
    .code = ErrorCode::out_of_memory,
    .what = "the connections pool has no room for a connection to a sentinel"};

constexpr Error no_address{.code = ErrorCode::protocol_error,
                           .what = "the sentinel's answer is no address",
                           .expected = "a host and a port"};

constexpr Error divided{.code = ErrorCode::connect_failed,
                        .what = "the sentinels do not agree which server is the primary"};

constexpr Error watched_by_none{
    .code = ErrorCode::invalid_option,
    .what = "the sentinels watch no primary of this name",
    .expected = "the name behind `sentinel monitor` in the sentinels' configuration"};

constexpr Error late{
    .code = ErrorCode::connect_failed,
    .what = "the sentinel did not answer within a quarter of connect_timeout or 10 s"};

// In place of the session's own error, whose text ends with the session.
constexpr Error unread{.code = ErrorCode::out_of_memory,
                       .what = "there was no memory to read the sentinel's answer"};

constexpr Error unanswered{.code = ErrorCode::connect_failed, .what = "no sentinel answered"};

SessionOptions session_options(const SessionOptions& of_client, std::uint32_t index) {
  SessionOptions options = of_client;
  options.username = of_client.sentinel->username;
  options.password = of_client.sentinel->password;
  options.database = 0;
  options.protocol = Protocol::resp3;  // which allows requests beside a subscription
  options.no_evict = options.no_touch = false;
  options.tracking = {};
  options.inflight_requests_limit = sentinel_requests_max;
  options.inflight_overflow = OnLimit::reject;
  options.read_resends_max = 0;
  options.reconnect_attempts_max = 0;
  // A session that was never ready waits between its attempts, too.
  options.reconnect_wait_min = sentinel_wait_min;
  options.reconnect_wait_max = sentinel_wait_max;
  options.seeds_count = 1;
  options.primary_only = options.follows_main = false;
  options.peer = Peer::sentinel;
  options.sentinel = nullptr;
  options.random_seed += index;
  options.reply_bytes_max = sentinel_reply_bytes_max;
  return options;
}

// The text of a reply, copied to `room`; empty if it does not fit, or is none.
std::string_view read_text(const Value& value, std::span<char> room) {
  const auto bytes = value.as_bytes();
  if (!bytes || bytes->size() > room.size()) return {};
  bytes->copy_to(room.data());
  return {room.data(), bytes->size()};
}

std::optional<NodeAddress> read_address(const Value& host, const Value& port) {
  std::array<char, NodeAddress::host_bytes_max> host_room;
  std::array<char, 5> port_room;
  return NodeAddress::read(read_text(host, host_room), read_text(port, port_room));
}

// The payload of +switch-master: "name old-host old-port new-host new-port".
constexpr std::size_t switch_bytes_max =
    primary_name_bytes_max + 2 * (NodeAddress::host_bytes_max + 7);

// The flags of an entry of SENTINEL SENTINELS, with commas in between.
constexpr std::size_t flags_bytes_max = 64;

SentinelNodeId read_id(const Value& value) {
  SentinelNodeId id{};
  if (read_text(value, id).size() < id.size()) id = {};
  return id;
}

std::string_view take_word(std::string_view& text) {
  const std::size_t blank = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, blank);
  text.remove_prefix(std::min(blank + 1, text.size()));
  return word;
}

}  // namespace

Sentinels::Sentinels(const SessionOptions& options, const Session::Accounts& accounts)
    : options_(options), accounts_(accounts) {
  PLIMSOLL_CHECK(options.sentinel != nullptr && options.seeds_count <= sentinels_max);
}

Sentinels::~Sentinels() = default;

void Sentinels::ask(Instant now) {
  if (stopped_) return;
  now_ = std::max(now_, now);
  next_timeout_ = Instant::min();
  is_asked_ = true;
  finding_ = Finding::pending;
  round_ends_at_ = after(now_, patience());
  bool is_any_asked = false;
  for (std::uint32_t i = 0; i < sentinels_max; ++i) {
    if (!entries_[i] && i < options_.seeds_count) {
      entries_[i] = Box<Entry>::make(accounts_.connections, 0, SeedId{i}, options_.random_seed + i);
    }
    if (!entries_[i] || entries_[i]->leaving) continue;
    Entry& entry = *entries_[i];
    entry.ready ? ask_entry(entry) : connect(i);
    if (!entry.session) continue;
    entry.session->hurry(now_);
    if (entry.is_waited_for) entry.vote.state = SentinelVote::State::pending;
    entry.failed_before = entry.session->counters().attempts_failed;
    is_any_asked = true;
  }
  if (!is_any_asked) round_ends_at_ = now_;
  heard_ |= choice_due;
}

void Sentinels::stop() {
  stopped_ = true;
  for_each_session([this](std::uint32_t index, Session& session) {
    session.abort();
    heard_ |= bit(index);
  });
}

Session* Sentinels::session(ConnectionId connection) const {
  const Box<Entry>& entry = entries_[index_of(connection)];
  return entry ? entry->session.get() : nullptr;
}

void Sentinels::note_input(ConnectionId connection) {
  heard_ |= bit(index_of(connection));
  next_timeout_ = Instant::min();
}

void Sentinels::handle_timeout(Instant now) {
  now_ = std::max(now_, now);
  if (stopped_ || now_ < next_timeout_) return;
  next_timeout_ = Instant::min();
  for (std::uint32_t i = 0; i < sentinels_max; ++i) {
    if (!entries_[i]) continue;
    Entry& entry = *entries_[i];
    if (entry.session) {
      entry.session->handle_timeout(now);
      heard_ |= bit(i);
    }
    if (now_ >= entry.retry_at) connect(i);
    if (now_ >= entry.ask_at) ask_entry(entry);
  }
  heard_ |= choice_due;
}

Instant Sentinels::poll_timeout() {
  if (stopped_) return never;
  if (next_timeout_ != Instant::min()) return next_timeout_;
  Instant next = std::min(round_ends_at_, announcement_.until(now_));
  for (const Box<Entry>& entry : entries_) {
    if (!entry) continue;
    next = earliest(next, entry->retry_at, entry->ask_at);
    if (entry->session) next = std::min(next, entry->session->poll_timeout());
  }
  next_timeout_ = next;
  return next;
}

std::optional<Action> Sentinels::poll_action_with(Session& main) {
  while (const std::optional<Session::Action> action = main.poll_action()) {
    if (*action == Session::Action::open) {
      ask(main.now());
      poll_events();  // the answer may be known already
    } else if (!take_question()) {
      return Action{.kind = Action::Kind::close, .connection = first_connection};
    }
  }
  if (finding() == Finding::found && take_question()) {
    return Action{.kind = Action::Kind::open, .connection = first_connection, .told = &primary()};
  }
  return poll_action();
}

std::optional<Action> Sentinels::poll_action() {
  std::optional<Action> found;
  for_each_session([&](std::uint32_t index, Session& session) {
    if (found) return;
    const std::optional<Session::Action> action = session.poll_action();
    if (!action) return;
    const Entry& entry = *entries_[index];
    found = Action{.kind = kind_of(*action),
                   .connection = ConnectionId{first_place + index},
                   .seed = entry.seed,
                   .told = entry.is_seed ? nullptr : &entry.told,
                   .peer = Peer::sentinel};
    heard_ |= bit(index);  // it may be over now
  });
  return found;
}

std::uint64_t Sentinels::unsent() const {
  std::uint64_t mask = 0;
  for_each_session([&mask](std::uint32_t index, const Session& session) {
    if (session.has_unsent()) mask |= std::uint64_t{1} << (first_place + index);
  });
  return mask;
}

void Sentinels::validate() {
  for_each_session([](std::uint32_t, Session& session) { session.validate(); });
  for (std::uint32_t i = 0; i < sentinels_max; ++i) {
    const bool has_session = entries_[i] && entries_[i]->session;
    PLIMSOLL_CHECK(has_session == ((used_ & bit(i)) != 0));
    PLIMSOLL_CHECK(!entries_[i] || entries_[i]->is_seed == (i < options_.seeds_count));
  }
}

Sentinels::Known Sentinels::describe(std::uint32_t index) const {
  const Entry& entry = *entries_[index];
  using State = SentinelVote::State;
  // What it said last counts until it has answered the question that is under way.
  const bool is_asked_again = entry.vote.state == State::pending && *entry.problem.what == '\0';
  const bool says =
      entry.vote.state == State::said || (is_asked_again && !entry.vote.primary.empty());
  return {
      .seed = entry.seed,
      .told = entry.is_seed ? nullptr : &entry.told,
      .primary = says ? &entry.vote.primary : nullptr,
      .connection = ConnectionId{first_place + index},
      .is_connected = entry.ready,
      .watches_none = entry.vote.state == State::unknown || (is_asked_again && entry.watched_none),
      .problem = entry.problem};
}

// Begins to connect to a sentinel, unless that is under way.
void Sentinels::connect(std::uint32_t index) {
  Entry& entry = *entries_[index];
  // What is ending must end first, and keeps its time for the next attempt.
  if (entry.session && entry.session->is_closed()) return;
  entry.retry_at = never;
  if (entry.session || entry.leaving || stopped_) return;
  entry.session =
      Box<Session>::make(accounts_.connections, 0, session_options(options_, index), accounts_);
  if (!entry.session) {
    heard_ |= choice_due;
    return handle_end(entry, no_room_for_sentinel);
  }
  used_ |= bit(index);
  entry.failed_before = 0;
  entry.session->connect(now_);
}

// Asks for the other sentinels first: they are to be asked, too, before one alone has decided. An
// answer that is under way counts for this question as well: otherwise a client that fails to
// connect again and again would ask faster than a distant sentinel answers.
void Sentinels::ask_entry(Entry& entry) {
  entry.ask_at = after(now_, sentinel_ask_interval);
  if (std::exchange(entry.was_asked, true)) return;
  const std::string_view name = options_.sentinel->primary_name;
  send(entry, {"SENTINEL", "SENTINELS", name}, tag_others);
  send(entry, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name}, tag_primary);
}

void Sentinels::send(Entry& entry, std::initializer_list<std::string_view> words, Tag tag) {
  CommandView command;
  command.args = words;
  if (tag == tag_switches) command.answer = CommandView::Answer::confirmations;
  const Instant deadline = after(now_, patience());
  const Result<RequestId> sent = entry.session->submit(command, deadline, tag);
  if (!sent) handle_refused(entry, tag, sent.error());
}

void Sentinels::handle_events() {
  const std::uint64_t heard = std::exchange(heard_, 0);
  next_timeout_ = Instant::min();
  for (std::uint64_t left = heard & used_; left != 0; left &= left - 1) {
    handle_entry(static_cast<std::uint32_t>(std::countr_zero(left)));
  }
  if (now_ >= round_ends_at_) give_up_late_ones();
  tidy_up();
  choose();
}

void Sentinels::tidy_up() {
  const bool may_learn = !waits_for_seed();
  for (std::uint32_t i = 0; i < sentinels_max; ++i) {
    Box<Entry>& entry = entries_[i];
    if (!entry) continue;
    if (entry->leaving && !entry->session) {
      announcement_.handle_gone(i, entry->vote.id);
      entry = {};
    } else if (may_learn && entry->ready && std::exchange(entry->learns_later, false)) {
      entry->learns_now = true;
      send(*entry, {"SENTINEL", "SENTINELS", options_.sentinel->primary_name}, tag_others);
    }
  }
}

void Sentinels::give_up_late_ones() {
  for (const Box<Entry>& entry : entries_) {
    if (entry) entry->learns_now = false;
    if (!entry || entry->vote.state != SentinelVote::State::pending) continue;
    if (entry->ready || *entry->problem.what == '\0') entry->problem = late;
    note_absent(*entry);
  }
}

void Sentinels::note_absent(Entry& entry) {
  entry.vote.state = SentinelVote::State::absent;
  entry.is_waited_for = false;
}

void Sentinels::handle_entry(std::uint32_t index) {
  Entry& entry = *entries_[index];
  Session& session = *entry.session;
  now_ = std::max(now_, session.now());
  while (const std::optional<Event> event = session.poll_event()) handle_event(index, *event);
  // A session that was never ready tries again by itself, and reports only its end.
  const bool has_failed = session.counters().attempts_failed > entry.failed_before;
  if (has_failed && !entry.ready && !session.is_closed() && !stopped_) {
    entry.problem = session.last_problem();
    note_absent(entry);
  }
  if (!session.is_over()) return;
  entry.session = {};
  used_ &= ~bit(index);
}

// Once the client ends, what it knew of each sentinel stays, so that the driver can say why.
void Sentinels::handle_event(std::uint32_t index, const Event& event) {
  Entry& entry = *entries_[index];
  if (stopped_) {
    entry.ready = false;
    return;
  }
  switch (event.kind) {
    case Event::Kind::ready: return handle_ready(entry);
    case Event::Kind::completed:
      if (event.tag == tag_primary) return handle_primary(index, *event.value);
      if (event.tag == tag_id) return handle_id(index, *event.value);
      if (event.tag == tag_others) return handle_others(entry, *event.value);
      return;
    case Event::Kind::failed: return handle_refused(entry, event.tag, *event.error);
    case Event::Kind::pushed: return handle_push(index, *event.value);
    case Event::Kind::closed: return handle_end(entry, *event.error);
    case Event::Kind::disconnected:
    case Event::Kind::queueing_failed:
    case Event::Kind::credentials_refused:
    case Event::Kind::admitted: return;
  }
}

// Subscribes before it asks, so that no switch is missed in between.
void Sentinels::handle_ready(Entry& entry) {
  entry.ready = entry.is_waited_for = true;
  entry.failures = 0;
  entry.backoff.reset();
  if (finding_ == Finding::pending) entry.vote.state = SentinelVote::State::pending;
  send(entry, {"SUBSCRIBE", "+switch-master"}, tag_switches);
  send(entry, {"SENTINEL", "MYID"}, tag_id);
  ask_entry(entry);
}

// A sentinel that answers nothing else is of use nevertheless, so only the answer for which it is
// asked changes its vote.
void Sentinels::handle_refused(Entry& entry, Tag tag, const Error& error) {
  if (tag == tag_others) entry.learns_now = false;
  if (tag != tag_primary) return;
  entry.was_asked = false;
  // A sentinel that is silent for long has as many requests under way as it may have.
  const bool says_nothing =
      error.code == ErrorCode::timed_out || error.code == ErrorCode::rejected_by_limit;
  entry.problem = says_nothing ? late : error.code == ErrorCode::out_of_memory ? unread : error;
  note_absent(entry);
}

void Sentinels::handle_end(Entry& entry, const Error& reason) {
  entry.learns_now = false;
  entry.ready = entry.was_asked = false;
  entry.problem = reason;
  note_absent(entry);
  entry.ask_at = never;
  if (entry.failures < sentinel_failures_max) ++entry.failures;
  if (entry.failures == sentinel_failures_max && !entry.is_seed) entry.leaving = true;
  entry.retry_at = entry.leaving ? never : after(now_, entry.backoff.next());
}

void Sentinels::handle_primary(std::uint32_t index, const Value& reply) {
  Entry& entry = *entries_[index];
  entry.was_asked = false;
  if (reply.is_null()) {
    entry.is_waited_for = true;
    entry.vote.state = SentinelVote::State::unknown;
    entry.vote.primary = {};
    entry.watched_none = true;
    entry.problem = {};
    return;
  }
  const auto words = reply.as_elements();
  std::optional<NodeAddress> address;
  if (words && words->size() == 2) {
    auto word = words->begin();
    const Value host = *word;
    address = read_address(host, *++word);
  }
  if (!address) return handle_refused(entry, tag_primary, no_address);
  note_said(entry, *address);
  announcement_.handle_said(index, *address);
}

void Sentinels::note_said(Entry& entry, const NodeAddress& primary) {
  entry.is_waited_for = true;
  entry.vote.state = SentinelVote::State::said;
  entry.vote.primary = primary;
  entry.watched_none = false;
  entry.problem = {};
}

// If a sentinel that others have named is one of the options' own, under another address, one
// connection to it is enough.
void Sentinels::handle_id(std::uint32_t index, const Value& reply) {
  SentinelVote& own = entries_[index]->vote;
  own.id = read_id(reply);
  if (own.id == SentinelNodeId{}) return;
  announcement_.handle_back(index, own.id);
  for (std::uint32_t i = 0; i < sentinels_max; ++i) {
    if (i == index || !entries_[i] || entries_[i]->vote.id != own.id) continue;
    const std::uint32_t gone = entries_[i]->is_seed ? index : i;
    Entry& repeated = *entries_[gone];
    if (repeated.is_seed) continue;
    repeated.leaving = true;
    announcement_.handle_renumbered(gone, gone == i ? index : i);
    note_absent(repeated);
    repeated.retry_at = never;
    if (!repeated.session) continue;
    repeated.session->abort();
    heard_ |= bit(gone);
  }
}

// Whether a sentinel of the options has yet to say who it is.
bool Sentinels::waits_for_seed() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Box<Entry>& entry) {
    return entry && entry->is_seed && entry->vote.id == SentinelNodeId{} &&
           entry->vote.state == SentinelVote::State::pending;
  });
}

// Whether one was asked again for the others, who are to have their votes before one alone decides.
bool Sentinels::waits_for_others() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Box<Entry>& entry) {
    return entry && !entry->leaving && entry->learns_now;
  });
}

// Waits until those of the options have said who they are: most are the same as those in the list,
// and would get a second connection.
void Sentinels::handle_others(Entry& entry, const Value& reply) {
  entry.learns_now = false;
  entry.learns_later = waits_for_seed();
  if (entry.learns_later) return;
  const auto others = reply.as_elements();
  if (!others) return;
  for (const Value other : *others) {
    const auto fields = other.as_entries();
    if (!fields) continue;
    std::optional<Value> host;
    std::optional<Value> port;
    SentinelNodeId id{};
    bool is_down = false;
    for (const plimsoll::Entry& field : *fields) {
      const auto name = field.key.as_bytes();
      if (!name) continue;
      if (*name == "ip") host = field.value;
      if (*name == "port") port = field.value;
      if (*name == "runid") id = read_id(field.value);
      if (*name == "flags") {
        std::array<char, flags_bytes_max> room;
        is_down = read_text(field.value, room).find("down") != std::string_view::npos;
      }
    }
    if (!host || !port || is_down) continue;
    if (const auto address = read_address(*host, *port)) learn(*address, id);
  }
}

// One sentinel has named another.
void Sentinels::learn(const NodeAddress& address, const SentinelNodeId& id) {
  std::optional<std::uint32_t> place;
  for (std::uint32_t i = sentinels_max; i-- > 0;) {
    if (!entries_[i]) {
      if (i >= options_.seeds_count) place = i;
      continue;
    }
    const bool is_known = id != SentinelNodeId{} && entries_[i]->vote.id == id;
    if (is_known || entries_[i]->told == address) return;
  }
  if (place) {
    entries_[*place] =
        Box<Entry>::make(accounts_.connections, 0, address, id, options_.random_seed + *place);
  }
  if (!place || !entries_[*place]) {
    ++left_out_;
    return;
  }
  announcement_.handle_back(*place, id);
  connect(*place);
  // If nobody asks now, it must have answered once before anybody waits for it.
  Entry& entry = *entries_[*place];
  entry.is_waited_for = finding_ == Finding::pending && entry.session;
  if (entry.is_waited_for) entry.vote.state = SentinelVote::State::pending;
}

void Sentinels::handle_push(std::uint32_t index, const Value& push) {
  const auto words = push.as_elements();
  if (!words || words->size() != 3) return;
  auto word = words->begin();
  const auto kind = (*word).as_bytes();
  if (!kind || *kind != "message") return;
  std::array<char, switch_bytes_max> room;
  std::string_view text = read_text(*++ ++word, room);
  if (take_word(text) != options_.sentinel->primary_name) return;
  take_word(text);  // the old primary
  take_word(text);
  const std::string_view host = take_word(text);
  const auto address = NodeAddress::read(host, text);
  if (!address) return;
  note_said(*entries_[index], *address);
  announcement_.begin(index, *address, now_);
}

void Sentinels::choose() {
  std::array<const SentinelVote*, sentinels_max> votes;
  std::size_t count = 0;
  for (const Box<Entry>& entry : entries_) {
    if (entry && !entry->leaving) votes[count++] = &entry->vote;
  }
  const PrimaryChoice choice =
      choose_primary(std::span(votes).first(count), announcement_.primary(now_));
  if (choice.kind == PrimaryChoice::Kind::pending) return;
  const bool is_due = finding_ == Finding::pending;
  if (is_due && announcement_.primary(now_) == nullptr && waits_for_others()) return;
  if (is_due) round_ends_at_ = never;
  if (choice.primary != nullptr) {
    is_news_ |= finding_ == Finding::nothing;
    finding_ = Finding::found;
    if (*choice.primary == primary_) return;
    if (!primary_.empty()) ++switches_;
    primary_ = *choice.primary;
    has_changed_ = is_news_ = true;
  } else if (is_due) {
    finding_ = Finding::nothing;
    problem_ = why_not(choice.kind);
  }
}

// If all sentinels refuse the client for the same reason, such as a wrong password, that is the
// reason.
Error Sentinels::why_not(PrimaryChoice::Kind kind) const {
  if (kind == PrimaryChoice::Kind::divided) return divided;
  if (kind == PrimaryChoice::Kind::unknown) return watched_by_none;
  const Error* shared = nullptr;
  for (const Box<Entry>& entry : entries_) {
    if (!entry || entry->leaving) continue;
    if (shared != nullptr && shared->code != entry->problem.code) return unanswered;
    shared = &entry->problem;
  }
  const bool says_more =
      shared != nullptr && *shared->what != '\0' && shared->code != ErrorCode::connect_failed;
  return says_more ? *shared : unanswered;
}

}  // namespace plimsoll::inline v0
