#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/bridge/servers.h"
#include "plimsoll/native/observe/page_server.h"

// /healthz, /readyz and /metrics, on an address of their own: for operators, not for clients. They
// tell the names of profiles and upstreams, and why a server cannot be reached.

namespace plimsoll::bridge {

/// Connections to the status pages at a time; others are closed, and counted.
inline constexpr std::size_t status_connections_max = 16;

class StatusPages {
 public:
  /// All references must outlive this object, and it must outlive what runs in the first thread.
  /// All runs in the first thread of `servers`.
  StatusPages(Servers& servers, const Settings& settings, const Budget& budget);

  /// Throws what start_listening() throws.
  void start(const boost::asio::ip::tcp::endpoint& endpoint);

  /// Ends it, and all connections at once: those who ask here must not hold up the bridge's end.
  void stop() { pages_->abort(); }

  boost::asio::ip::tcp::endpoint endpoint() const { return pages_->endpoint(); }

  /// The text of /metrics, in Prometheus's text format. `done`: of now.
  std::string metrics(const Servers::Done& done) const;

 private:
  using Request = native::PageServer::Request;

  std::optional<native::TextPage> refuse(const Request& request,
                                         const boost::asio::ip::address& here) const;
  boost::asio::awaitable<native::TextPage> find(const std::string& target);
  boost::asio::awaitable<native::TextPage> readiness();
  boost::asio::awaitable<std::string> problem_of(const Target& target);
  boost::asio::awaitable<std::string> problem_of_all(const Target& target);
  boost::asio::awaitable<std::string> line_of(const std::string& name, const Target& target);
  boost::asio::awaitable<std::string> problems();

  boost::asio::io_context& context_;
  Servers& servers_;
  const Settings& settings_;
  const Budget& budget_;
  bool checks_host_ = true;
  const std::shared_ptr<std::atomic<std::uint64_t>> refused_;
  const std::shared_ptr<native::PageServer> pages_;
};

}  // namespace plimsoll::bridge
