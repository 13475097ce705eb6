#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plimsoll/tests/support/child_process.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/raw_client.h"
#include "plimsoll/tests/support/switch_watcher.h"
#include "plimsoll/tests/support/temporary_directory.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing {

/// A user of servers or of sentinels. No password: nobody has to log in. No name: the default user.
struct RawUser {
  std::string name{};
  std::string password{};
};

struct SentinelGroupOptions {
  std::string name = "ships";  ///< of the primary
  std::size_t replicas = 2;
  std::size_t sentinels = 3;
  std::size_t quorum = 2;
  /// Shorter would be faster, but on a busy machine sentinels would replace a server that is slow.
  std::chrono::milliseconds down_after = std::chrono::milliseconds(2000);

  /// Users whom the servers, and the sentinels, let in, and nobody else. The sentinels log in with
  /// them, too, and so does this class.
  RawUser server_user{};
  RawUser sentinel_user{};

  /// Where the servers listen beside their unix sockets: TCP, or TLS alone.
  Listen listen = Listen::unix_socket_and_tcp;
  std::vector<std::string> server_arguments{};

  /// Whether sentinels listen with TLS, and only with that. They take the lines for their files
  /// from sentinel_lines, as "tls-key-file /tmp/key".
  bool has_sentinel_tls = false;
  std::vector<std::string> sentinel_lines{};
};

/// A sentinel: `valkey-server FILE --sentinel`, at a port of 127.0.0.1 that stays the same, and at
/// a unix socket for this class.
class SentinelProcess {
 public:
  SentinelProcess(const SentinelGroupOptions& options, std::uint16_t primary_port);

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  pid_t pid() const { return process_ ? process_->pid() : -1; }

  /// The connection has logged in. Throws std::runtime_error if the sentinel does not answer.
  RawClient connect() const;

  /// Sends one command over a connection of its own. Throws as RawClient does.
  RawReply ask(const std::vector<std::string>& words) const;

  /// "127.0.0.1:6379": where it says that the primary is. Empty: it does not answer, or knows none.
  std::string primary() const;

  SwitchWatcher& watcher() { return *watcher_; }

  void pause() { process_->pause(); }
  void resume() { process_->resume(); }
  void kill() { process_->kill(); }
  /// Starts it again with what it knew.
  void restart();

  /// The last of what it logged.
  std::string last_words() const;

 private:
  const std::string name_;
  const RawUser user_;
  const TemporaryDirectory directory_;
  const std::string socket_path_;
  const std::string file_;
  Descriptor held_port_;  // as ValkeyServer holds its own
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<SwitchWatcher> watcher_;
};

/// A primary, its replicas, and sentinels that watch them, all on loopback, of one's own: they know
/// one another when the constructor returns, and are gone with this object.
///
/// A start takes two to three seconds, so a test program has one for all of its cases, and each
/// case begins with settle(). Failovers are as Sentinel does them, with its own times.
class SentinelGroup {
 public:
  /// Throws std::runtime_error, with the last words of a sentinel, if they do not find one another.
  explicit SentinelGroup(SentinelGroupOptions options = {});

  std::size_t servers_count() const { return servers_.size(); }
  ValkeyServer& server(std::size_t index) { return *servers_[index]; }
  /// The one that `address` names: "127.0.0.1:6379".
  std::size_t index_of(const std::string& address) const;
  std::string address(std::size_t server) const;
  /// As ValkeyServer::ask(), by the server's user.
  std::string ask(std::size_t server, const std::string& inline_command) const;

  std::size_t sentinels_count() const { return sentinels_.size(); }
  SentinelProcess& sentinel(std::size_t index) { return *sentinels_[index]; }

  /// The server that most of the sentinels that answer name as the primary. Throws
  /// std::runtime_error if they do not agree.
  std::size_t primary() const;

  /// "valkey+sentinel://127.0.0.1:26379,.../ships" with all sentinels, or those that are given.
  std::string url(const std::vector<std::size_t>& sentinels = {}) const;

  /// SENTINEL FAILOVER at a sentinel. Returns once a sentinel has published the switch. Asks again
  /// meanwhile: on a busy machine, where its replicas answer late, a sentinel refuses, or gives a
  /// failover up that it has begun. Throws std::runtime_error if there is no switch within the
  /// limit that only a hang reaches.
  void failover(std::size_t sentinel = 0);

  /// Waits until a sentinel publishes a switch that comes after `earlier`, and returns the first.
  /// Throws std::runtime_error if there is none within the limit that only a hang reaches.
  SwitchWatcher::Switch first_switch(SwitchWatcher::Clock::time_point earlier) const;
  /// The same without a wait; its time is time_point::max() if there is none.
  SwitchWatcher::Switch find_switch(SwitchWatcher::Clock::time_point earlier) const;

  /// Starts all that is dead, wakes all that is paused, makes all servers replicas of the primary,
  /// and waits until every sentinel knows all of them and all others as healthy. Takes one second
  /// or two: the sentinels look ten times as often meanwhile.
  void settle();

 private:
  bool is_settled(const SentinelProcess& sentinel, std::size_t primary) const;
  void wait_until_settled();
  void follow(std::size_t server, std::size_t primary) const;
  void hurry(bool hurries) const;

  const SentinelGroupOptions options_;
  std::vector<std::unique_ptr<ValkeyServer>> servers_;
  std::vector<std::unique_ptr<SentinelProcess>> sentinels_;
};

}  // namespace plimsoll::testing
