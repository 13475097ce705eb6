#include "plimsoll/tests/core/client/sentinel_world.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/sentinels.h"
#include "plimsoll/tests/core/resp/model.h"

namespace plimsoll::testing {
namespace {

constexpr const char* primary_name = "orders";

std::string to_text(const NodeAddress& address) {
  return std::string(address.host()) + ":" + std::to_string(address.port());
}

std::string array_of(const Words& words, char sign = '*') {
  std::string reply = sign + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) reply += bulk_reply(word);
  return reply;
}

Words parts_of(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  return {address.substr(0, colon), address.substr(colon + 1)};
}

std::string hello_of_sentinel() {
  return "%5\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$7\r\nversion\r\n$5\r\n8.0.1\r\n$5\r\nproto\r\n:"
         "3\r\n"
         "$2\r\nid\r\n:4\r\n$4\r\nmode\r\n$8\r\nsentinel\r\n";
}

std::string hello_of_replica() {
  std::string reply = hello_reply;
  return reply.replace(reply.find("$6\r\nmaster"), 10, "$7\r\nreplica");
}

std::string answer(const SentinelScript& sentinel,
                   const std::map<std::string, std::unique_ptr<SentinelScript>>& all,
                   const Words& request) {
  if (request[0] == "HELLO") {
    const bool shows =
        std::find(request.begin(), request.end(), sentinel.password) != request.end();
    return sentinel.password.empty() || shows ? hello_of_sentinel() : "-WRONGPASS no\r\n";
  }
  if (request[0] == "SUBSCRIBE")
    return ">3\r\n$9\r\nsubscribe\r\n" + bulk_reply(request[1]) + ":1\r\n";
  if (request[0] != "SENTINEL") return Peer::default_reply(request);
  if (request[1] == "MYID") return bulk_reply(sentinel.id);
  if (request[1] == "GET-MASTER-ADDR-BY-NAME") {
    if (sentinel.primary.empty() || request[2] != primary_name) return "_\r\n";
    return array_of(parts_of(sentinel.primary));
  }
  std::string reply = "*" + std::to_string(sentinel.others.size()) + "\r\n";
  for (const std::string& address : sentinel.others) {
    const Words at = parts_of(address);
    const auto found = all.find(address);
    const std::string id = found == all.end() ? std::string(40, 'f') : found->second->id;
    reply += "%4\r\n" + bulk_reply("name") + bulk_reply(id) + bulk_reply("ip") + bulk_reply(at[0]) +
             bulk_reply("port") + bulk_reply(at[1]) + bulk_reply("runid") + bulk_reply(id);
  }
  return reply;
}

std::string answer(ServerScript& server, const Words& request) {
  if (request[0] == "HELLO") return server.is_replica ? hello_of_replica() : hello_reply;
  if (request[0] == "SET") {
    if (server.is_replica) return "-READONLY You can't write against a read only replica.\r\n";
    server.keys_set.push_back(request[1]);
  }
  if (request[0] == "SUBSCRIBE")
    return ">3\r\n$9\r\nsubscribe\r\n" + bulk_reply(request[1]) + ":1\r\n";
  if (request[0] == "BLPOP") return "";
  return Peer::default_reply(request);
}

constexpr Error refused{.code = ErrorCode::connect_failed, .what = "connection refused"};
constexpr Error reset{.code = ErrorCode::connection_lost, .what = "connection reset"};

}  // namespace

SentinelWorld::SentinelWorld(std::uint8_t seeds_count, const ClientOptions& options)
    : budget_(BudgetOptions{}, memory_) {
  sentinel_options_ = {.primary_name = primary_name};
  if (options.sentinel != nullptr) sentinel_options_ = *options.sentinel;
  ClientOptions all = options;
  all.seeds_count = seeds_count;
  all.sentinel = &sentinel_options_;
  client_.emplace(all, Client::open_accounts(budget_).value());
  REQUIRE(client_->use_sentinels().ok());
}

SentinelWorld::~SentinelWorld() {
  client_->abort();
  poll();
  client_.reset();
  CHECK(budget_.statistics().pools[static_cast<std::size_t>(PoolKind::requests)].used == 0);
}

