#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

// Serves pages of plain text over HTTP to operators: metrics, health. Each connection carries one
// GET or HEAD. A page is made when it is requested; PageServerLimits bounds how many exchanges run
// at a time, and how long each may take.

namespace plimsoll::inline v0::native {

/// The largest request: its line and its fields. A longer one is a bad request.
inline constexpr std::size_t page_header_bytes_max = 8192;

struct PageServerLimits {
  std::size_t connections_max = 16;                    ///< at a time; others are closed
  std::chrono::milliseconds exchange_timeout{10'000};  ///< for a request and its answer
};

struct TextPage {
  unsigned status = 200;
  std::string text;
};

class PageServer : public std::enable_shared_from_this<PageServer> {
 public:
  /// Makes the page for `target`, the request's target such as "/metrics?x=y", which outlives the
  /// coroutine.
  using Find = std::function<boost::asio::awaitable<TextPage>(const std::string& target)>;

  /// Counts the connections that were closed because there were too many; null: not counted.
  using Refused = std::shared_ptr<std::atomic<std::uint64_t>>;

  using Request = boost::beast::http::request<boost::beast::http::empty_body>;

  /// Returns the answer to a request for which no page may be made, or nothing if it may. `here` is
  /// this end of the connection. Null: any GET or HEAD gets its page.
  using Refuse = std::function<std::optional<TextPage>(const Request& request,
                                                       const boost::asio::ip::address& here)>;

  /// Only one thread at a time may run `executor`. `find` and `refuse` are called there.
  PageServer(boost::asio::any_io_executor executor, const PageServerLimits& limits, Find find,
             Refused refused = nullptr, Refuse refuse = nullptr)
      : executor_(std::move(executor)),
        limits_(limits),
        find_(std::move(find)),
        refused_(std::move(refused)),
        refuse_(std::move(refuse)),
        acceptor_(executor_) {}

  /// Throws what start_listening() throws.
  void start(const boost::asio::ip::tcp::endpoint& endpoint);

  /// Accepts no more connections. Exchanges under way keep this object alive until they end, which
  /// takes at most exchange_timeout.
  void stop();

  /// Accepts no more connections, and ends the exchanges under way: a peer that sends no request,
  /// or does not read its answer, holds up nothing.
  void abort();

  /// The address it listens on, with the actual port in place of port 0.
  boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  /// The listening descriptor.
  int native_handle() { return acceptor_.native_handle(); }

 private:
  using Tcp = boost::asio::ip::tcp;

  boost::asio::awaitable<void> listen();
  void begin(Tcp::socket socket);
  boost::asio::awaitable<void> serve(Tcp::socket socket);
  boost::asio::awaitable<TextPage> page_for(const Request& request,
                                            const boost::asio::ip::address& here);

  const boost::asio::any_io_executor executor_;
  const PageServerLimits limits_;
  const Find find_;
  const Refused refused_;
  const Refuse refuse_;
  Tcp::acceptor acceptor_;
  std::list<boost::asio::cancellation_signal> connections_;  // one each, to abort it
};

}  // namespace plimsoll::inline v0::native
