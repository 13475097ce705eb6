#pragma once

#include <string>
#include <string_view>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "plimsoll/native/bridge/stream/stream.h"
#include "plimsoll/native/transport/tls_context.h"

namespace plimsoll::testing {

/// A WebSocket over TLS to a bridge on this machine.
class TlsClient {
 public:
  /// Trusts what `ca_file` has signed for localhost. Throws std::runtime_error: no TLS, with why;
  /// else what Beast throws.
  TlsClient(std::uint16_t port, const std::string& ca_file);

  void send(std::string_view bytes);
  std::string receive_bytes(std::size_t size);

 private:
  using WebSocket = boost::beast::websocket::stream<bridge::Stream, false>;

  template <class T>
  T wait(boost::asio::awaitable<T> task) {
    auto outcome = boost::asio::co_spawn(context_, std::move(task), boost::asio::use_future);
    context_.restart();
    context_.run();
    return outcome.get();
  }
  boost::asio::awaitable<std::string> open();

  boost::asio::io_context context_;
  std::unique_ptr<native::TlsContext> tls_;
  WebSocket socket_;
};

/// What comes back for these bytes, over TLS, until the peer ends the connection, or until it ends
/// with `last`. `preface` is sent before TLS.
std::string exchange_tls(std::uint16_t port, const std::string& ca_file, std::string_view bytes,
                         std::string_view preface = "", std::string_view last = "");

}  // namespace plimsoll::testing
