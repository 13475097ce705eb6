#include "plimsoll/bench/pipeline/our_connection.h"

#include <chrono>
#include <utility>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

native::Options options_for(Pace pace) {
  native::Options options;
  // One GET more than the largest window, which sets a run off.
  options.inflight_requests_limit = 1001;
  if (pace == Pace::slow) {
    options.request_timeout = std::chrono::minutes(1);
    options.connect_timeout = std::chrono::minutes(1);
  }
  return options;
}

}  // namespace

native::Client connect_ours(const Endpoint& endpoint, Pace pace) {
  const auto url = "valkey://" + endpoint.host + ":" + std::to_string(endpoint.port);
  auto client = native::connect(url, options_for(pace), boost::asio::use_future).get();
  if (!client) fail("plimsoll", client.error().what());
  return std::move(*client);
}

}  // namespace plimsoll::bench
