#include "plimsoll/tests/core/client/replica_world.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/core/resp/model.h"

// More than 500 lines, because servers, connections and the client's calls are one conversation.

namespace plimsoll::testing {
namespace {

constexpr std::uint64_t bytes_of_write = 10;

std::string to_text(const NodeAddress& address) {
  return std::string(address.host()) + ":" + std::to_string(address.port());
}

// FAIL() in a function of its own: a failed promise ends the test, whoever made the call.
void require(bool promise, const char* otherwise) {
  if (!promise) FAIL(otherwise);
}

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

bool is_write(const std::string& name) {
  return name == "SET" || name == "FLUSHALL" || name == "EVAL" || name == "BLPOP" || name == "DEL";
}

ClientOptions with_primary(ClientOptions options) {
  options.primary_only = true;
  return options;
}

// As a server answers INFO in RESP3.
std::string text_reply(const std::string& text) {
  return "=" + std::to_string(text.size() + 4) + "\r\ntxt:" + text + "\r\n";
}

constexpr Error refused{.code = ErrorCode::connect_failed, .what = "connection refused"};
constexpr Error reset{.code = ErrorCode::connection_lost, .what = "connection reset"};

}  // namespace

ReplicaWorld::ReplicaWorld(const std::vector<std::string>& replicas,
                           const ReplicaOptions& replica_options, ClientOptions options,
                           const BudgetOptions& budget,
                           const std::optional<cache::CacheOptions>& cache)
    : budget_(budget, memory_) {
  if (cache && cache->mode != cache::CacheMode::ttl &&
      options.tracking.method == TrackingOptions::Method::off) {
    options.tracking.method = TrackingOptions::Method::all_reads;
  }
  client_.emplace(with_primary(options), Client::open_accounts(budget_).value());
  if (cache) {
    cache_.emplace(*cache, cache::Cache::take_memory(budget_, *cache).value());
    REQUIRE(client_->use_cache(*cache_, "the group").ok());
  }
  REQUIRE(client_->use_replicas(replica_options).ok());
  servers_[primary_address] = std::make_unique<NodeScript>();
  for (const std::string& address : replicas) add_replica(address);
}

ReplicaWorld::~ReplicaWorld() {
  client_->abort();
  for (int i = 0; i < 3; ++i) take_events_and_actions();
  CHECK(pending_.empty());
  client_.reset();
  cache_.reset();
  for (const PoolKind pool : {PoolKind::requests, PoolKind::connections}) {
    CHECK(used(pool) == 0);
  }
}

NodeScript& ReplicaWorld::add_replica(const std::string& address) {
  auto& made = servers_[address];
  made = std::make_unique<NodeScript>();
  made->is_replica = true;
  primary().replicas.push_back(address);
  replicate(address);
  return *made;
}

void ReplicaWorld::replicate(const std::string& address) {
  NodeScript& replica = server(address);
  replica.history = primary().history;
  replica.offset = primary().offset;
  const auto before = std::exchange(replica.data, primary().data);
  for (const auto& [key, value] : before) {
    const auto found = replica.data.find(key);
    if (found == replica.data.end() || found->second != value) tell(address, key);
  }
  for (const auto& [key, value] : replica.data) {
    if (!before.contains(key)) tell(address, key);
  }
}

void ReplicaWorld::write_elsewhere(const std::string& key, const std::string& value) {
  primary().data[key] = value;
  primary().offset += bytes_of_write;
  tell(primary_address, key);
}

// Each change is told once.
void ReplicaWorld::tell(const std::string& address, const std::string& key) {
  for (const auto& [id, link] : links_) {
    if (link->address != address || link->tracks.erase(key) == 0) continue;
    link->down += ">2\r\n$10\r\ninvalidate\r\n*1\r\n" + bulk_reply(key);
  }
}

void ReplicaWorld::connect() {
  client_->connect(now_);
  run();
}

std::optional<RequestId> ReplicaWorld::submit(Tag tag, const Words& words, Duration timeout,
                                              Duration max_staleness) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  const CommandView command = commands::prepare(views).value();
  require(pending_.insert(tag).second, "a tag is used twice");
  Result<RequestId> id = client_->submit(command, now_, timeout, tag, max_staleness);
  if (!id && client_->may_wait(id.error())) {
    id = client_->wait_for_room(command, now_, timeout, tag);
    if (id) waiting_[tag] = words;
  }
  if (!id) note_outcome(tag, "refused with " + show_failure(id.error()));
  return id ? std::optional(*id) : std::nullopt;
}

