#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/bridge/access_log.h"
#include "plimsoll/native/bridge/entry/admission.h"
#include "plimsoll/native/bridge/entry/entry.h"
#include "plimsoll/native/bridge/pages/page_answer.h"
#include "plimsoll/native/bridge/pages/pages.h"
#include "plimsoll/native/bridge/relay/counters.h"
#include "plimsoll/native/bridge/relay/relay.h"

// Listens, lets in, shows pages, and has relays carry. One thread.

namespace plimsoll::bridge {

struct Settings {
  std::vector<boost::asio::ip::tcp::endpoint> listen;
  AdmissionRules rules;
  ConnectionLimitOptions limits;
  RelayOptions relay;
  EntryRules entry;
  std::chrono::milliseconds connect_timeout{5000};
  /// A proxy in front is the only one who gets here: then Host is the proxy's business.
  bool behind_proxy = false;
  /// What is shown to whoever asks for a page; null: nothing. Outlives the connections.
  const Pages* pages = nullptr;
};

class Server {
 public:
  /// `budget`'s line bounds all that relays buffer; it and `policies`, one for each profile by its
  /// name, outlive this, and `executor` the relays.
  Server(boost::asio::io_context& context, Settings settings, VerifyToken verify,
         const std::map<std::string, Policy, std::less<>>& policies, Budget& budget,
         AccessLog& log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and listens; throws as start_listening() does.
  void start();

  /// Where it listens: port 0 has become one that was free.
  std::vector<boost::asio::ip::tcp::endpoint> endpoints() const;

  /// Takes no more connections, and tells those that there are to go (1001); those that have not
  /// gone when `timeout` has passed are ended without a word. `done` is called when none is left:
  /// not before, and not before the context has run dry, may this be destroyed.
  void drain(std::chrono::steady_clock::duration timeout, std::function<void()> done);

  /// Ends the connections whose grants do not hold any more (1008).
  void recheck(const std::function<bool(const Grant&)>& holds);

  const Counters& counters() const { return counters_; }
  std::size_t connections_count() const { return limits_.connections_count(); }
  bool is_draining() const { return is_draining_; }

 private:
  using Tcp = boost::asio::ip::tcp;

  boost::asio::awaitable<void> listen(Tcp::acceptor& acceptor);
  void begin(Tcp::socket socket);
  boost::asio::awaitable<void> serve(Tcp::socket socket, ConnectionLimits::Place place);
  Admission refuse_all() const;
  boost::asio::awaitable<void> let_in(Stream& stream, bool is_loopback, AccessLine& line);
  Admission judge(Entry& entry, const Entrance& entrance);
  boost::asio::awaitable<void> conclude(Stream& stream, const Admission& admission,
                                        AccessLine& line);
  boost::asio::awaitable<void> show_pages(Stream& stream, Entry& entry, Entrance& entrance,
                                          const CountAddress& count);
  Admission judge_page(const Request& request, const Entrance& entrance, Charge& charge);
  void note(const PageAnswer& answer, bool is_sent, AccessLine& line);
  boost::asio::awaitable<void> carry(Stream& stream, Request request, Admission& admission,
                                     AccessLine& line);
  void look_after_all();
  void give_memory_back();
  void abort_all();
  void tell_if_drained();

  boost::asio::io_context& context_;
  const Settings settings_;
  const VerifyToken verify_;
  const std::map<std::string, Policy, std::less<>>& policies_;
  ConnectionLimits limits_;
  Doorkeeper doorkeeper_;
  AccountHandle buffers_;
  AccountHandle places_;
  AccessLog& log_;
  Counters counters_;
  std::list<Tcp::acceptor> acceptors_;
  std::list<boost::asio::cancellation_signal> connections_;  // each ends one of them
  std::size_t connections_peak_ = 0;                         // since memory was given back
  std::list<Relay*> relays_;                                 // that carry, in no order
  std::list<Stream*> resting_;                               // between two requests for pages
  boost::asio::steady_timer tick_;
  const std::chrono::milliseconds tick_interval_;
  boost::asio::steady_timer drain_timer_;
  bool is_draining_ = false;
  bool is_drained_ = false;
  std::function<void()> drained_;
};

}  // namespace plimsoll::bridge
