#include "plimsoll/bench/counts/world.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <utility>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

constexpr std::size_t memory_limit = std::size_t{4} * 1024 * 1024 * 1024;
constexpr std::size_t cache_bytes = std::size_t{256} * 1024 * 1024;

constexpr std::string_view hello_reply = "%2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:4\r\n";

// The number behind a sign at `at`, and past its line; none where that has not come whole.
std::optional<std::size_t> read_number(std::string_view bytes, std::size_t& at) {
  const std::size_t end = bytes.find('\n', at);
  if (end == bytes.npos) return std::nullopt;
  std::size_t number = 0;
  std::from_chars(bytes.data() + at + 1, bytes.data() + end, number);
  at = end + 1;
  return number;
}

bool read_request(std::string_view bytes, std::size_t& at, World::Words& words) {
  words.clear();
  const auto count = read_number(bytes, at);
  if (!count) return false;
  while (words.size() < *count) {
    const auto size = read_number(bytes, at);
    if (!size || bytes.size() - at < *size + 2) return false;
    words.push_back(bytes.substr(at, *size));
    at += *size + 2;
  }
  return true;
}

Client::Accounts open_accounts(Budget& budget) {
  auto accounts = Client::open_accounts(budget);
  expect(accounts.ok(), "accounts are opened");
  return *std::move(accounts);
}

std::unique_ptr<cache::Cache> make_cache(Budget& budget, World::Cache wanted) {
  if (wanted == World::Cache::no) return nullptr;
  const cache::CacheOptions options{.bytes_max = cache_bytes};
  auto memory = cache::Cache::take_memory(budget, options);
  expect(memory.ok(), "there is memory for a cache");
  return std::make_unique<cache::Cache>(options, *std::move(memory));
}

}  // namespace

void expect(bool holds, const char* what) {
  if (!holds) fail("bench counts", what);
}

World::World(ClientOptions options, Cache cache)
    : budget_({.memory_limit = memory_limit, .connections = {.ratio = 0.1}}, memory_),
      cache_(make_cache(budget_, cache)),
      client_(options, open_accounts(budget_)) {
  if (cache_) expect(client_.use_cache(*cache_, "here").ok(), "the cache is used");
  client_.connect(now_);
  drive();
}

void World::drive() {
  for (bool more = true; more;) {
    poll_events();
    more = act();
    more = send() || more;
    for (std::size_t i = 0; i < links_.size(); ++i) more = answer(i) || more;
  }
}

void World::poll_events() {
  while (const auto event = client_.poll_event()) {
    const bool is_outcome =
        event->kind == Event::Kind::completed || event->kind == Event::Kind::failed;
    if (is_outcome) ++ended_count_;
  }
}

bool World::act() {
  bool any = false;
  while (const auto action = client_.poll_action()) {
    any = true;
    Link& link = links_[static_cast<std::size_t>(action->connection)];
    link = {};
    if (action->kind != Action::Kind::open) continue;
    link.is_open = true;
    client_.handle_opened(action->connection, now_);
  }
  return any;
}

bool World::send() {
  bool any = false;
  for (std::uint64_t bits = client_.unsent_connections(); bits != 0; bits &= bits - 1) {
    const auto number = static_cast<std::uint32_t>(std::countr_zero(bits));
    std::array<std::string_view, 64> spans;
    std::size_t bytes = 0;
    const std::size_t count = client_.poll_transmit(ConnectionId{number}, spans);
    for (std::size_t i = 0; i < count; ++i) {
      links_[number].input += spans[i];
      bytes += spans[i].size();
    }
    if (bytes == 0) continue;
    client_.handle_written(ConnectionId{number}, bytes);
    any = true;
  }
  return any;
}

bool World::answer(std::size_t number) {
  Link& link = links_[number];
  if (!link.is_open || link.input.empty()) return false;
  Words words;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < link.input.size(); begin = at) {
    if (!read_request(link.input, at, words)) break;
    answer_one(words, link.output);
  }
  link.input.erase(0, begin);
  deliver(number);
  return begin > 0;
}

void World::answer_one(const Words& words, std::string& out) const {
  const std::string_view name = words.front();
  if (name == "GET") {
    if (!silent_) out += "$5\r\nvalue\r\n";
  } else if (name == "HELLO") {
    out += hello_reply;
  } else if (name == "ACL") {
    out += "$7\r\ndefault\r\n";
  } else if (name == "PING") {
    out += "+PONG\r\n";
  } else if (name.ends_with("SUBSCRIBE")) {
    for (std::size_t i = 1; i < words.size(); ++i) {
      out += name == "SUBSCRIBE" ? ">3\r\n$9\r\nsubscribe\r\n$" : ">3\r\n$11\r\nunsubscribe\r\n$";
      out += std::to_string(words[i].size());
      out.append("\r\n").append(words[i]).append("\r\n:1\r\n");
    }
  } else {
    out += "+OK\r\n";
  }
}

void World::deliver(std::size_t number) {
  Link& link = links_[number];
  const auto connection = ConnectionId{static_cast<std::uint32_t>(number)};
  std::string_view left = link.output;
  while (!left.empty() && link.is_open) {
    const std::span<char> room = client_.read_space(connection);
    expect(!room.empty(), "there is room to read to");
    const std::size_t part = std::min(room.size(), left.size());
    left.copy(room.data(), part);
    left.remove_prefix(part);
    client_.handle_read(connection, part, now_);
    poll_events();
  }
  link.output.clear();
}

void World::push(ConnectionId connection, std::string_view bytes) {
  const auto number = static_cast<std::size_t>(connection);
  links_[number].output += bytes;
  deliver(number);
}

void World::pass_until(Instant then) {
  now_ = std::max(now_, then);
  client_.handle_timeout(now_);
}

void World::pass_until_timeout() {
  const Instant next = client_.poll_timeout();
  expect(next != never, "the client wants to be called");
  pass_until(next);
}

void World::break_off(ConnectionId connection) {
  links_[static_cast<std::size_t>(connection)] = {};
  client_.handle_closed(
      connection, Error{.code = ErrorCode::connection_lost, .what = "the bench has broken it off"},
      now_);
}

RequestId World::get(std::string_view key, Duration timeout) {
  const std::array<std::string_view, 2> words{"GET", key};
  CommandView command;
  command.args = words;
  command.effect = CommandView::Effect::read;
  const auto id = client_.submit(command, now_, timeout, 1);
  expect(id.ok(), "a GET is taken");
  return *id;
}

void World::get_proved(std::string_view key) {
  const std::array<std::string_view, 2> words{"GET", key};
  CommandView command;
  command.args = words;
  command.effect = CommandView::Effect::read;
  const auto id = client_.submit(command, now_, Duration::zero(), 1, Duration::zero());
  expect(id.ok(), "a GET is taken");
}

RequestId World::wait_in_line(Duration timeout) {
  const std::array<std::string_view, 2> words{"GET", "key"};
  CommandView command;
  command.args = words;
  expect(!client_.submit(command, now_, timeout, 1), "there is no place");
  const auto id = client_.wait_for_room(command, now_, timeout, 1);
  expect(id.ok(), "there is a place for one more waiter");
  return *id;
}

}  // namespace plimsoll::bench
