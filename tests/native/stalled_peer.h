#pragma once

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/support/fault_proxy.h"
#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing {

/// What must hold of `client`, which is connected through `proxy` and knows no tcp_user_timeout:
/// its peer reads nothing until all buffers are full, then goes on, and all is in step.
inline void check_stall(FaultProxy& proxy, native::Client& client) {
  using boost::asio::use_future;
  proxy.stall();
  const std::string megabyte(1 << 20, 'x');
  std::vector<std::future<native::Result<void>>> calls;
  native::Client hasty = client.with_timeout(test_timeout(std::chrono::milliseconds(300)));
  for (int i = 0; i < 12; ++i) calls.push_back(hasty.set("large", megabyte, use_future));
  int unsent = 0;
  for (auto& call : calls) {
    const native::Error error = error_of(std::move(call));
    CHECK(error.code() == ErrorCode::timed_out);
    if (error.executed() == Executed::no) ++unsent;
  }
  CHECK(unsent > 0);
  auto behind = client.incr("behind", use_future);
  proxy.heal();
  CHECK(value_of(std::move(behind)) == 1);
  CHECK(value_of(client.del({"behind", "large"}, use_future)) == 2);
  CHECK(client.statistics().client.counters.connections == 1);
}

}  // namespace plimsoll::testing
