#include "plimsoll/native/observe/page_server.h"

#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
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

asio::awaitable<void> PageServer::listen() {
  const std::function<void(Tcp::socket)> begin = [this](Tcp::socket socket) {
    if (connections_ == limits_.connections_max) {
      if (refused_) refused_->fetch_add(1, std::memory_order_relaxed);
      return;
    }
    ++connections_;
    asio::co_spawn(executor_, serve(std::move(socket)),
                   [self = shared_from_this()](std::exception_ptr) { --self->connections_; });
  };
  co_await accept_all(acceptor_, begin);
}

asio::awaitable<void> PageServer::serve(Tcp::socket socket) {
  const auto exchange = [&]() -> asio::awaitable<void> {
    boost::beast::flat_static_buffer<page_header_bytes_max> buffer;
    http::request_parser<http::empty_body> parser;
    parser.header_limit(page_header_bytes_max);
    const auto [problem, size] =
        co_await http::async_read_header(socket, buffer, parser, as_tuple(use_awaitable));
    if (problem) co_return;
    const http::verb method = parser.get().method();
    TextPage page;
    if (method == http::verb::get || method == http::verb::head) {
      const std::string target(parser.get().target());
      page = co_await find_(target);
    } else {
      page.status = 405;
      page.text = "only GET and HEAD\n";
    }
    co_await answer(socket, page, method);
  };
  asio::steady_timer timer(executor_, limits_.exchange_timeout);
  co_await (exchange() || timer.async_wait(as_tuple(use_awaitable)));
}

}  // namespace plimsoll::inline v0::native