std::optional<std::string> ReplicaWorld::look_up(const Words& words, Duration max_staleness) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  const CommandView command = commands::prepare(views).value();
  commands::QuestionReader reader;
  if (!cache_ || !cache_->takes(command, reader)) return std::nullopt;
  cache::Cache::Reader wanted = client_->near_cache()->reader(max_staleness, now_);
  wanted.scratch = &client_->replies_account();
  std::string reply;
  const bool hit = cache_->visit(wanted, reader.question(), now_, [&](std::string_view all) {
    reply = all;
    return true;
  });
  if (!hit) return std::nullopt;
  reply = reply.substr(0, reply.size() - 2);
  const std::size_t line = reply.rfind('\n');
  return line == std::string::npos ? reply : reply.substr(line + 1);
}

std::string ReplicaWorld::read(Tag tag, const Words& words, Duration max_staleness) {
  if (const auto hit = look_up(words, max_staleness)) return "hit " + *hit;
  submit(tag, words, std::chrono::seconds(10), max_staleness);
  run();
  return outcome(tag);
}

void ReplicaWorld::prove(Tag tag) {
  require(pending_.insert(tag).second, "a tag is used twice");
  const Result<RequestId> id = client_->prove(now_, std::chrono::seconds(10), tag);
  if (!id) note_outcome(tag, "refused with " + show_failure(id.error()));
}

std::optional<RequestId> ReplicaWorld::submit_transaction(Tag tag,
                                                          const std::vector<Words>& commands) {
  std::string bytes;
  for (const Words& words : commands) bytes += request(words);
  CommandView command = CommandView::from_encoded(bytes);
  command.answers = static_cast<std::uint16_t>(commands.size());
  require(pending_.insert(tag).second, "a tag is used twice");
  const Result<RequestId> id = client_->submit(command, now_, std::chrono::seconds(10), tag);
  if (!id) note_outcome(tag, "refused with " + show_failure(id.error()));
  return id ? std::optional(*id) : std::nullopt;
}

std::optional<RequestId> ReplicaWorld::submit_to(ConnectionId connection, Tag tag,
                                                 const Words& words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  CommandView command;
  command.args = views;
  require(pending_.insert(tag).second, "a tag is used twice");
  const Result<RequestId> id =
      client_->submit_to(connection, command, now_, std::chrono::seconds(10), tag);
  if (!id) note_outcome(tag, "refused with " + show_failure(id.error()));
  return id ? std::optional(*id) : std::nullopt;
}

