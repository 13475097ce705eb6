#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/support/fault_proxy.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing {

struct ReplicaGroupOptions {
  std::size_t replicas = 2;

  /// The default user's at all servers, which the replicas show their primary, too. Empty: none.
  std::string password{};

  /// The availability zones: the primary's, then those of the replicas. Servers without one here
  /// have none.
  std::vector<std::string> zones{};

  /// Where the servers listen beside their unix sockets: TCP, or TLS alone.
  Listen listen = Listen::unix_socket_and_tcp;

  /// Further arguments, for all servers.
  std::vector<std::string> arguments{};

  /// Whether the replicas reach their primary through a proxy, ReplicaGroup::link().
  bool has_link = false;
};

/// A primary and its replicas, on loopback, of one's own: they are online when the constructor
/// returns, and gone with this object. Server 0 is the first primary, server 1 its first replica.
class ReplicaGroup {
 public:
  /// Throws std::runtime_error if the replicas do not follow.
  explicit ReplicaGroup(ReplicaGroupOptions options = {});

  std::size_t servers_count() const { return servers_.size(); }
  ValkeyServer& server(std::size_t index) { return *servers_[index]; }
  ValkeyServer& primary() { return *servers_[0]; }

  /// "127.0.0.1:6379", as a client has it.
  std::string address(std::size_t server) const;
  /// The first primary's.
  std::string url() const { return servers_[0]->url(); }

  /// As ValkeyServer::ask(), with the password.
  std::string ask(std::size_t server, const std::string& inline_command) const;

  /// How often a server has run a command, since it was started or reset_calls(): by its name in
  /// INFO commandstats, "get" or "config|get".
  std::uint64_t calls(std::size_t server, std::string_view command) const;
  void reset_calls() const;

  /// Lets a server follow the primary again.
  void attach(std::size_t server) const;
  /// Lets a replica leave its primary: it becomes one itself, with the data that it has.
  void detach(std::size_t server) const;

  /// What lies between the replicas and their primary, if the options say so: while it stalls, the
  /// replicas fall behind, and do not notice.
  FaultProxy& link() { return *link_; }

  /// Adds a server that follows the primary, and returns its number. It may not be online yet.
  std::size_t add_replica(const std::string& zone = {});

  /// Waits until these servers are online and have all that the primary has. Throws
  /// std::runtime_error if that takes longer than anything that works.
  void wait_until_online(const std::vector<std::size_t>& servers) const;

 private:
  std::vector<std::string> arguments(const std::string& zone) const;
  std::string port_to_follow() const;
  bool is_online(std::size_t server) const;

  const ReplicaGroupOptions options_;
  std::vector<std::unique_ptr<ValkeyServer>> servers_;
  std::unique_ptr<FaultProxy> link_;
};

/// The value of a field of INFO; empty if it is not there.
std::string info_field(std::string_view info, std::string_view name);

}  // namespace plimsoll::testing
