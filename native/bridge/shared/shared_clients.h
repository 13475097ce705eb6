#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/native/bridge/shared/across_threads.h"
#include "plimsoll/native/bridge/shared/shared_client.h"
#include "plimsoll/native/bridge/shared/shared_counters.h"
#include "plimsoll/native/bridge/shared/tracking_hub.h"
#include "plimsoll/native/bridge/shared/unread_replies.h"
#include "plimsoll/native/bridge/stream/dial_problem.h"
#include "plimsoll/native/bridge/stream/shared_server.h"
#include "plimsoll/native/bridge/tokens/authorization.h"

// The bridge's own clients of servers whose connections are shared: in each thread one for each
// server, user and version of RESP. A client is made for the first WebSocket that needs it, and
// stays until the bridge ends, or until it closes by itself, as when its password no longer holds.
//
// The configuration bounds their number: each profile has one user.

namespace plimsoll::bridge {

class SharedClients {
 public:
  /// Gets the client, or null and why there is none.
  using Opened =
      std::function<void(std::shared_ptr<SharedClient> client, const DialProblem& problem)>;

  /// Clients run on `executor`, which is the one that uses this object; `account` pays for what
  /// they keep for sessions. `account` and `threads` must outlive them.
  SharedClients(boost::asio::any_io_executor executor, Account& account, AcrossThreads& threads)
      : executor_(std::move(executor)),
        account_(account),
        threads_(threads),
        unread_(executor_, threads.unread()) {}
  ~SharedClients() { *self_ = nullptr; }
  SharedClients(const SharedClients&) = delete;
  SharedClients& operator=(const SharedClients&) = delete;

  /// Finds or makes the client of this user, who is the profile's. Calls `opened` once it is
  /// connected, or cannot be; at once if it is already. Callers that come meanwhile wait for the
  /// same attempt. `server` must outlive this object.
  void open(const SharedServer& server, const Profile& profile, bool is_resp3, Opened opened);

  /// Waits for the client with which most sessions begin, that of RESP3. Returns why there is none;
  /// empty: it is there.
  boost::asio::awaitable<DialProblem> reach(const SharedServer& server, const Profile& profile);

  /// Whether some user's client is connected now.
  bool is_connected(const SharedServer& server) const;

  /// Closes all clients, also those that are being connected, and makes no more.
  void close();
  bool is_over() const { return is_over_; }

  /// Looks whether messages of channels are missing, and whether servers that vouch for what
  /// clients have kept are silent; the bridge's server calls this once a tick.
  void check();

  /// Of all sessions of this thread.
  UnreadReplies& unread() { return unread_; }

  SharedCounters& counters(const SharedServer& server);
  /// For CLIENT TRACKING. Null: the server has no cache here.
  TrackingHub* tracking(const SharedServer& server);
  /// Of each server that was used, by its name, with what its channels and its cache say now.
  std::map<std::string, SharedCounters> all_counters() const;

  /// A number for a connection, as CLIENT ID gives it.
  std::uint64_t next_id() { return threads_.next_id(); }

  Account& account() { return account_; }
  const boost::asio::any_io_executor& executor() const { return executor_; }

 private:
  struct Key {
    const SharedServer* server;
    std::string username;
    std::string password;
    bool is_resp3;
    auto operator<=>(const Key&) const = default;
  };
  struct Entry {
    std::shared_ptr<SharedClient> client;  // null: it is being connected
    std::vector<Opened> waiting = {};
    // Gives up what connects it.
    std::unique_ptr<boost::asio::cancellation_signal> giving_up =
        std::make_unique<boost::asio::cancellation_signal>();
    // Set when the client has closed, which may be before it is here.
    std::shared_ptr<bool> is_closed = std::make_shared<bool>(false);
  };

  void connect(const Key& key);
  void ask_identity(const Key& key, native::Client client);
  void finish(const Key& key, std::shared_ptr<SharedClient> client, const DialProblem& problem);

  const boost::asio::any_io_executor executor_;
  Account& account_;
  AcrossThreads& threads_;
  UnreadReplies unread_;
  std::map<Key, Entry> clients_;
  struct Used {
    const SharedServer* server = nullptr;
    SharedCounters counters = {};
    std::unique_ptr<TrackingHub> tracking = {};
  };
  Used& used(const SharedServer& server);
  std::map<std::string, Used> used_;
  bool is_over_ = false;
  // What calls under way refer to; null once this object is gone.
  const std::shared_ptr<SharedClients*> self_ = std::make_shared<SharedClients*>(this);
};

}  // namespace plimsoll::bridge
