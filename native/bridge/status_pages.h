#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/bridge/server.h"

// /healthz, /readyz and /metrics, on an address of their own: for whoever runs the bridge, not for
// whoever uses it. They name no upstream.

namespace plimsoll::bridge {

/// Connections that ask for these at a time; more are closed.
inline constexpr std::size_t status_connections_max = 16;

class StatusPages {
 public:
  /// All outlive this, which outlives what runs in `context`.
  StatusPages(boost::asio::io_context& context, const Server& server, const Settings& settings,
              const Budget& budget)
      : context_(context),
        server_(server),
        settings_(settings),
        budget_(budget),
        acceptor_(context) {}

  /// Throws as open() does.
  void start(const boost::asio::ip::tcp::endpoint& endpoint);
  void stop();
  boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

 private:
  using Tcp = boost::asio::ip::tcp;

  struct Page {
    unsigned status = 200;
    std::string text;
  };

  boost::asio::awaitable<void> listen();
  boost::asio::awaitable<void> serve(Tcp::socket socket);
  Page page(std::string_view target) const;
  Page readiness(bool reaches_all) const;
  boost::asio::awaitable<bool> reaches_all();

  boost::asio::io_context& context_;
  const Server& server_;
  const Settings& settings_;
  const Budget& budget_;
  Tcp::acceptor acceptor_;
  std::size_t connections_ = 0;
};

/// What /metrics says, in Prometheus's text format.
std::string metrics_text(const Counters& counters, std::size_t connections,
                         const BudgetStatistics& memory);

}  // namespace plimsoll::bridge
