#include <atomic>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/in_child.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/native/synchronous.h"

// A process that forks with clients in it whose calls block.

namespace plimsoll::testing::fork_sync_test {
namespace {

using native::SyncClient;

TEST_CASE("a child's blocking calls on an inherited client fail as forked, the parent's go on") {
  SyncClient client = sync_connected(unix_url());
  auto sub = client.subscribe({"fork:news"}).value();
  CHECK(client.set("fork:sync", "v"));
  CHECK(in_child([&] {
    auto tx = client.transaction();
    return client.get("fork:sync").error().code() == ErrorCode::forked &&
           client.close().error().code() == ErrorCode::forked &&
           sub.next().error().code() == ErrorCode::forked &&
           tx.exec().error().code() == ErrorCode::forked;
  }));
  CHECK(client.get("fork:sync").value() == "v");
}

TEST_CASE("a child has blocking clients of its own, while other threads of the parent call") {
  SyncClient client = sync_connected(unix_url());
  std::atomic<bool> stops{false};
  std::thread other([&] {
    while (!stops) client.ping().value();
  });
  for (int i = 0; i < 10; ++i) {
    CHECK(in_child([&] {
      client = sync_connected(unix_url());
      return client.ping().value() == "PONG";
    }));
  }
  stops = true;
  other.join();
  CHECK(client.ping().value() == "PONG");
}

}  // namespace
}  // namespace plimsoll::testing::fork_sync_test
