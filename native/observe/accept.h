#pragma once

#include <chrono>
#include <functional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

// Listens and accepts, for the endpoints of the client and for the bridge.

namespace plimsoll::inline v0::native {

/// How long accept_all() waits before the next try if no descriptor is left for a connection.
inline constexpr std::chrono::milliseconds accept_pause{100};

/// Binds and listens. Throws std::system_error with the address and the reason.
void start_listening(boost::asio::ip::tcp::acceptor& acceptor,
                     const boost::asio::ip::tcp::endpoint& endpoint);

/// Passes every connection to `begin`, until `acceptor` is closed.
boost::asio::awaitable<void> accept_all(
    boost::asio::ip::tcp::acceptor& acceptor,
    const std::function<void(boost::asio::ip::tcp::socket)>& begin);

/// The same for connections that other threads may serve: `next_executor` says whose executor the
/// next connection gets. Both are called in the acceptor's thread.
boost::asio::awaitable<void> accept_all(
    boost::asio::ip::tcp::acceptor& acceptor,
    const std::function<boost::asio::any_io_executor()>& next_executor,
    const std::function<void(boost::asio::ip::tcp::socket)>& begin);

}  // namespace plimsoll::inline v0::native
