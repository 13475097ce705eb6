#include "plimsoll/demo/cluster/order_reader.h"

#include <unistd.h>

#include <cstddef>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>

namespace plimsoll::demo {
namespace {

constexpr std::size_t order_bytes_max = 100;

}  // namespace

OrderReader::OrderReader(boost::asio::io_context& io, Orders& orders,
                         std::function<void(const std::string& order)> refuse)
    : orders_(orders), refuse_(std::move(refuse)), in_(io, ::dup(STDIN_FILENO)) {}

void OrderReader::start() {
  boost::asio::async_read_until(in_, boost::asio::dynamic_buffer(text_, order_bytes_max), '\n',
                                [this](const boost::system::error_code& problem, std::size_t size) {
                                  if (problem) return orders_.interrupt();
                                  const std::string order = text_.substr(0, size - 1);
                                  text_.erase(0, size);
                                  if (!orders_.push(order)) refuse_(order);
                                  start();
                                });
}

}  // namespace plimsoll::demo
