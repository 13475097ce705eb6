#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

// Pages of plain text over HTTP, for whoever runs a program: metrics, health. One exchange a
// connection, GET and HEAD. What it serves is made when it is asked for; how much of that there is
// at a time, and for how long, is bounded by PageServerLimits.

namespace plimsoll::native {

/// Of a request: its line and its fields. More is a bad request.
inline constexpr std::size_t page_header_bytes_max = 8192;

struct PageServerLimits {
  std::size_t connections_max = 16;                    ///< at a time; more are closed
  std::chrono::milliseconds exchange_timeout{10'000};  ///< for a request and its answer
};

struct TextPage {
  unsigned status = 200;
  std::string text;
};

class PageServer : public std::enable_shared_from_this<PageServer> {
 public:
  /// `target`: of the request, "/metrics?x=y"; it outlives what is awaited.
  using Find = std::function<boost::asio::awaitable<TextPage>(const std::string& target)>;

  /// Counts connections that were closed for being too many; null: nobody counts.
  using Refused = std::shared_ptr<std::atomic<std::uint64_t>>;

  /// One thread at a time may run `executor`; `find` is called there.
  PageServer(boost::asio::any_io_executor executor, const PageServerLimits& limits, Find find,
             Refused refused = nullptr)
      : executor_(std::move(executor)),
        limits_(limits),
        find_(std::move(find)),
        refused_(std::move(refused)),
        acceptor_(executor_) {}

  /// Throws as start_listening() does.
  void start(const boost::asio::ip::tcp::endpoint& endpoint);

  /// Takes no more connections. Exchanges under way go on, and keep this alive; they end in time.
  void stop();

  /// Where it listens: port 0 has become one that was free.
  boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  /// The descriptor that listens.
  int native_handle() { return acceptor_.native_handle(); }

 private:
  using Tcp = boost::asio::ip::tcp;

  boost::asio::awaitable<void> listen();
  boost::asio::awaitable<void> serve(Tcp::socket socket);

  const boost::asio::any_io_executor executor_;
  const PageServerLimits limits_;
  const Find find_;
  const Refused refused_;
  Tcp::acceptor acceptor_;
  std::size_t connections_ = 0;
};

}  // namespace plimsoll::native
