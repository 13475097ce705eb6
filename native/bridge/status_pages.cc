#include "plimsoll/native/bridge/status_pages.h"

#include <functional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "plimsoll/native/bridge/accept.h"

namespace plimsoll::bridge {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::as_tuple;
using asio::use_awaitable;
using asio::experimental::awaitable_operators::operator||;
using boost::system::error_code;

// A request and its answer.
constexpr std::chrono::seconds exchange_timeout{10};

}  // namespace

void StatusPages::start(const Tcp::endpoint& endpoint) {
  open(acceptor_, endpoint);
  asio::co_spawn(context_, listen(), asio::detached);
}

void StatusPages::stop() {
  error_code ignored;
  acceptor_.close(ignored);
}

asio::awaitable<void> StatusPages::listen() {
  const std::function<void(Tcp::socket)> begin = [this](Tcp::socket socket) {
    if (connections_ == status_connections_max) return;
    ++connections_;
    asio::co_spawn(context_, serve(std::move(socket)),
                   [this](std::exception_ptr) { --connections_; });
  };
  co_await accept_all(acceptor_, begin);
}

asio::awaitable<void> StatusPages::serve(Tcp::socket socket) {
  const auto exchange = [&]() -> asio::awaitable<void> {
    boost::beast::flat_static_buffer<header_bytes_max> buffer;
    http::request_parser<http::empty_body> parser;
    parser.header_limit(header_bytes_max);
    const auto [problem, size] =
        co_await http::async_read_header(socket, buffer, parser, as_tuple(use_awaitable));
    if (problem) co_return;
    const std::string target(parser.get().target());
    Page found = page(target);
    if (target == "/readyz") {
      const bool all = co_await reaches_all();
      found = readiness(all);
    }
    http::response<http::string_body> response(static_cast<http::status>(found.status), 11);
    response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    response.set(http::field::connection, "close");
    response.body() = std::move(found.text);
    response.prepare_payload();
    co_await http::async_write(socket, response, as_tuple(use_awaitable));
  };
  asio::steady_timer timer(context_, exchange_timeout);
  co_await (exchange() || timer.async_wait(as_tuple(use_awaitable)));
}

StatusPages::Page StatusPages::page(std::string_view target) const {
  if (target == "/healthz") return {.status = 200, .text = "ok\n"};
  if (target == "/metrics") {
    return {.status = 200,
            .text = metrics_text(server_.counters(), server_.connections_count(),
                                 budget_.statistics())};
  }
  return {.status = 404, .text = "no such page\n"};
}

StatusPages::Page StatusPages::readiness(bool reaches_all) const {
  if (server_.is_draining()) return {.status = 503, .text = "draining\n"};
  if (!reaches_all) return {.status = 503, .text = "a server is out of reach\n"};
  return {.status = 200, .text = "ready\n"};
}

// A server that asks for a login, or lets nobody PING without one, is there, too.
asio::awaitable<bool> StatusPages::reaches_all() {
  const Profile nobody;
  for (const auto& [name, target] : settings_.rules.upstreams) {
    const auto dialled = co_await dial(target, nobody, settings_.connect_timeout);
    const auto* const problem = std::get_if<DialProblem>(&dialled);
    if (problem == nullptr) continue;
    if (problem->what.starts_with("-NOAUTH") || problem->what.starts_with("-NOPERM")) continue;
    co_return false;
  }
  co_return true;
}

}  // namespace plimsoll::bridge
