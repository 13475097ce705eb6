#include "plimsoll/tests/support/replicas.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing {
namespace {

using namespace std::chrono_literals;

// A limit that only what hangs reaches.
constexpr auto online_limit = 30s;

}  // namespace

std::string info_field(std::string_view info, std::string_view name) {
  const std::string begin = "\n" + std::string(name) + ":";
  const std::size_t at = info.find(begin);
  if (at == std::string_view::npos) return {};
  const std::string_view value = info.substr(at + begin.size());
  return std::string(value.substr(0, value.find('\r')));
}

ReplicaGroup::ReplicaGroup(ReplicaGroupOptions options) : options_(std::move(options)) {
  const auto zone = [this](std::size_t server) {
    return server < options_.zones.size() ? options_.zones[server] : std::string();
  };
  servers_.push_back(std::make_unique<ValkeyServer>(
      ValkeyServerOptions{.listen = options_.listen, .arguments = arguments(zone(0))}));
  if (options_.has_link) link_ = std::make_unique<FaultProxy>(servers_[0]->port());
  std::vector<std::size_t> replicas;
  for (std::size_t i = 1; i <= options_.replicas; ++i) replicas.push_back(add_replica(zone(i)));
  wait_until_online(replicas);
}

std::string ReplicaGroup::address(std::size_t server) const {
  return "127.0.0.1:" + std::to_string(servers_[server]->port());
}

std::string ReplicaGroup::ask(std::size_t server, const std::string& inline_command) const {
  if (options_.password.empty()) return servers_[server]->ask(inline_command);
  const std::string login = "AUTH " + options_.password + "\r\n";
  std::string reply = servers_[server]->ask(login + inline_command);
  return reply.substr(std::string("+OK\r\n").size());
}

std::uint64_t ReplicaGroup::calls(std::size_t server, std::string_view command) const {
  const std::string field =
      info_field(ask(server, "INFO commandstats"), "cmdstat_" + std::string(command));
  const std::string name = "calls=";
  return field.starts_with(name) ? std::stoull(field.substr(name.size())) : 0;
}

void ReplicaGroup::reset_calls() const {
  for (std::size_t i = 0; i < servers_.size(); ++i) ask(i, "CONFIG RESETSTAT");
}

void ReplicaGroup::attach(std::size_t server) const {
  ask(server, "REPLICAOF 127.0.0.1 " + port_to_follow());
}

void ReplicaGroup::detach(std::size_t server) const { ask(server, "REPLICAOF NO ONE"); }

std::size_t ReplicaGroup::add_replica(const std::string& zone) {
  std::vector<std::string> all = arguments(zone);
  all.insert(all.end(), {"--replicaof", "127.0.0.1", port_to_follow()});
  servers_.push_back(std::make_unique<ValkeyServer>(
      ValkeyServerOptions{.listen = options_.listen, .arguments = std::move(all)}));
  return servers_.size() - 1;
}

void ReplicaGroup::wait_until_online(const std::vector<std::size_t>& servers) const {
  const auto deadline = std::chrono::steady_clock::now() + test_timeout(online_limit);
  for (const std::size_t server : servers) {
    while (!is_online(server)) {
      if (std::chrono::steady_clock::now() > deadline) {
        throw std::runtime_error("a replica does not follow: " + ask(server, "INFO replication") +
                                 ask(0, "INFO replication"));
      }
      std::this_thread::sleep_for(5ms);
    }
  }
}

std::vector<std::string> ReplicaGroup::arguments(const std::string& zone) const {
  std::vector<std::string> all = {"--repl-diskless-sync-delay", "0", "--enable-debug-command",
                                  "local"};
  if (!options_.password.empty()) {
    all.insert(all.end(), {"--requirepass", options_.password, "--masterauth", options_.password});
  }
  if (!zone.empty()) all.insert(all.end(), {"--availability-zone", zone});
  all.insert(all.end(), options_.arguments.begin(), options_.arguments.end());
  return all;
}

std::string ReplicaGroup::port_to_follow() const {
  return std::to_string(link_ ? link_->port() : servers_[0]->port());
}

bool ReplicaGroup::is_online(std::size_t server) const {
  const std::string primary = ask(0, "INFO replication");
  const std::string replica = ask(server, "INFO replication");
  const std::string port = "port=" + std::to_string(servers_[server]->port()) + ",state=online";
  return primary.find(port) != std::string::npos &&
         info_field(replica, "master_link_status") == "up" &&
         info_field(replica, "slave_repl_offset") == info_field(primary, "master_repl_offset");
}

}  // namespace plimsoll::testing
