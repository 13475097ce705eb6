#include "plimsoll/tests/core/client/cached_world.h"

#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/question.h"

namespace plimsoll::testing {
namespace {

const std::string flush_push = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

std::string invalidation_of(const std::string& key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n" + bulk_reply(key);
}

}  // namespace

CachedWorld::CachedWorld(const Settings& settings)
    : budget_(settings.budget, memory_),
      knows_tracking_(settings.knows_tracking),
      knows_pttl_(settings.knows_pttl),
      tells_user_(settings.tells_user),
      is_bridge_(settings.is_bridge),
      remembers_(settings.remembers) {
  cache_.emplace(settings.cache, cache::Cache::take_memory(budget_, settings.cache).value());
  for (std::size_t i = 0; i < settings.clients; ++i) {
    clients_.push_back(std::make_unique<One>());
    One& one = *clients_.back();
    const ClientOptions& options = i < settings.each.size() ? settings.each[i] : settings.client;
    one.end = std::make_unique<ClientEnd>(options, budget_);
    one.peer.set_script([this, &one](const Words& request) { return answer(one, request); });
    const std::string place = i < settings.places.size() ? settings.places[i] : "the server";
    REQUIRE(one.end->client().use_cache(*cache_, place, settings.clock_step).ok());
    one.end->connect();
    flow(i);
    REQUIRE(one.end->take_events() == Lines{"ready"});
  }
}

CachedWorld::~CachedWorld() = default;

std::optional<RequestId> CachedWorld::get(std::size_t client, Tag tag, const std::string& key) {
  return read(client, tag, {"GET", key});
}

std::optional<RequestId> CachedWorld::read(std::size_t client, Tag tag, const Words& words,
                                           Duration max_staleness) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  CommandView command;
  command.args = views;
  commands::QuestionReader reader;
  ClientEnd& end = *at(client).end;
  if (cache_->takes(command, reader)) {
    cache::Cache::Reader wanted = end.client().near_cache()->reader(max_staleness, end.now());
    wanted.scratch = &end.client().replies_account();
    std::string reply;
    const bool hit = cache_->visit(wanted, reader.question(), end.now(), [&](std::string_view all) {
      reply = all;
      return true;
    });
    if (hit) {
      end.add_line(std::to_string(tag) + ": hit " + reply.substr(0, reply.size() - 2));
      return std::nullopt;
    }
  }
  return end.submit(tag, words, Duration::zero(), max_staleness);
}

std::optional<RequestId> CachedWorld::submit(std::size_t client, Tag tag, const Words& words) {
  return at(client).end->submit(tag, words, Duration::zero());
}

void CachedWorld::go_up(std::size_t client) {
  One& one = at(client);
  if (one.end->link() == ClientEnd::Link::opening) one.end->open();
  if (one.end->link() == ClientEnd::Link::open) one.peer.handle_bytes(one.end->write());
}

void CachedWorld::come_down(std::size_t client) {
  One& one = at(client);
  if (one.end->link() != ClientEnd::Link::open) return;
  one.down.erase(0, one.end->receive(one.down));
}

void CachedWorld::flow(std::size_t client) {
  for (int i = 0; i < 20; ++i) {
    go_up(client);
    come_down(client);
  }
}

void CachedWorld::flow() {
  for (std::size_t i = 0; i < clients_.size(); ++i) flow(i);
}

void CachedWorld::write_elsewhere(const std::string& key, const std::string& value) {
  data_[key] = value;
  if (!is_bridge_) invalidate(key);
}

void CachedWorld::hear_all(One& one) {
  for (auto key = one.tracks.begin(); key != one.tracks.end();) {
    const bool is_news = one.known[*key] != data_[*key];
    if (is_news) push(one, invalidation_of(*key));
    key = is_news ? one.tracks.erase(key) : std::next(key);
  }
  one.known = data_;
}

void CachedWorld::flush_elsewhere() {
  data_.clear();
  for (auto& [name, client] : remembered_) {
    if (!client.tracks.empty()) client.sent.push_back(flush_push);
    client.tracks.clear();
  }
  for (const auto& one : clients_) {
    one->tracks.clear();
    if (one->tracked) push(*one, flush_push);
  }
}

void CachedWorld::push(One& one, const std::string& text) {
  one.down += text;
  if (!one.name.empty()) remembered_[one.name].sent.push_back(text);
}

// The bridge hears of all that happened before, as it does for a PING.
void CachedWorld::resume(One& one, const Words& request) {
  const std::string name = request.size() > 3 ? request.at(3) : "";
  if (!name.empty()) ++returns_count_;
  const auto found = remembered_.find(name);
  const bool is_known = found != remembered_.end();
  one.name = is_known ? name : "name" + std::to_string(++names_count_);
  Remembered& mine = remembered_[one.name];
  if (is_known) {
    const std::vector<std::string> missed(
        mine.sent.begin() + static_cast<std::ptrdiff_t>(std::stoull(request.at(4))),
        mine.sent.end());
    for (const std::string& text : missed) push(one, text);
    for (const std::string& key : mine.tracks) one.known[key] = mine.known[key];
    one.tracks.merge(std::exchange(mine.tracks, {}));
  }
  hear_all(one);
  one.down += "*3\r\n" + bulk_reply(one.name) + ":" + std::to_string(mine.sent.size()) +
              "\r\n:" + (is_known ? "1" : "0") + "\r\n";
}

void CachedWorld::invalidate(const std::string& key) {
  for (const auto& one : clients_) {
    if (one->tracks.erase(key) > 0) push(*one, invalidation_of(key));
  }
}

