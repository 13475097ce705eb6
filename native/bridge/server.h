#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/bridge/access_log.h"
#include "plimsoll/native/bridge/entry/admission.h"
#include "plimsoll/native/bridge/entry/arrivals.h"
#include "plimsoll/native/bridge/entry/entry.h"
#include "plimsoll/native/bridge/pages/page_answer.h"
#include "plimsoll/native/bridge/pages/pages.h"
#include "plimsoll/native/bridge/relay/counters.h"
#include "plimsoll/native/bridge/relay/reach.h"
#include "plimsoll/native/bridge/relay/relay.h"
#include "plimsoll/native/bridge/replies/reply_sizes.h"
#include "plimsoll/native/bridge/server_counters.h"
#include "plimsoll/native/bridge/shared/across_threads.h"
#include "plimsoll/native/bridge/shared/shared_clients.h"
#include "plimsoll/native/bridge/shared/shared_counters.h"

// Admits clients, serves pages and runs relays, all in one thread. Servers has one of these for
// each of the bridge's threads, and listens.
//
// Each connection is one coroutine, serve():
//
//   accepted --> enter() --> show_pages() --> judge() --> reach() -> Relay::run()
//      |            |             |              |           |            |
//      +------------+-- refused --+--------------+-----------+            |
//                          |                                              |
//                          +-->  conclude(): answer, line of the log  <---+
//
// let_in() has the steps from enter() to judge(), and carry() has the last two. A coroutine's frame
// is memory that each connection has, so that of let_in() is gone before a relay runs.
//
// Invariants:
// - Each connection is in connections_ as long as its coroutine runs. The server may be destroyed
//   only after drain() has called `done`, when none is left.
// - The connection has a place, and is paid for, before anything is read of it (Arrival). What it
//   pays is raised before TLS, a page or a relay begins; without room the client gets a 503, or no
//   answer before TLS. A connection that is refused a place answers and ends within the same turn.

namespace plimsoll::bridge {

struct Settings {
  std::vector<boost::asio::ip::tcp::endpoint> listen;
  AdmissionRules rules;
  ConnectionLimitOptions limits;
  RelayOptions relay;
  EntryRules entry;
  std::chrono::milliseconds connect_timeout{5000};
  /// Only a proxy in front reaches the bridge, and the proxy checks Host.
  bool behind_proxy = false;
  /// The pages to serve; null: none. Must outlive the connections.
  const Pages* pages = nullptr;
};

/// What the servers of all threads have in common: bounds that hold for all of them together.
struct Common {
  Common(const ConnectionLimitOptions& options, std::size_t memory_limit, std::size_t threads);

  ConnectionLimits limits;
  AheadShare ahead;
  AcrossThreads shared;
};

class Server {
 public:
  /// `budget` bounds all that relays buffer. `policies` has one for each profile, by its name. All
  /// references must outlive this object.
  Server(boost::asio::io_context& context, Settings settings, VerifyToken verify,
         const std::map<std::string, Policy, std::less<>>& policies, Budget& budget, AccessLog& log,
         Common& common);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Before the context runs.
  void start() { look_after_all(); }

  /// Serves this connection, whose socket has the context's executor. From any thread.
  void take(boost::asio::ip::tcp::socket socket);

  /// How many connections it has taken that have not ended. From any thread.
  std::size_t load() const { return load_.load(std::memory_order_relaxed); }

  /// Refuses connections from now on, and closes the WebSockets with 1001 as soon as nothing is
  /// owed to them, or when three quarters of `timeout` have passed. After `timeout` the remaining
  /// connections are aborted. Calls `done` when none is left. The server may be destroyed only
  /// after that, and after the context has run out of work.
  void drain(std::chrono::steady_clock::duration timeout, std::function<void()> done);

  /// Closes with 1008 the WebSockets whose tokens are no longer valid. `holds` is asked again when
  /// a connection opens whose token was verified before, so it has to stay callable.
  void recheck(std::function<bool(const Authorization&)> holds);

  Counters counters() const { return counters_.total(); }
  const ServerCounters& all_counters() const { return counters_; }
  /// Of each upstream whose connections are shared, by its name.
  std::map<std::string, SharedCounters> shared_counters() const { return shared_.all_counters(); }
  /// Whether a shared connection to this server is open now.
  bool is_connected(const SharedServer& server) const { return shared_.is_connected(server); }
  bool is_draining() const { return is_draining_; }

 private:
  using Tcp = boost::asio::ip::tcp;

  void begin(Tcp::socket socket);
  struct Visit;
  boost::asio::awaitable<void> serve(std::unique_ptr<Visit> visit);
  Admission refuse_early(std::string why) const;
  Admission receive(Visit& visit);
  EntryCalls calls_for(Visit& visit);
  boost::asio::awaitable<void> let_in(Visit& visit);
  boost::asio::awaitable<void> conclude(Visit& visit);
  boost::asio::awaitable<void> show_pages(Visit& visit, Entry& entry, Entrance& entrance,
                                          const EntryCalls& calls);
  Admission judge_page(const Request& request, const Entrance& entrance, Arrival& arrival);
  void note(const PageAnswer& answer, bool is_sent, AccessLine& line);
  boost::asio::awaitable<std::shared_ptr<Relay>> make_relay(Visit& visit);
  boost::asio::awaitable<void> carry(Visit& visit);
  void end_if_withdrawn(Relay& relay);
  std::size_t tls_bytes_of_clients() const {
    return settings_.entry.tls != nullptr ? tls_bytes : 0;
  }
  void look_after_all();
  void give_memory_back();
  boost::asio::awaitable<std::variant<ServerEnd, DialProblem>> reach_timed(
      const Admission& admission);
  ProfileCounters& counters_of(const Admission& admission);
  void abort_all();
  void report_if_drained();

  boost::asio::io_context& context_;
  const Settings settings_;
  const VerifyToken verify_;
  const std::map<std::string, Policy, std::less<>>& policies_;
  Common& common_;
  Doorkeeper doorkeeper_;
  ReplySizes sizes_;
  AccountHandle buffers_;
  AccountHandle places_;
  SharedClients shared_;
  AccessLog& log_;
  ServerCounters counters_;
  Arrivals arrivals_;
  std::atomic<std::size_t> load_{0};
  std::list<boost::asio::cancellation_signal> connections_;  // one each, to abort it
  std::size_t connections_peak_ = 0;                         // since memory was last given back
  std::list<Relay*> relays_;                                 // those that carry, in no order
  std::list<Stream*> resting_;  // connections between two requests for pages
  boost::asio::steady_timer tick_;
  const std::chrono::milliseconds tick_interval_;
  boost::asio::steady_timer drain_timer_;
  bool is_draining_ = false;
  bool is_drained_ = false;
  std::function<void()> drained_;
  std::function<bool(const Authorization&)> holds_;  // of the last recheck(); may be empty
};

}  // namespace plimsoll::bridge
