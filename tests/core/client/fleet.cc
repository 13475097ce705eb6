#include "plimsoll/tests/core/client/fleet.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/model.h"

namespace plimsoll::testing {
namespace {

// Few, so that most crowds of replies need several visits.
constexpr int visits_max = 3;

// As the server does: each connection has its id.
std::string hello(int id) {
  return "%2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:" + std::to_string(id) + "\r\n";
}

std::string joined(const Words& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace

Fleet::Fleet(const ClientOptions& options, const BudgetOptions& budget)
    : budget_(budget, memory_),
      script_([](std::uint32_t, const Words& request) { return Peer::default_reply(request); }) {
  client_.emplace(options, Client::open_accounts(budget_).value());
}

Fleet::~Fleet() {
  client_.reset();
  budget_.reclaim();
}

void Fleet::connect() {
  client_->connect(now_);
  settle();
  drive();
  REQUIRE(take_events() == Lines{"ready"});
}

void Fleet::settle() {
  const auto note_reply = [this](Tag tag, const Value& reply) {
    note({.kind = Event::Kind::completed, .tag = tag, .value = reply});
  };
  while (client_->visit_short_replies(visits_max, note_reply) > 0) continue;
  while (const std::optional<Event> event = client_->poll_event()) note(*event);
  while (const std::optional<Action> action = client_->poll_action()) {
    const auto index = static_cast<std::uint32_t>(action->connection);
    if (action->kind == Action::Kind::open) {
      REQUIRE_FALSE((open_.contains(index) || wanted_[index]));
      wanted_[index] = true;
      seeds_[index] = static_cast<std::uint32_t>(action->seed);
    } else {
      REQUIRE((open_.contains(index) || wanted_[index]));
      open_.erase(index);
      unread_.erase(index);
      wanted_[index] = false;
    }
  }
  client_->validate();
  budget_.validate();
  for (std::uint64_t left = client_->take_resumed_connections(); left != 0; left &= left - 1) {
    deliver(static_cast<std::uint32_t>(std::countr_zero(left)));
  }
}

void Fleet::note(const Event& event) {
  std::string value = event.value ? show(*event.value) : "";
  if (keeping_ && event.value) {
    const Result<Reply> kept = client_->keep_reply();
    REQUIRE(kept);
    REQUIRE(show(kept->value()) == value);
  }
  const std::string tag = std::to_string(event.tag);
  switch (event.kind) {
    case Event::Kind::ready: events_.push_back("ready"); return;
    case Event::Kind::completed: events_.push_back(tag + ": " + value); return;
    case Event::Kind::failed:
      events_.push_back(tag + ": " + (value.empty() ? "" : value + " ") +
                        show_failure(*event.error));
      return;
    case Event::Kind::pushed: events_.push_back(value); return;
    case Event::Kind::queueing_failed: events_.push_back(tag + " queueing: " + value); return;
    case Event::Kind::credentials_refused:
      events_.push_back("credentials refused: " + value);
      return;
    case Event::Kind::admitted: events_.push_back(tag + " admitted"); return admit_(event.tag);
    case Event::Kind::disconnected:
      events_.push_back("disconnected: " + std::string(name(event.error->code)));
      return;
    case Event::Kind::closed:
      events_.push_back("closed: " + std::string(name(event.error->code)));
      return;
  }
}

std::optional<RequestId> Fleet::note(Tag tag, const Result<RequestId>& id) {
  if (!id) {
    events_.push_back(std::to_string(tag) + ": refused, " + id.error().what);
    settle();
    return std::nullopt;
  }
  settle();
  return *id;
}

void Fleet::drive() {
  bool moved = true;
  while (moved) {
    moved = false;
    for (auto& [index, wanted] : wanted_) {
      if (ignored_.contains(index) || !std::exchange(wanted, false)) continue;
      moved = true;
      const ConnectionId connection{index};
      if (refusing_) {
        client_->handle_closed(connection, {.code = ErrorCode::connect_failed, .what = "refused"},
                               now_);
        settle();
        break;
      }
      const std::uint32_t number = index;
      auto peer = std::make_unique<Peer>();
      peer->set_script([this, number](const Words& request) {
        const auto given = ids_.find(number);
        const int id = given == ids_.end() ? 100 + static_cast<int>(number) : given->second;
        if (request[0] == "HELLO") return greeting_.empty() ? hello(id) : greeting_;
        const bool greets = request[0] == "CLIENT" && request[1] != "UNBLOCK";
        if (greets || request[0] == "PING") return Peer::default_reply(request);
        requests_[number].push_back(joined(request));
        return script_(number, request);
      });
      open_[index] = std::move(peer);
      client_->handle_opened(connection, now_);
      settle();
      break;
    }
    const std::uint64_t unsent = client_->unsent_connections();
    std::array<std::uint32_t, connections_max> indices{};
    std::size_t count = 0;
    for (const auto& [index, peer] : open_) indices[count++] = index;
    for (std::size_t i = 0; i < count; ++i) {
      const auto found = open_.find(indices[i]);
      if (found == open_.end()) continue;
      const bool wrote = move_bytes(found->first, *found->second);
      // What is not named has nothing to send.
      REQUIRE((!wrote || (unsent >> indices[i] & 1) == 1));
      moved = moved || wrote;
      const auto again = open_.find(indices[i]);
      if (again == open_.end()) continue;
      const std::string output = again->second->take_output();
      if (output.empty()) continue;
      say(indices[i], output);
      moved = true;
    }
  }
}

// What the client has to send on one connection. False where that was nothing.
bool Fleet::move_bytes(std::uint32_t index, Peer& peer) {
  std::array<std::string_view, 16> spans;
  const ConnectionId connection{index};
  const std::size_t count = client_->poll_transmit(connection, spans);
  if (count == 0) return false;
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += spans[i];
  client_->handle_written(connection, bytes.size());
  peer.handle_bytes(bytes);
  settle();
  return true;
}

void Fleet::say(std::uint32_t index, std::string_view bytes) {
  unread_[index] += bytes;
  deliver(index);
}

void Fleet::deliver(std::uint32_t index) {
  const ConnectionId connection{index};
  while (open_.contains(index) && !unread_[index].empty()) {
    std::string& bytes = unread_[index];
    const std::span<char> room = client_->read_space(connection);
    REQUIRE(room.empty() == client_->is_paused(connection));
    if (room.empty()) return;
    const std::size_t part = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), part);
    bytes.erase(0, part);
    client_->handle_read(connection, part, now_);
    settle();
  }
}

void Fleet::break_off(std::uint32_t index) {
  REQUIRE(open_.erase(index) == 1);
  unread_.erase(index);
  client_->handle_closed(ConnectionId{index},
                         {.code = ErrorCode::connection_lost, .what = "connection reset"}, now_);
  settle();
}

void Fleet::advance(Duration duration) {
  now_ += duration;
  client_->handle_timeout(now_);
  settle();
  REQUIRE(poll_timeout() > now_);
}

Lines Fleet::take_requests(std::uint32_t index) { return std::exchange(requests_[index], {}); }

Lines Fleet::take_events() { return std::exchange(events_, {}); }

}  // namespace plimsoll::testing