SentinelScript& SentinelWorld::add_sentinel(const std::string& address) {
  auto& made = sentinels_[address];
  made = std::make_unique<SentinelScript>();
  const std::string number = std::to_string(sentinels_.size());
  made->id = std::string(40 - number.size(), '0') + number;
  scripts_[address] = [this, script = made.get()](const Words& request) {
    return answer(*script, sentinels_, request);
  };
  return *made;
}

ServerScript& SentinelWorld::add_server(const std::string& address) {
  auto& made = servers_[address];
  made = std::make_unique<ServerScript>();
  scripts_[address] = [script = made.get()](const Words& request) {
    return answer(*script, request);
  };
  return *made;
}

void SentinelWorld::add_listener(const std::string& address, Peer::Script script) {
  scripts_[address] = std::move(script);
}

void SentinelWorld::add_usual() {
  const std::vector<std::string> all{"s0:26379", "s1:26379", "s2:26379"};
  for (const std::string& address : all) {
    SentinelScript& sentinel = add_sentinel(address);
    sentinel.primary = "a:6379";
    for (const std::string& other : all) {
      if (other != address) sentinel.others.push_back(other);
    }
  }
  add_server("a:6379");
  add_server("b:6379").is_replica = true;
}

void SentinelWorld::connect() {
  client_->connect(now_);
  run();
}

void SentinelWorld::submit(Tag tag, const Words& words, Duration timeout) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  CommandView command;
  command.args = views;
  if (words[0] == "BLPOP") command.block_time = CommandView::forever;
  const Result<RequestId> id = client_->submit(command, now_, timeout, tag);
  if (!id) events_.push_back(std::to_string(tag) + ": refused with " + show_failure(id.error()));
}

