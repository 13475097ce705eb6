#pragma once

#include <chrono>
#include <future>
#include <stdexcept>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/tests/native/patience.h"

// Runs what is asynchronous to its end from a test case. What does not end is a failed test, not a
// hung one.

namespace plimsoll::testing {

/// The value of `future`, or what it throws.
template <class T>
T finish(std::future<T> future) {
  if (future.wait_for(patience()) != std::future_status::ready) {
    throw std::runtime_error("a call did not end");
  }
  return future.get();
}

/// Runs `context` until `future` is ready; then as above.
template <class T>
T finish(boost::asio::io_context& context, std::future<T> future) {
  const auto deadline = std::chrono::steady_clock::now() + patience();
  context.restart();
  while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    // Zero handlers: time is over, or there is no work that could still make it ready.
    if (context.run_one_until(deadline) == 0) throw std::runtime_error("a call did not end");
  }
  return future.get();
}

/// Runs a coroutine on a context of its own, and all that it leaves behind there.
///
/// No co_await inside of CHECK(): that names its argument twice, and gcc 12 would run it twice.
template <class T>
T run(boost::asio::awaitable<T> coroutine) {
  boost::asio::io_context context;
  auto future = boost::asio::co_spawn(context, std::move(coroutine), boost::asio::use_future);
  context.run_for(patience());
  return finish(context, std::move(future));
}

}  // namespace plimsoll::testing
