#include "plimsoll/native/observe/accept.h"

#include <system_error>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "plimsoll/native/observe/listen_address.h"

namespace plimsoll::inline v0::native {

namespace asio = boost::asio;
using asio::as_tuple;
using asio::use_awaitable;
using boost::system::error_code;
using Tcp = asio::ip::tcp;

void start_listening(Tcp::acceptor& acceptor, const Tcp::endpoint& endpoint) {
  error_code problem;
  acceptor.open(endpoint.protocol(), problem);
  if (!problem) acceptor.set_option(Tcp::acceptor::reuse_address(true), problem);
  if (!problem) acceptor.bind(endpoint, problem);
  if (!problem) acceptor.listen(Tcp::acceptor::max_listen_connections, problem);
  if (!problem) return;
  const ListenAddress address{.host = endpoint.address().to_string(), .port = endpoint.port()};
  throw std::system_error(problem.value(), std::system_category(), address.to_string());
}

asio::awaitable<void> accept_all(Tcp::acceptor& acceptor,
                                 const std::function<void(Tcp::socket)>& begin) {
  const auto own_executor = [&acceptor] { return acceptor.get_executor(); };
  co_await accept_all(acceptor, own_executor, begin);
}

asio::awaitable<void> accept_all(Tcp::acceptor& acceptor,
                                 const std::function<asio::any_io_executor()>& next_executor,
                                 const std::function<void(Tcp::socket)>& begin) {
  for (;;) {
    auto [problem, socket] =
        co_await acceptor.async_accept(next_executor(), as_tuple(use_awaitable));
    if (!acceptor.is_open()) co_return;
    if (!problem) {
      begin(std::move(socket));
      continue;
    }
    asio::steady_timer pause(acceptor.get_executor(), accept_pause);
    co_await pause.async_wait(as_tuple(use_awaitable));
  }
}

}  // namespace plimsoll::inline v0::native
