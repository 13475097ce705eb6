#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

// The other end of a connection whose near end is code that is tried: a pair of sockets, without a
// wait. For those who run an io_context by poll().

namespace plimsoll::testing {

class FarEnd {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  /// The near end is near_end()'s, to be taken once.
  explicit FarEnd(boost::asio::io_context& context);
  ~FarEnd();
  FarEnd(const FarEnd&) = delete;
  FarEnd& operator=(const FarEnd&) = delete;

  Socket near_end() { return std::move(near_end_); }

  /// How many of the bytes there was room for; none where nobody listens.
  std::size_t send(std::string_view bytes);

  /// All that is there; whether it was anything.
  bool receive(std::string& bytes);

  /// Nothing more will be sent.
  void finish();
  void close();

 private:
  Socket near_end_;
  int descriptor_ = -1;
};

}  // namespace plimsoll::testing
