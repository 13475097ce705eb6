#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/bridge/server.h"
#include "plimsoll/native/observe/page_server.h"

// /healthz, /readyz and /metrics, on an address of their own: for operators, not for clients. They
// reveal no upstream's name.

namespace plimsoll::bridge {

class StatusPages {
 public:
  /// All references must outlive this object, and it must outlive what runs in `context`.
  StatusPages(boost::asio::io_context& context, const Server& server, const Settings& settings,
              const Budget& budget);

  /// Throws what start_listening() throws.
  void start(const boost::asio::ip::tcp::endpoint& endpoint) { pages_->start(endpoint); }
  void stop() { pages_->stop(); }
  boost::asio::ip::tcp::endpoint endpoint() const { return pages_->endpoint(); }

 private:
  native::TextPage page(std::string_view target) const;
  native::TextPage readiness(bool reaches_all) const;
  boost::asio::awaitable<native::TextPage> find(const std::string& target);
  boost::asio::awaitable<bool> reaches_all();

  const Server& server_;
  const Settings& settings_;
  const Budget& budget_;
  const std::shared_ptr<native::PageServer> pages_;
};

/// The text of /metrics, in Prometheus's text format.
std::string metrics_text(const Counters& counters, std::size_t connections,
                         const BudgetStatistics& memory);

}  // namespace plimsoll::bridge