void CachedWorld::break_off(std::size_t client) {
  One& one = at(client);
  one.peer.reset();
  one.down.clear();
  one.tracked = false;
  if (const auto mine = remembered_.find(one.name); mine != remembered_.end()) {
    mine->second.tracks = one.tracks;
    mine->second.known = one.known;
  }
  one.name.clear();
  one.tracks.clear();
  one.user = "default";
  one.end->break_off();
}

void CachedWorld::reconnect(std::size_t client) {
  at(client).end->wait_for_open();
  flow(client);
}

void CachedWorld::advance(Duration duration) {
  for (const auto& one : clients_) one->end->advance(duration);
}

bool CachedWorld::authenticate(One& one, const std::string& user, const std::string& password) {
  const auto found = passwords_.find(user);
  if (found != passwords_.end() && found->second != password) {
    one.down += "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    return false;
  }
  one.user = user;
  return true;
}

// Users and their rights, as far as there are any.
bool CachedWorld::refuses(One& one, const Words& request) {
  const std::string& name = request.at(0);
  if (name == "HELLO" && request.size() > 4 && request.at(2) == "AUTH") {
    return !authenticate(one, request.at(3), request.at(4));
  }
  if (name == "AUTH") {
    if (authenticate(one, request.at(1), request.at(2))) one.down += "+OK\r\n";
    return true;
  }
  if (name == "ACL") {
    one.down += tells_user_ ? bulk_reply(one.user) : "-NOPERM User has no permissions\r\n";
    return true;
  }
  const std::set<std::string>& not_his = forbidden_[one.user];
  const bool is_key = request.size() > 1 && not_his.contains(name + " " + request.at(1));
  if (!is_key && !not_his.contains(name)) return false;
  one.down += "-NOPERM No permissions to access a key\r\n";
  return true;
}

// Into the client's pipe: what it causes to be pushed to others, and to itself, comes behind it.
std::string CachedWorld::answer(One& one, const Words& request) {
  if (refuses(one, request)) return "";
  const std::string& name = request.at(0);
  if (name == "HELLO" && is_bridge_) {
    one.known = data_;
    one.down += remembers_ ? hello_reply_of_remembering_bridge : hello_reply_of_bridge;
  } else if (name == "CLIENT" && request.at(1) == "TRACKING" && request.at(2) == "RESUME") {
    resume(one, request);
  } else if (name == "CLIENT" && request.at(1) == "TRACKING") {
    if (!knows_tracking_) {
      one.down += "-ERR unknown subcommand 'tracking'. Try CLIENT HELP.\r\n";
    } else {
      one.tracked = true;
      one.down += "+OK\r\n";
    }
  } else if (name == "PTTL") {
    const auto found = pttls_.find(request.at(1));
    const std::int64_t left = found != pttls_.end()           ? found->second
                              : data_.contains(request.at(1)) ? -1
                                                              : -2;
    one.down +=
        knows_pttl_ ? ":" + std::to_string(left) + "\r\n" : "-ERR unknown command 'PTTL'\r\n";
  } else if (name == "GET") {
    ++reads_count_;
    if (one.tracked) one.tracks.insert(request.at(1));
    const auto found = data_for(one).find(request.at(1));
    one.down += found == data_for(one).end() ? "_\r\n" : bulk_reply(found->second);
  } else if (name == "MGET") {
    ++reads_count_;
    one.down += "*" + std::to_string(request.size() - 1) + "\r\n";
    for (std::size_t i = 1; i < request.size(); ++i) {
      if (one.tracked) one.tracks.insert(request[i]);
      const auto found = data_.find(request[i]);
      one.down += found == data_.end() ? "_\r\n" : bulk_reply(found->second);
    }
  } else if (name == "LRANGE") {
    ++reads_count_;
    if (one.tracked) one.tracks.insert(request.at(1));
    const std::size_t count = std::stoul(request.at(3)) + 1;
    one.down += "*" + std::to_string(count) + "\r\n";
    for (std::size_t i = 0; i < count; ++i) one.down += bulk_reply(data_[request.at(1)]);
  } else if (name == "STRLEN" || name == "EXISTS") {
    ++reads_count_;
    std::size_t sum = 0;
    for (std::size_t i = 1; i < request.size(); ++i) {
      if (one.tracked) one.tracks.insert(request[i]);
      const auto found = data_.find(request[i]);
      if (found != data_.end()) sum += name == "EXISTS" ? 1 : found->second.size();
    }
    one.down += ":" + std::to_string(sum) + "\r\n";
  } else if (name == "PING") {
    ++pings_count_;
    if (is_bridge_) hear_all(one);
    one.down += "+PONG\r\n";
  } else if (name == "SET") {
    data_[request.at(1)] = request.at(2);
    for (const auto& each : clients_) each->known[request.at(1)] = request.at(2);
    one.down += "+OK\r\n";
    invalidate(request.at(1));
  } else if (name == "FLUSHALL") {
    one.down += "+OK\r\n";
    flush_elsewhere();
  } else {
    one.down += Peer::default_reply(request);
  }
  return "";
}

Words mset_of(std::size_t keys) {
  Words write{"MSET"};
  for (std::size_t i = 0; i < keys; ++i) {
    write.push_back("key");
    write.push_back("value");
  }
  return write;
}

void cache_it(CachedWorld& world, const std::string& key) {
  world.data()[key] = "old";
  world.get(0, 1000, key);
  world.flow(0);
  REQUIRE(world.take_events(0) == Lines{"1000: \"old\""});
  world.get(0, 1001, key);
  REQUIRE(world.take_events(0) == Lines{"1001: hit $3\r\nold"});
}

}  // namespace plimsoll::testing
