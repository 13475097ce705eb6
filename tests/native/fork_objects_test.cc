#include <optional>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/exclusive.h"
#include "plimsoll/scan.h"
#include "plimsoll/script.h"
#include "plimsoll/stream_reader.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/in_child.h"
#include "plimsoll/tests/native/shared_server.h"

// A process that forks with transactions, subscriptions and the like in it. A child tells by its
// exit status.

namespace plimsoll::testing::fork_objects_test {
namespace {

namespace asio = boost::asio;
using asio::use_future;
using native::Client;

template <class T>
bool is_forked(std::future<native::Result<T>> call) {
  const native::Error error = error_of(std::move(call));
  return error.code() == ErrorCode::forked && error.executed() == Executed::no;
}

TEST_CASE("what a child inherited beside the client fails as forked, and may be destroyed there") {
  std::optional<Client> client = connected(unix_url());
  auto tx = client->transaction();
  tx.incr("n");
  std::optional<native::Exclusive> own = finish(client->exclusive());
  std::optional<native::Subscription> sub = finish(client->subscribe({"news"}));
  std::optional<native::KeyScan> scan(*client);
  native::StreamReaderOptions options;
  options.group = options.consumer = "one";
  options.streams = {"s"};
  std::optional<native::StreamReader> reader(std::in_place, *client, options);
  const native::Script script("return 1");
  CHECK(in_child([&] {
    const bool all =
        is_forked(tx.exec(use_future)) && is_forked(own->ping(use_future)) &&
        is_forked(sub->next(use_future)) && is_forked(sub->next_some(5, use_future)) &&
        is_forked(sub->subscribe({"more"}, use_future)) && is_forked(scan->next(use_future)) &&
        is_forked(reader->next(use_future)) && is_forked(script.run(*own, {}, {}, use_future)) &&
        is_forked(client->exclusive(use_future)) &&
        is_forked(client->subscribe({"a"}, use_future)) && sub->statistics().received == 0;
    sub->close();
    client.reset();
    own.reset();
    sub.reset();
    scan.reset();
    reader.reset();
    tx = {};
    return all;
  }));
  CHECK(finish(own->ping()) == "PONG");
  CHECK(finish(client->publish("news", "still here")) == 1);
  CHECK(finish(sub->next())->payload == "still here");
  CHECK(finish(scan->next()).has_value());
}

}  // namespace
}  // namespace plimsoll::testing::fork_objects_test
