#include "plimsoll/tests/native/bridge/tls_client.h"

#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"

namespace plimsoll::testing {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::use_awaitable;

bridge::Stream connect(asio::io_context& context, std::uint16_t port,
                       std::string_view preface = "") {
  asio::ip::tcp::socket socket(context);
  socket.connect({asio::ip::address_v4::loopback(), port});
  asio::write(socket, asio::const_buffer(preface.data(), preface.size()));
  return bridge::Stream(std::move(socket));
}

std::unique_ptr<native::TlsContext> trust(const std::string& ca_file) {
  native::TlsOptions options;
  options.ca_file = ca_file;
  return native::TlsContext::create(options, "localhost").value();
}

asio::awaitable<void> exchange(bridge::Stream& stream, native::TlsContext& tls,
                               std::string_view bytes, std::string_view last, std::string& answer) {
  const std::string why = co_await stream.begin_tls(tls);
  if (!why.empty()) throw std::runtime_error(why);
  const asio::const_buffer request(bytes.data(), bytes.size());
  co_await asio::async_write(stream, request, use_awaitable);
  auto space = asio::dynamic_buffer(answer);
  const auto is_over = [&](const boost::system::error_code& problem, std::size_t) {
    const bool has_all = problem || (!last.empty() && answer.ends_with(last));
    return has_all ? std::size_t{0} : std::size_t{64} * 1024;
  };
  co_await asio::async_read(stream, space, is_over, asio::as_tuple(use_awaitable));
}

}  // namespace

std::string exchange_tls(std::uint16_t port, const std::string& ca_file, std::string_view bytes,
                         std::string_view preface, std::string_view last) {
  asio::io_context context;
  const auto tls = trust(ca_file);
  bridge::Stream stream = connect(context, port, preface);
  std::string answer;
  auto ended =
      asio::co_spawn(context, exchange(stream, *tls, bytes, last, answer), asio::use_future);
  context.run();
  ended.get();
  return answer;
}

TlsClient::TlsClient(std::uint16_t port, const std::string& ca_file)
    : tls_(trust(ca_file)), socket_(connect(context_, port)) {
  socket_.set_option(beast::websocket::stream_base::decorator([](auto& request) {
    request.set(beast::http::field::sec_websocket_protocol, bridge::protocol_bare);
    request.set(beast::http::field::authorization, "Bearer " + std::string(good_token));
  }));
  const std::string why = wait(open());
  if (!why.empty()) throw std::runtime_error(why);
}

asio::awaitable<std::string> TlsClient::open() {
  std::string why = co_await socket_.next_layer().begin_tls(*tls_);
  if (!why.empty()) co_return why;
  co_await socket_.async_handshake("localhost", "/", use_awaitable);
  socket_.binary(true);
  co_return why;
}

void TlsClient::send(std::string_view bytes) {
  auto sent = socket_.async_write(asio::const_buffer(bytes.data(), bytes.size()), asio::use_future);
  context_.restart();
  context_.run();
  sent.get();
}

std::string TlsClient::receive_bytes(std::size_t size) {
  std::string all;
  auto buffer = asio::dynamic_buffer(all);
  while (all.size() < size) {
    auto message = socket_.async_read(buffer, asio::use_future);
    context_.restart();
    context_.run();
    message.get();
  }
  return all;
}

}  // namespace plimsoll::testing
