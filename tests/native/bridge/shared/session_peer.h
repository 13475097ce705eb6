#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/native/bridge/shared/shared_clients.h"
#include "plimsoll/native/bridge/shared/shared_session.h"
#include "plimsoll/staleness.h"
#include "plimsoll/tests/native/bridge/resp_command.h"
#include "plimsoll/tests/native/patience.h"

// A server whose connections are shared, and clients of it without a bridge around them, in the
// test's own thread. It stands for several threads of a bridge if they are wanted, which then take
// turns in an order that the test can repeat.

namespace plimsoll::testing {

class SharedWorld {
 public:
  explicit SharedWorld(std::string url, native::Options options = patient_options(),
                       std::size_t memory_limit = std::size_t{64} << 20, std::size_t threads = 1)
      : budget_(BudgetOptions{.memory_limit = memory_limit}, heap_),
        account_(budget_.open_account(PoolKind::replies)),
        threads_(memory_limit, threads),
        server_{.name = "main", .url = std::move(url), .options = std::move(options)} {
    while (clients_.size() < threads) {
      clients_.push_back(
          std::make_unique<bridge::SharedClients>(context_.get_executor(), *account_, threads_));
    }
  }

  ~SharedWorld() {
    close();
    context_.restart();
    context_.run_for(patience());
  }
  SharedWorld(const SharedWorld&) = delete;
  SharedWorld& operator=(const SharedWorld&) = delete;

  /// Lets things happen until `condition` holds. False: it never does.
  bool run_until(const std::function<bool()>& condition) {
    const auto limit = std::chrono::steady_clock::now() + patience();
    while (!condition()) {
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(10));
      if (std::chrono::steady_clock::now() > limit) return false;
    }
    return true;
  }

  /// Lets one thing happen, if anything is due.
  void run_one() {
    context_.restart();
    context_.poll_one();
  }

  /// Lets so many things happen, as far as they come in time.
  void run_some(int things) {
    for (; things > 0; --things) {
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(2));
    }
  }

  /// Lets things happen until nothing is under way. False: something is, for ever.
  bool comes_to_rest() {
    context_.restart();
    context_.run_for(patience());
    return context_.stopped();
  }

  /// Each in the next thread.
  std::shared_ptr<bridge::SharedSession> open(native::Staleness max_staleness,
                                              std::string_view token) {
    bridge::SharedClients& clients = *clients_[opened_++ % clients_.size()];
    return std::make_shared<bridge::SharedSession>(clients, server_, profile, token, max_staleness);
  }
  std::size_t threads() const { return clients_.size(); }

  /// A tick of the bridge.
  void check() {
    for (const auto& each : clients_) each->check();
  }

  /// The bridge ends.
  void close() {
    for (const auto& each : clients_) each->close();
  }

  bridge::SharedCounters counters() const {
    bridge::SharedCounters all;
    for (const auto& each : clients_) all.add(each->all_counters()[server_.name]);
    return all;
  }
  Account& account() { return *account_; }

  bridge::Profile profile;

 private:
  HeapMemory heap_;
  Budget budget_;
  AccountHandle account_;
  bridge::AcrossThreads threads_;
  boost::asio::io_context context_;
  const bridge::SharedServer server_;
  std::vector<std::unique_ptr<bridge::SharedClients>> clients_;  // of each thread
  std::size_t opened_ = 0;
};

/// One client of it, which begins with RESP2, as at a server.
class SessionPeer {
 public:
  explicit SessionPeer(SharedWorld& world, native::Staleness max_staleness = native::any_staleness,
                       std::string_view token = "token")
      : world_(world), session_(world.open(max_staleness, token)) {}
  SessionPeer(SharedWorld& world, std::string_view token)
      : SessionPeer(world, native::any_staleness, token) {}
  ~SessionPeer() { session_->close(); }
  SessionPeer(const SessionPeer&) = delete;
  SessionPeer& operator=(const SessionPeer&) = delete;

  /// The bytes of all replies to whole commands, of which none may be within MULTI at the end.
  std::string exchange(std::string_view commands) {
    constexpr std::string_view last_reply = "$9\r\n<the end>\r\n";
    begin(std::string(commands) + "*2\r\n$4\r\nECHO\r\n$9\r\n<the end>\r\n");
    std::string replies = receive_until(last_reply);
    replies.resize(replies.size() - last_reply.size());
    return replies;
  }

  /// Sends whole commands, behind those before, as soon as the session takes them.
  void begin(std::string_view commands) {
    unsent_ += commands;
    if (!sent_) write();
  }

  /// What comes, until it ends like this.
  std::string receive_until(std::string_view end) {
    std::string replies;
    const auto has_come = [&] {
      receive(replies);
      return replies.ends_with(end);
    };
    if (!world_.run_until(has_come)) {
      throw std::runtime_error("waited in vain for " + std::string(end) + " behind " + replies);
    }
    return replies;
  }

  /// Appends what is ready, so many bytes at most.
  void receive(std::string& replies, std::size_t bytes_max = SIZE_MAX) {
    boost::system::error_code problem;
    while (bytes_max > 0) {
      std::string space(std::min(piece_bytes, bytes_max), '\0');
      const std::size_t size = session_->read_now(space, problem);
      if (size == 0) return;
      replies.append(space, 0, size);
      bytes_max -= size;
    }
  }

  bridge::SharedSession& session() { return *session_; }

  /// How many bytes it takes at a time.
  std::size_t piece_bytes = 4096;

 private:
  void write() {
    sent_ = std::make_shared<std::string>(std::exchange(unsent_, {}));
    write_rest(*sent_);
  }

  void write_rest(std::string_view rest) {
    if (rest.empty()) {
      sent_ = nullptr;
      if (!unsent_.empty()) write();
      return;
    }
    session_->write(rest, [this, all = sent_, rest](const boost::system::error_code& problem,
                                                    std::size_t size) {
      if (!problem) write_rest(rest.substr(size));
    });
  }

  SharedWorld& world_;
  const std::shared_ptr<bridge::SharedSession> session_;
  std::string unsent_;
  std::shared_ptr<std::string> sent_;  // null: nothing is being sent
};

}  // namespace plimsoll::testing
