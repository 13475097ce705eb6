#include "plimsoll/bench/memory/clients.h"

#include <thread>
#include <utility>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/program.h"

namespace plimsoll::bench {

native::Options patient_options() {
  native::Options options;
  options.request_timeout = std::chrono::minutes(2);
  options.connect_timeout = std::chrono::minutes(1);
  return options;
}

native::Client connect_to(const std::string& url, const native::Options& options) {
  auto client = native::connect(url, options, boost::asio::use_future).get();
  if (!client) fail("plimsoll", client.error().what());
  return std::move(*client);
}

namespace detail {

bool pause_before(std::chrono::steady_clock::time_point end) {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return std::chrono::steady_clock::now() < end;
}

void fail_waiting(const char* what) { fail("waited in vain for", what); }

}  // namespace detail

}  // namespace plimsoll::bench