void SentinelWorld::run() {
  for (int steps = 0; step(); ++steps) {
    if (steps > 10'000) FAIL("the world never comes to rest");
  }
  client_->validate();
  budget_.validate();
}

void SentinelWorld::advance(Duration duration) {
  constexpr Duration step_max = std::chrono::milliseconds(10);
  for (Duration left = duration; left > Duration::zero(); left -= step_max) {
    now_ += std::min(left, step_max);
    client_->handle_timeout(now_);
    run();
    if (client_->poll_timeout() <= now_) FAIL("the client wants to be woken up in the past");
  }
}

void SentinelWorld::kill(const std::string& address) {
  scripts_.erase(address);
  frozen_.erase(address);
  lose(address, reset);
}

void SentinelWorld::freeze(const std::string& address) { frozen_[address] = true; }

void SentinelWorld::wake(const std::string& address) { frozen_.erase(address); }

void SentinelWorld::cut(const std::string& address) { lose(address, reset); }

void SentinelWorld::lose(const std::string& address, const Error& reason) {
  std::vector<ConnectionId> lost;
  for (const auto& [id, link] : links_) {
    if (link->address == address) lost.push_back(id);
  }
  for (const ConnectionId id : lost) {
    links_.erase(id);
    pushed_.erase(id);
    client_->handle_closed(id, reason, now_);
  }
}

void SentinelWorld::announce(const std::string& sentinel, const std::string& from,
                             const std::string& to, const std::string& name) {
  const Words old_one = parts_of(from);
  const Words new_one = parts_of(to);
  const std::string text =
      name + " " + old_one[0] + " " + old_one[1] + " " + new_one[0] + " " + new_one[1];
  push(sentinel, array_of({"message", "+switch-master", text}, '>'));
}

void SentinelWorld::push(const std::string& address, const std::string& bytes) {
  for (const auto& [id, link] : links_) {
    if (link->address == address && link->is_open) pushed_[id] += bytes;
  }
}

Lines SentinelWorld::take_events() { return std::exchange(events_, {}); }

std::string SentinelWorld::main_address() const {
  const auto found = links_.find(first_connection);
  return found == links_.end() ? "" : found->second->address;
}

std::size_t SentinelWorld::bytes_in_use() {
  budget_.reclaim();
  std::size_t sum = 0;
  for (const PoolKind pool : {PoolKind::requests, PoolKind::replies, PoolKind::connections}) {
    sum += budget_.statistics().pools[static_cast<std::size_t>(pool)].used;
  }
  return sum;
}

std::size_t SentinelWorld::links_to(const std::string& address) const {
  return static_cast<std::size_t>(
      std::count_if(links_.begin(), links_.end(),
                    [&](const auto& each) { return each.second->address == address; }));
}

std::size_t SentinelWorld::attempts_at(const std::string& address) const {
  const auto found = attempts_.find(address);
  return found == attempts_.end() ? 0 : found->second;
}

bool SentinelWorld::step() {
  const bool polled = poll();
  const bool opened = open_links();
  const bool moved = move_bytes();
  return polled || opened || moved;
}

bool SentinelWorld::poll() {
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

int SentinelWorld::visit_short_replies() {
  return client_->visit_short_replies(visits_max, [this](Tag tag, const Value& reply) {
    note({.kind = Event::Kind::completed, .tag = tag, .value = reply});
  });
}

void SentinelWorld::act(const Action& action) {
  if (action.kind == Action::Kind::close) {
    if (links_.erase(action.connection) == 0) FAIL("there is nothing to close");
    pushed_.erase(action.connection);
    return;
  }
  if (links_.contains(action.connection)) FAIL("a second connection is asked for");
  auto link = std::make_unique<Link>();
  const std::string seed = "s" + std::to_string(static_cast<std::uint32_t>(action.seed)) + ":26379";
  link->address = action.told == nullptr ? seed : to_text(*action.told);
  const bool is_sentinel = action.peer == plimsoll::Peer::sentinel;
  CHECK(is_sentinel == (static_cast<std::uint32_t>(action.connection) >= 48));
  ++attempts_[link->address];
  links_[action.connection] = std::move(link);
}

bool SentinelWorld::open_links() {
  bool any = false;
  std::vector<ConnectionId> refused_ones;
  for (const auto& [id, link] : links_) {
    if (link->is_open || frozen_.contains(link->address)) continue;
    any = true;
    if (!scripts_.contains(link->address)) {
      refused_ones.push_back(id);
      continue;
    }
    link->is_open = true;
    link->peer.set_script(scripts_.at(link->address));
    client_->handle_opened(id, now_);
  }
  for (const ConnectionId id : refused_ones) {
    links_.erase(id);
    client_->handle_closed(id, refused, now_);
  }
  return any;
}

// One exchange for each connection: what an event leads to is done before the next byte is moved.
bool SentinelWorld::move_bytes() {
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
    if (frozen_.contains(link.address)) continue;
    std::string bytes = link.peer.take_output();
    if (const auto pushed = pushed_.find(id); pushed != pushed_.end()) {
      bytes += std::exchange(pushed->second, {});
    }
    any |= give(id, bytes);
    poll();
  }
  return any;
}

bool SentinelWorld::give(ConnectionId id, const std::string& bytes) {
  std::size_t given = 0;
  while (given < bytes.size() && links_.contains(id)) {
    const std::span<char> room = client_->read_space(id);
    const std::size_t part = std::min(room.size(), bytes.size() - given);
    if (part == 0) break;
    std::memcpy(room.data(), bytes.data() + given, part);
    client_->handle_read(id, part, now_);
    given += part;
    poll();
  }
  return given > 0;
}

void SentinelWorld::note(const Event& event) {
  const std::string value = event.value ? show(*event.value) : "";
  if (event.error != nullptr) last_error_ = *event.error;
  const std::string reason = event.error == nullptr ? "" : std::string(name(event.error->code));
  switch (event.kind) {
    case Event::Kind::ready: events_.push_back("ready"); return;
    case Event::Kind::completed:
      events_.push_back(std::to_string(event.tag) + ": " + value);
      return;
    case Event::Kind::failed:
      events_.push_back(std::to_string(event.tag) + ": " +
                        (value.empty() ? show_failure(*event.error) : value));
      return;
    case Event::Kind::disconnected: events_.push_back("disconnected: " + reason); return;
    case Event::Kind::closed: events_.push_back("closed: " + reason); return;
    case Event::Kind::pushed:
    case Event::Kind::queueing_failed:
    case Event::Kind::credentials_refused:
    case Event::Kind::admitted: events_.push_back("other " + value); return;
  }
}

}  // namespace plimsoll::testing
