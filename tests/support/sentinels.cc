#include "plimsoll/tests/support/sentinels.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <thread>
#include <utility>

#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing {
namespace {

using namespace std::chrono_literals;
using Clock = SwitchWatcher::Clock;

// Limits that only what hangs reaches.
constexpr auto reply_limit = 5s;
constexpr auto settle_limit = 30s;

// Sentinel waits this long for the replicas to follow; and twice as long after a vote that nobody
// won, which is why this is no longer.
constexpr auto failover_timeout = 3000ms;

template <class Condition>
bool wait_for(Condition condition, std::chrono::milliseconds usual) {
  const auto deadline = Clock::now() + test_timeout(usual);
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

std::string server_program() {
  const char* chosen = std::getenv("PLIMSOLL_VALKEY_SERVER");
  return chosen != nullptr && *chosen != '\0' ? chosen : "valkey-server";
}

std::string name_or_default(const RawUser& user) {
  return user.name.empty() ? "default" : user.name;
}

// Arguments of a server that lets in `user` alone, and replicates as that user.
std::vector<std::string> user_arguments(const RawUser& user) {
  if (user.password.empty()) return {};
  std::vector<std::string> all = {"--masterauth", user.password};
  if (user.name.empty()) {
    all.insert(all.end(), {"--requirepass", user.password});
  } else {
    all.insert(all.end(), {"--masteruser", user.name});
    all.insert(all.end(), {"--user", user.name, "on", ">" + user.password, "~*", "&*", "+@all"});
    all.insert(all.end(), {"--user", "default", "off"});
  }
  return all;
}

void write_user(std::ofstream& file, const SentinelGroupOptions& options) {
  const RawUser& own = options.sentinel_user;
  if (!own.password.empty()) {
    if (own.name.empty()) {
      file << "requirepass " << own.password << "\n";
    } else {
      file << "user " << own.name << " on >" << own.password << " ~* &* +@all\n"
           << "user default off\n"
           << "sentinel sentinel-user " << own.name << "\n";
    }
    file << "sentinel sentinel-pass " << own.password << "\n";
  }
  const RawUser& server = options.server_user;
  if (server.password.empty()) return;
  if (!server.name.empty()) {
    file << "sentinel auth-user " << options.name << " " << server.name << "\n";
  }
  file << "sentinel auth-pass " << options.name << " " << server.password << "\n";
}

bool is_healthy(const RawReply& replica) {
  return replica.field("flags") == "slave" && replica.field("master-link-status") == "ok";
}

}  // namespace

SentinelProcess::SentinelProcess(const SentinelGroupOptions& options, std::uint16_t primary_port)
    : name_(options.name),
      user_(options.sentinel_user),
      socket_path_(directory_.path() + "/socket"),
      file_(directory_.path() + "/sentinel.conf"),
      held_port_(bind_tcp(0)),
      port_(port_of(held_port_)) {
  std::ofstream file(file_);
  file << "bind 127.0.0.1\n"
       << "port " << (options.has_sentinel_tls ? 0 : port_) << "\n"
       << "unixsocket " << socket_path_ << "\nunixsocketperm 700\n"
       << "dir " << directory_.path() << "\n"
       << "sentinel monitor " << name_ << " 127.0.0.1 " << primary_port << " " << options.quorum
       << "\nsentinel down-after-milliseconds " << name_ << " " << options.down_after.count()
       << "\nsentinel failover-timeout " << name_ << " "
       << failover_timeout.count()
       // All replicas at once: a failover lasts as long as they need to follow.
       << "\nsentinel parallel-syncs " << name_ << " 8\n";
  if (options.has_sentinel_tls) file << "tls-port " << port_ << "\n";
  write_user(file, options);
  for (const std::string& line : options.sentinel_lines) file << line << "\n";
  file.close();
  restart();
  watcher_ = std::make_unique<SwitchWatcher>([this] { return connect(); });
}

RawClient SentinelProcess::connect() const {
  RawClient client(unix_address(socket_path_));
  if (!user_.password.empty()) {
    const auto reply = client.ask({"AUTH", name_or_default(user_), user_.password}, reply_limit);
    if (reply.is_error()) throw std::runtime_error("a sentinel refuses: " + reply.text);
  }
  return client;
}

RawReply SentinelProcess::ask(const std::vector<std::string>& words) const {
  return connect().ask(words, test_timeout(reply_limit));
}

std::string SentinelProcess::primary() const {
  try {
    const RawReply reply = connect().ask({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name_}, 1s);
    if (reply.elements.size() != 2) return {};
    return reply.elements[0].text + ":" + reply.elements[1].text;
  } catch (const std::runtime_error&) {
    return {};
  }
}

void SentinelProcess::restart() {
  if (process_) process_->kill();
  ::unlink(socket_path_.c_str());
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{server_program(), file_, "--sentinel"}, directory_.path() + "/log");
  const auto answers = [this] {
    if (!process_->running()) throw std::runtime_error("a sentinel ended: " + last_words());
    try {
      return connect().ask({"PING"}, 1s).text == "PONG";
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  if (!wait_for(answers, 10s)) throw std::runtime_error("a sentinel is silent: " + last_words());
}

std::string SentinelProcess::last_words() const {
  constexpr std::size_t length_max = 2000;
  std::ifstream log(directory_.path() + "/log");
  std::string text{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
  if (text.size() > length_max) text.erase(0, text.size() - length_max);
  return text;
}

SentinelGroup::SentinelGroup(SentinelGroupOptions options) : options_(std::move(options)) {
  std::vector<std::string> arguments = user_arguments(options_.server_user);
  arguments.insert(arguments.end(), {"--repl-diskless-sync-delay", "0"});
  arguments.insert(arguments.end(), options_.server_arguments.begin(),
                   options_.server_arguments.end());
  for (std::size_t i = 0; i <= options_.replicas; ++i) {
    servers_.push_back(std::make_unique<ValkeyServer>(
        ValkeyServerOptions{.listen = options_.listen, .arguments = arguments}));
    if (i > 0) follow(i, 0);
  }
  const auto up = [this](std::size_t server) {
    return ask(server, "INFO replication").find("master_link_status:up") != std::string::npos;
  };
  for (std::size_t i = 1; i < servers_.size(); ++i) {
    if (!wait_for([&] { return up(i); }, settle_limit)) {
      throw std::runtime_error("a replica does not follow: " + ask(i, "INFO replication"));
    }
  }
  // Sentinels that start when the replicas follow find all of them at once.
  for (std::size_t i = 0; i < options_.sentinels; ++i) {
    sentinels_.push_back(std::make_unique<SentinelProcess>(options_, servers_[0]->port()));
  }
  wait_until_settled();
}

std::string SentinelGroup::address(std::size_t server) const {
  return "127.0.0.1:" + std::to_string(servers_[server]->port());
}

std::size_t SentinelGroup::index_of(const std::string& address) const {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (this->address(i) == address) return i;
  }
  throw std::runtime_error("no server of the group has the address '" + address + "'");
}

std::string SentinelGroup::ask(std::size_t server, const std::string& inline_command) const {
  const RawUser& user = options_.server_user;
  if (user.password.empty()) return servers_[server]->ask(inline_command);
  const std::string login = "AUTH " + name_or_default(user) + " " + user.password + "\r\n";
  std::string reply = servers_[server]->ask(login + inline_command);
  return reply.substr(std::string("+OK\r\n").size());
}

std::size_t SentinelGroup::primary() const {
  std::map<std::string, std::size_t> votes;
  std::size_t answers = 0;
  for (const auto& sentinel : sentinels_) {
    const std::string named = sentinel->primary();
    if (named.empty()) continue;
    ++votes[named];
    ++answers;
  }
  for (const auto& [named, count] : votes) {
    if (count * 2 > answers) return index_of(named);
  }
  throw std::runtime_error("the sentinels do not agree on a primary");
}

std::string SentinelGroup::url(const std::vector<std::size_t>& sentinels) const {
  std::string all;
  for (std::size_t i = 0; i < sentinels_.size(); ++i) {
    const bool is_named = std::find(sentinels.begin(), sentinels.end(), i) != sentinels.end();
    if (!sentinels.empty() && !is_named) continue;
    if (!all.empty()) all += ",";
    all += sentinels_[i]->address();
  }
  const bool has_tls = options_.listen == Listen::unix_socket_and_tls;
  return (has_tls ? "valkeys+sentinel://" : "valkey+sentinel://") + all + "/" + options_.name;
}

void SentinelGroup::failover(std::size_t sentinel) {
  const Clock::time_point begin = Clock::now();
  const auto is_found = [&] { return find_switch(begin).at != Clock::time_point::max(); };
  RawReply reply;
  const auto ask_and_wait = [&] {
    reply = sentinels_[sentinel]->ask({"SENTINEL", "FAILOVER", options_.name});
    return wait_for(is_found, reply.is_error() ? 100ms : failover_timeout);
  };
  if (wait_for(ask_and_wait, settle_limit)) return;
  throw std::runtime_error("no sentinel switched: " + (reply.is_error() ? reply.text + "; " : "") +
                           sentinels_[sentinel]->last_words());
}

SwitchWatcher::Switch SentinelGroup::find_switch(Clock::time_point earlier) const {
  SwitchWatcher::Switch first{.at = Clock::time_point::max(), .payload = {}};
  for (const auto& sentinel : sentinels_) {
    for (const SwitchWatcher::Switch& found : sentinel->watcher().switches()) {
      if (found.at > earlier && found.at < first.at) first = found;
    }
  }
  return first;
}

SwitchWatcher::Switch SentinelGroup::first_switch(Clock::time_point earlier) const {
  const auto is_found = [&] { return find_switch(earlier).at != Clock::time_point::max(); };
  if (!wait_for(is_found, settle_limit)) {
    throw std::runtime_error("no sentinel switched: " + sentinels_.front()->last_words());
  }
  return find_switch(earlier);
}

void SentinelGroup::settle() {
  for (auto& server : servers_) {
    server->resume();
    try {
      server->ask("PING");
    } catch (const std::runtime_error&) {
      server->restart();
    }
  }
  for (auto& sentinel : sentinels_) {
    sentinel->resume();
    if (::access(("/proc/" + std::to_string(sentinel->pid())).c_str(), F_OK) != 0) {
      sentinel->restart();
    }
  }
  wait_until_settled();
}

void SentinelGroup::wait_until_settled() {
  hurry(true);
  std::string why = "the sentinels do not agree";
  const auto settled = [&] {
    try {
      const std::size_t named = primary();
      // A failover that is under way has to end first: the replica that is about to be promoted
      // must not be made a replica again.
      for (const auto& sentinel : sentinels_) {
        const std::string flags =
            sentinel->ask({"SENTINEL", "MASTER", options_.name}).field("flags");
        if (flags == "master") continue;
        why = "the primary is '" + flags + "'";
        return false;
      }
      for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (i != named) follow(i, named);
      }
      return std::all_of(sentinels_.begin(), sentinels_.end(), [&](const auto& sentinel) {
        return sentinel->watcher().is_subscribed() && is_settled(*sentinel, named);
      });
    } catch (const std::runtime_error& error) {
      why = error.what();
      return false;
    }
  };
  if (!wait_for(settled, settle_limit)) {
    throw std::runtime_error("the group does not settle: " + why + "\n" +
                             sentinels_.front()->last_words());
  }
  hurry(false);
}

// Makes a server a replica of the primary, unless it is.
void SentinelGroup::follow(std::size_t server, std::size_t primary) const {
  const std::string port = std::to_string(servers_[primary]->port());
  const std::string info = ask(server, "INFO replication");
  const bool follows = info.find("role:slave") != std::string::npos &&
                       info.find("master_port:" + port + "\r") != std::string::npos;
  if (!follows) ask(server, "REPLICAOF 127.0.0.1 " + port);
}

bool SentinelGroup::is_settled(const SentinelProcess& sentinel, std::size_t primary) const {
  const RawReply known = sentinel.ask({"SENTINEL", "MASTER", options_.name});
  if (known.field("port") != std::to_string(servers_[primary]->port())) return false;
  if (known.field("flags") != "master" || known.field("role-reported") != "master") return false;
  const RawReply replicas = sentinel.ask({"SENTINEL", "REPLICAS", options_.name});
  const RawReply others = sentinel.ask({"SENTINEL", "SENTINELS", options_.name});
  const auto is_well = [](const RawReply& other) { return other.field("flags") == "sentinel"; };
  return replicas.elements.size() == options_.replicas &&
         others.elements.size() == options_.sentinels - 1 &&
         std::all_of(replicas.elements.begin(), replicas.elements.end(), is_healthy) &&
         std::all_of(others.elements.begin(), others.elements.end(), is_well);
}

// How often sentinels look at servers, reconnect to those that were away, and tell one another what
// they know. They never go into TILT, in which a sentinel that was frozen does nothing for half a
// minute.
void SentinelGroup::hurry(bool hurries) const {
  for (const auto& sentinel : sentinels_) {
    const RawReply reply =
        sentinel->ask({"SENTINEL", "DEBUG", "INFO-PERIOD", hurries ? "100" : "10000",
                       "PUBLISH-PERIOD", hurries ? "100" : "2000", "MIN-LINK-RECONNECT-PERIOD",
                       hurries ? "100" : "15000", "TILT-TRIGGER", "3600000", "TILT-PERIOD", "100"});
    if (reply.is_error()) throw std::runtime_error("a sentinel refuses: " + reply.text);
  }
}

}  // namespace plimsoll::testing
