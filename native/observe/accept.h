#pragma once

#include <chrono>
#include <functional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

// Listening, for whoever has something to do with connections.

namespace plimsoll::native {

/// Where there is no descriptor left for a connection, the next try waits.
inline constexpr std::chrono::milliseconds accept_pause{100};

/// Binds and listens. Throws std::system_error, with the address and why not.
void start_listening(boost::asio::ip::tcp::acceptor& acceptor,
                     const boost::asio::ip::tcp::endpoint& endpoint);

/// Gives every connection to `begin`, until `acceptor` is closed.
boost::asio::awaitable<void> accept_all(
    boost::asio::ip::tcp::acceptor& acceptor,
    const std::function<void(boost::asio::ip::tcp::socket)>& begin);

}  // namespace plimsoll::native
