// Orders of the page's server: lines of standard input. Its end is an order, too: to end.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "plimsoll/demo/cluster/orders.h"

namespace plimsoll::demo {

class OrderReader {
 public:
  /// The orders must outlive this, and this must outlive what `io` runs.
  /// `refuse` gets the orders for which there is no room.
  OrderReader(boost::asio::io_context& io, Orders& orders,
              std::function<void(const std::string& order)> refuse);

  void start();

 private:
  Orders& orders_;
  const std::function<void(const std::string&)> refuse_;
  boost::asio::posix::stream_descriptor in_;
  std::string text_;
};

}  // namespace plimsoll::demo
