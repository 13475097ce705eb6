#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/driver.h"

// Inside the driver only: what it needs of Asio, and of the clock.

namespace plimsoll::native {

struct Driver::Io {
  explicit Io(const boost::asio::any_io_executor& executor)
      : socket(executor), resolver(executor), timer(executor) {}

  using Socket = boost::asio::generic::stream_protocol::socket;

  Socket socket;
  // Of the attempt under way. Each has its own: an attempt that was given up may still have a step
  // to go, which would take the socket of the next one for its own.
  std::shared_ptr<Socket> connecting;
  boost::asio::ip::tcp::resolver resolver;
  boost::asio::steady_timer timer;
};

inline Instant now() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

/// The driver whose turn this thread is in, if any.
Driver*& turn_of_this_thread();

}  // namespace plimsoll::native