void ReplicaWorld::run() {
  for (int steps = 0; step(Answers::given); ++steps) {
    if (steps > 10'000) FAIL("the world never comes to rest");
  }
  client_->validate();
  budget_.validate();
}

void ReplicaWorld::send() {
  for (int steps = 0; step(Answers::kept); ++steps) {
    if (steps > 10'000) FAIL("the world never comes to rest");
  }
}

void ReplicaWorld::advance(Duration duration) {
  constexpr Duration step_max = std::chrono::milliseconds(10);
  for (Duration left = duration; left > Duration::zero(); left -= step_max) {
    now_ += std::min(left, step_max);
    client_->handle_timeout(now_);
    run();
    // A proof that came late may leave the next one overdue.
    if (cache_ && client_->poll_timeout() <= now_) {
      client_->handle_timeout(now_);
      run();
    }
    if (client_->poll_timeout() <= now_) FAIL("the client wants to be woken up in the past");
  }
}

void ReplicaWorld::jump(Duration duration) {
  now_ += duration;
  client_->handle_timeout(now_);
  run();
}

void ReplicaWorld::poll() { take_events_and_actions(); }

void ReplicaWorld::kill(const std::string& address) {
  dead_.insert(address);
  lose(address, reset);
}

void ReplicaWorld::cut(const std::string& address) { lose(address, reset); }

void ReplicaWorld::lose(const std::string& address, const Error& reason) {
  std::vector<ConnectionId> lost;
  for (const auto& [id, link] : links_) {
    if (link->address == address) lost.push_back(id);
  }
  for (const ConnectionId id : lost) {
    links_.erase(id);
    client_->handle_closed(id, reason, now_);
  }
}

void ReplicaWorld::push_unpolled(const std::string& address, const std::string& bytes) {
  for (const auto& [id, link] : links_) {
    if (link->address != address || !link->is_open) continue;
    const std::span<char> room = client_->read_space(id);
    REQUIRE(room.size() >= bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    client_->handle_read(id, bytes.size(), now_);
  }
}

void ReplicaWorld::say(const std::string& address, const std::string& bytes) {
  for (const auto& [id, link] : links_) {
    if (link->address == address) link->down += bytes;
  }
}

std::string ReplicaWorld::outcome(Tag tag) const {
  const auto found = outcomes_.find(tag);
  return found == outcomes_.end() ? "" : found->second;
}

std::size_t ReplicaWorld::links_to(const std::string& address) const {
  return static_cast<std::size_t>(
      std::count_if(links_.begin(), links_.end(),
                    [&](const auto& each) { return each.second->address == address; }));
}

std::size_t ReplicaWorld::attempts_at(const std::string& address) const {
  const auto found = attempts_.find(address);
  return found == attempts_.end() ? 0 : found->second;
}

const ServerNode* ReplicaWorld::node(const std::string& address) const {
  const ServerNode* found = nullptr;
  replicas().for_each([&](const KnownReplica& known) {
    const ServerNode& node = static_cast<const ServerNode&>(known.progress);
    if (to_text(node.address) == address) found = &node;
  });
  return found;
}

std::string ReplicaWorld::report_of(const NodeScript& server) {
  std::string text = "# Replication\r\n";
  const std::string offset = std::to_string(server.offset);
  if (server.is_replica) {
    text += "role:slave\r\nmaster_host:a\r\nmaster_port:6379\r\nmaster_link_status:";
    text += server.is_link_up ? "up" : "down";
    text += "\r\nslave_read_repl_offset:" + offset + "\r\nslave_repl_offset:" + offset;
    text += "\r\nconnected_slaves:0\r\n";
  } else {
    text += "role:master\r\nconnected_slaves:" + std::to_string(server.replicas.size()) + "\r\n";
    for (std::size_t i = 0; i < server.replicas.size(); ++i) {
      const std::string& address = server.replicas[i];
      const std::size_t colon = address.rfind(':');
      text += "slave" + std::to_string(i) + ":ip=" + address.substr(0, colon) +
              ",port=" + address.substr(colon + 1) + ",state=online,offset=1,lag=0\r\n";
    }
  }
  return text + "master_replid:" + server.history + "\r\nmaster_repl_offset:" + offset + "\r\n";
}

// Pushes of a change come behind the answer to the command that has made it.
void ReplicaWorld::take_request(Link& link, NodeScript& server, const Words& request) {
  const std::string& name = request[0];
  if (name == "CLIENT" && request.at(1) == "TRACKING") link.is_tracked = true;
  const bool is_read = name == "GET" || name == "MGET";
  if (link.is_tracked && is_read) link.tracks.insert(request.begin() + 1, request.end());
  link.down += answer(server, request);
  for (const std::string& key : std::exchange(server.changed, {})) tell(link.address, key);
}

std::string ReplicaWorld::answer(NodeScript& server, const Words& request) {
  const std::string& name = request[0];
  if (name == "ACL") return bulk_reply("default");
  if (name == "PTTL") return ":-1\r\n";
  if (const auto found = server.refused.find(name); found != server.refused.end()) {
    if (name != "INFO") server.served.push_back(joined(request));
    return found->second;
  }
  if (name == "HELLO" || name == "AUTH") {
    const bool shows = std::find(request.begin(), request.end(), server.password) != request.end();
    if (!server.password.empty() && !shows) return "-WRONGPASS no\r\n";
    if (name == "AUTH") return "+OK\r\n";
    std::string reply = hello_reply;
    if (server.is_replica) reply.replace(reply.find("$6\r\nmaster"), 10, "$7\r\nreplica");
    return reply;
  }
  if (name == "CLIENT" || name == "SELECT" || name == "PING") return Peer::default_reply(request);
  if (name == "INFO" && request.at(1) == "replication") {
    ++server.reports;
    return text_reply(server.report.empty() ? report_of(server) : server.report);
  }
  if (name == "INFO") return text_reply("# Server\r\navailability_zone:" + server.zone + "\r\n");
  server.served.push_back(joined(request));
  if (!server.refusal.empty()) return server.refusal;
  if (name == "MULTI") {
    server.is_in_transaction = true;
    return "+OK\r\n";
  }
  if (name == "EXEC") {
    server.is_in_transaction = false;
    std::string reply = "*" + std::to_string(server.queued.size()) + "\r\n";
    for (const std::string& each : std::exchange(server.queued, {})) reply += each;
    return reply;
  }
  if (server.is_in_transaction) {
    // It runs now, for the sake of a simple script; nobody can tell.
    server.queued.push_back(run_command(server, request));
    return "+QUEUED\r\n";
  }
  return run_command(server, request);
}

std::string ReplicaWorld::run_command(NodeScript& server, const Words& request) {
  const std::string& name = request[0];
  if (is_write(name)) {
    if (server.is_replica) return "-READONLY You can't write against a read only replica.\r\n";
    server.offset += bytes_of_write;
  }
  const auto value_of = [&](const std::string& key) {
    const auto found = server.data.find(key);
    return found == server.data.end() ? std::string("_\r\n") : bulk_reply(found->second);
  };
  if (name == "SET") server.data[request.at(1)] = request.at(2);
  if (name == "DEL") server.data.erase(request.at(1));
  if (name == "SET" || name == "DEL") server.changed.push_back(request.at(1));
  if (name == "FLUSHALL") {
    for (const auto& [key, value] : server.data) server.changed.push_back(key);
    server.data.clear();
  }
  if (name == "BLPOP") return "*2\r\n" + bulk_reply(request.at(1)) + bulk_reply("x");
  if (name == "GET") return value_of(request.at(1));
  if (name == "MGET") {
    std::string reply = "*" + std::to_string(request.size() - 1) + "\r\n";
    for (std::size_t i = 1; i < request.size(); ++i) reply += value_of(request[i]);
    return reply;
  }
  return "+OK\r\n";
}

bool ReplicaWorld::step(Answers answers) {
  const bool polled = take_events_and_actions();
  const bool opened = open_links();
  const bool moved = move_bytes(answers);
  return polled || opened || moved;
}

bool ReplicaWorld::take_events_and_actions() {
  // Every other turn, the short replies are visited first, as the native driver does.
  bool any = ++turns_ % 2 == 0 && visit_short_replies() > 0;
  while (const std::optional<Event> event = client_->poll_event()) {
    note(*event);
    any = true;
  }
  while (const std::optional<Action> action = client_->poll_action()) {
    act(*action);
    any = true;
  }
  return any;
}

int ReplicaWorld::visit_short_replies() {
  return client_->visit_short_replies(visits_max, [this](Tag tag, const Value& reply) {
    note({.kind = Event::Kind::completed, .tag = tag, .value = reply});
  });
}

void ReplicaWorld::act(const Action& action) {
  const auto found = links_.find(action.connection);
  if (action.kind == Action::Kind::close) {
    require(found != links_.end(), "there is nothing to close");
    links_.erase(found);
    return;
  }
  require(found == links_.end(), "a second connection is asked for");
  auto link = std::make_unique<Link>();
  link->address = action.told == nullptr ? primary_address : to_text(*action.told);
  const auto place = static_cast<std::uint32_t>(action.connection);
  CHECK((action.told != nullptr) == (place >= 40 && place < 48));
  ++attempts_[link->address];
  links_[action.connection] = std::move(link);
}

bool ReplicaWorld::open_links() {
  bool any = false;
  std::vector<ConnectionId> refused_ones;
  for (const auto& [id, link] : links_) {
    if (link->is_open || frozen_.contains(link->address)) continue;
    any = true;
    if (!servers_.contains(link->address) || dead_.contains(link->address)) {
      refused_ones.push_back(id);
      continue;
    }
    link->is_open = true;
    link->peer.set_script([this, at = link.get()](const Words& request) {
      take_request(*at, server(at->address), request);
      return std::string();
    });
    client_->handle_opened(id, now_);
  }
  for (const ConnectionId id : refused_ones) {
    links_.erase(id);
    client_->handle_closed(id, refused, now_);
  }
  return any;
}

// One exchange for each connection: what an event leads to is done before the next byte is moved.
bool ReplicaWorld::move_bytes(Answers answers) {
  std::vector<ConnectionId> ids;
  ids.reserve(links_.size());
  for (const auto& [id, link] : links_) ids.push_back(id);
  bool any = false;
  for (const ConnectionId id : ids) {
    const auto found = links_.find(id);
    if (found == links_.end() || !found->second->is_open) continue;
    Link& link = *found->second;
    std::array<std::string_view, 16> spans;
    std::string sent;
    const std::size_t count = client_->poll_transmit(id, spans);
    for (std::size_t i = 0; i < count; ++i) sent += spans[i];
    if (count > 0) {
      client_->handle_written(id, sent.size());
      link.peer.handle_bytes(sent);
    }
    any |= count > 0;
    if (answers == Answers::kept || frozen_.contains(link.address)) continue;
    any |= give(id, link);
    take_events_and_actions();
  }
  return any;
}

bool ReplicaWorld::give(ConnectionId id, Link& link) {
  const std::string bytes = std::exchange(link.down, {});
  std::size_t given = 0;
  while (given < bytes.size() && links_.contains(id)) {
    const std::span<char> room = client_->read_space(id);
    const std::size_t part = std::min(room.size(), bytes.size() - given);
    if (part == 0) break;
    std::memcpy(room.data(), bytes.data() + given, part);
    client_->handle_read(id, part, now_);
    given += part;
    take_events_and_actions();
  }
  return given > 0;
}

void ReplicaWorld::admit(Tag tag) {
  const auto found = waiting_.find(tag);
  require(found != waiting_.end(), "somebody is admitted who does not wait");
  const Words words = found->second;
  waiting_.erase(found);
  events_.push_back(std::to_string(tag) + " admitted");
  const std::vector<std::string_view> views(words.begin(), words.end());
  client_->submit_admitted(commands::prepare(views).value(), tag);
}

void ReplicaWorld::note_outcome(Tag tag, const std::string& outcome) {
  require(pending_.erase(tag) == 1, "an outcome of a request that nobody made, or a second one");
  waiting_.erase(tag);
  outcomes_[tag] = outcome;
  events_.push_back(std::to_string(tag) + ": " + outcome);
}

void ReplicaWorld::note(const Event& event) {
  const std::string value = event.value ? show(*event.value) : "";
  if (event.error != nullptr) last_error_ = *event.error;
  const std::string reason = event.error == nullptr ? "" : std::string(name(event.error->code));
  switch (event.kind) {
    case Event::Kind::ready:
      events_.push_back("ready");
      if (on_ready) on_ready();
      return;
    case Event::Kind::completed: return note_outcome(event.tag, value);
    case Event::Kind::failed:
      return note_outcome(event.tag, value.empty() ? show_failure(*event.error) : value);
    case Event::Kind::disconnected: events_.push_back("disconnected: " + reason); return;
    case Event::Kind::closed:
      require(!std::exchange(closed_, true), "the client was closed twice");
      events_.push_back("closed: " + reason);
      return;
    case Event::Kind::admitted: return admit(event.tag);
    case Event::Kind::credentials_refused:
      events_.push_back("credentials refused: " + value);
      return;
    case Event::Kind::pushed:
    case Event::Kind::queueing_failed: events_.push_back("other " + value); return;
  }
}

}  // namespace plimsoll::testing
