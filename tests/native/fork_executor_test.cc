#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/in_child.h"
#include "plimsoll/tests/native/shared_server.h"

// A process that forks with clients in it. A child tells by its exit status.

namespace plimsoll::testing::fork_executor_test {
namespace {

namespace asio = boost::asio;
using asio::use_future;
using native::Client;

TEST_CASE("a child that runs an inherited executor sends and reads nothing of the parent's") {
  asio::io_context context;
  Client client = finish(context, native::connect(context.get_executor(), unix_url(),
                                                  patient_options(), use_future))
                      .value();
  finish(context, client.set("n", "0", use_future)).value();
  auto call = client.incr("n", use_future);  // its turn waits in the context
  context.notify_fork(asio::execution_context::fork_prepare);
  CHECK(in_child([&] {
    context.notify_fork(asio::execution_context::fork_child);
    context.restart();
    context.run_for(std::chrono::milliseconds(100));
    return true;
  }));
  context.notify_fork(asio::execution_context::fork_parent);
  CHECK(finish(context, std::move(call)).value() == 1);
}

TEST_CASE("a child that destroys an inherited executor leaves the parent's client alone") {
  const auto kept = std::make_shared<int>();
  std::optional<asio::io_context> context(std::in_place);
  Client client = finish(*context, native::connect(context->get_executor(), unix_url(),
                                                   patient_options(), use_future))
                      .value();
  client.blpop({"fork_executor:none"}, std::chrono::seconds(0), [kept](const auto&) {});
  context->notify_fork(asio::execution_context::fork_prepare);
  CHECK(in_child([&] {
    context->notify_fork(asio::execution_context::fork_child);
    context.reset();
    return kept.use_count() == 2;
  }));
  context->notify_fork(asio::execution_context::fork_parent);
  finish(*context, client.set("n", "0", use_future)).value();
}

}  // namespace
}  // namespace plimsoll::testing::fork_executor_test
