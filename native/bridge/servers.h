#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/bridge/access_log.h"
#include "plimsoll/native/bridge/server.h"
#include "plimsoll/native/bridge/server_counters.h"
#include "plimsoll/native/bridge/shared/shared_counters.h"

// The threads of the bridge: in each a loop of its own, with a Server. The first one listens, too,
// and deals each connection to the thread that had the fewest when the one before it came. It stays
// there. Threads share nothing but what never changes (settings, policies, pages), and what is
// thread-safe: what Common has, the memory line, the tokens, TLS contexts, the log and the
// upstreams' caches.
//
//   first thread:  accept --+--> Server      (run() is called in it)
//   further threads:        +--> Server
//                           +--> Server
//
// All functions are called in the first thread, or before run().

namespace plimsoll::bridge {

class Servers {
 public:
  /// `threads`: 1 or more. The others are as Server's; `verify` is called in all threads.
  Servers(const Settings& settings, const VerifyToken& verify,
          const std::map<std::string, Policy, std::less<>>& policies, Budget& budget,
          AccessLog& log, std::size_t threads);
  ~Servers();
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  /// Of the first thread: what else runs in it ends run() only when it has ended, too.
  boost::asio::io_context& context();

  /// Binds and listens. Throws what start_listening() throws.
  void start();

  /// Serves until all connections have ended after drain() or leave(). Rethrows what leaves a
  /// handler in any thread; then no other is called any more.
  void run();

  /// The addresses that the bridge listens on, with the actual port in place of port 0.
  std::vector<boost::asio::ip::tcp::endpoint> endpoints() const;

  /// Server::drain() in all threads. Calls `done` when no connection is left.
  void drain(std::chrono::steady_clock::duration timeout, std::function<void()> done);

  /// Says that it is going (is_leaving()), but serves and accepts for another `lame_duck`, so that
  /// a proxy that distributes connections can send new ones elsewhere first. Then does what drain()
  /// does. A second call drains at once.
  void leave(std::chrono::steady_clock::duration lame_duck,
             std::chrono::steady_clock::duration timeout, std::function<void()> done);

  /// Server::recheck() in all threads, in each of them soon. `holds` is called in all of them.
  void recheck(const std::function<bool(const Authorization&)>& holds);

  bool is_leaving() const { return is_leaving_; }
  bool is_draining() const { return is_draining_; }
  std::size_t connections_count() const { return common_.limits.connections_count(); }

  /// What all threads have done together.
  struct Done {
    ServerCounters counters;
    /// Of each upstream whose connections are shared, by its name.
    std::map<std::string, SharedCounters> shared;
  };
  boost::asio::awaitable<Done> done();

  /// Whether some thread has an open shared connection to this server now.
  boost::asio::awaitable<bool> is_connected(const SharedServer& server);

  /// For tests: the server of a thread, and its loop.
  Server& server(std::size_t thread);
  boost::asio::io_context& context(std::size_t thread);

 private:
  using Tcp = boost::asio::ip::tcp;
  struct Loop;

  boost::asio::awaitable<void> listen(Tcp::acceptor& acceptor);
  Loop& least_loaded();
  void run_loop(Loop& loop);
  void handle_drained();

  const std::vector<Tcp::endpoint> addresses_;
  Common common_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::list<Tcp::acceptor> acceptors_;
  std::size_t last_dealt_ = 0;
  boost::asio::steady_timer lame_duck_;
  bool is_leaving_ = false;
  bool is_draining_ = false;
  std::size_t not_drained_ = 0;
  std::function<void()> when_drained_;
};

}  // namespace plimsoll::bridge
