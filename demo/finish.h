// Waiting for one call: for the few that nothing goes on beside.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "plimsoll/client.h"

namespace plimsoll::demo {

/// Starts a call, start(callback), and runs `io` until it is done. Throws native::Error.
template <class T, class Start>
T finish(boost::asio::io_context& io, Start start) {
  std::optional<native::Result<T>> result;
  start([&result](native::Result<T> outcome) { result.emplace(std::move(outcome)); });
  while (!result) io.run_one();
  return std::move(*result).value();
}

inline native::Client connected(boost::asio::io_context& io, const std::string& url,
                                native::Options options) {
  return finish<native::Client>(io, [&](auto done) {
    native::connect(io.get_executor(), url, std::move(options), std::move(done));
  });
}

}  // namespace plimsoll::demo
