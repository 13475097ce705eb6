#include "plimsoll/native/observe/page_server.h"

#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "plimsoll/native/observe/accept.h"

namespace plimsoll::inline v0::native {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::as_tuple;
using asio::use_awaitable;
using asio::experimental::awaitable_operators::operator||;
using boost::system::error_code;

// The content type that Prometheus asks for, and that browsers show as plain text.
constexpr std::string_view text_type = "text/plain; version=0.0.4; charset=utf-8";

asio::awaitable<void> answer(asio::ip::tcp::socket& socket, TextPage& page, http::verb method) {
  http::response<http::string_body> response(static_cast<http::status>(page.status), 11);
  response.set(http::field::content_type, text_type);
  response.set(http::field::connection, "close");
  if (response.result() == http::status::method_not_allowed) {
    response.set(http::field::allow, "GET, HEAD");
  }
  response.body() = std::move(page.text);
  response.prepare_payload();
  // HEAD: the length that a GET would return, without the text.
  if (method == http::verb::head) response.body().clear();
  co_await http::async_write(socket, response, as_tuple(use_awaitable));
}

}  // namespace

void PageServer::start(const Tcp::endpoint& endpoint) {
  start_listening(acceptor_, endpoint);
  asio::co_spawn(executor_, listen(), [self = shared_from_this()](std::exception_ptr) {});
}

void PageServer::stop() {
  error_code ignored;
  acceptor_.close(ignored);
}

void PageServer::abort() {
  stop();
  for (asio::cancellation_signal& each : connections_) each.emit(asio::cancellation_type::all);
}

asio::awaitable<void> PageServer::listen() {
  const std::function<void(Tcp::socket)> take = [this](Tcp::socket socket) {
    begin(std::move(socket));
  };
  co_await accept_all(acceptor_, take);
}

void PageServer::begin(Tcp::socket socket) {
  if (connections_.size() >= limits_.connections_max) {
    if (refused_) refused_->fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto connection = connections_.emplace(connections_.end());
  // Posted, because an exchange may end within abort(), which iterates over connections_.
  const auto end = [self = shared_from_this(), connection](std::exception_ptr) {
    asio::post(self->executor_, [self, connection] { self->connections_.erase(connection); });
  };
  asio::co_spawn(executor_, serve(std::move(socket)),
                 asio::bind_cancellation_slot(connection->slot(), end));
}

asio::awaitable<TextPage> PageServer::page_for(const Request& request,
                                               const asio::ip::address& here) {
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    co_return TextPage{.status = 405, .text = "only GET and HEAD\n"};
  }
  if (refuse_) {
    if (auto refusal = refuse_(request, here)) co_return std::move(*refusal);
  }
  const std::string target(request.target());
  co_return co_await find_(target);
}

asio::awaitable<void> PageServer::serve(Tcp::socket socket) {
  const auto exchange = [&]() -> asio::awaitable<void> {
    boost::beast::flat_static_buffer<page_header_bytes_max> buffer;
    http::request_parser<http::empty_body> parser;
    parser.header_limit(page_header_bytes_max);
    const auto [problem, size] =
        co_await http::async_read_header(socket, buffer, parser, as_tuple(use_awaitable));
    if (problem) co_return;
    error_code gone;
    const asio::ip::address here = socket.local_endpoint(gone).address();
    if (gone) co_return;
    TextPage page = co_await page_for(parser.get(), here);
    co_await answer(socket, page, parser.get().method());
  };
  asio::steady_timer timer(executor_, limits_.exchange_timeout);
  co_await (exchange() || timer.async_wait(as_tuple(use_awaitable)));
}

}  // namespace plimsoll::inline v0::native
