#include <string>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/in_child.h"
#include "plimsoll/tests/native/shared_server.h"

// A process that forks with clients in it. A child tells by its exit status.

namespace plimsoll::testing::fork_test {
namespace {

namespace asio = boost::asio;
using asio::use_future;
using native::Client;

TEST_CASE("a child's calls on an inherited client fail as forked, the parent's go on") {
  Client client = connected(unix_url());
  value_of(client.set("k", "v", use_future));
  CHECK(in_child([&] {
    const native::Error get = error_of(client.get("k", use_future));
    const native::Error close = error_of(client.close(use_future));
    return get.code() == ErrorCode::forked && get.executed() == Executed::no &&
           close.code() == ErrorCode::forked;
  }));
  CHECK(value_of(client.get("k", use_future)) == "v");
}

TEST_CASE("a child that destroys an inherited client leaves the parent's connection alone") {
  Client client = connected(unix_url());
  CHECK(in_child([&] {
    {
      const Client gone = std::move(client);
    }
    return true;
  }));
  CHECK(value_of(client.ping(use_future)) == "PONG");
}

TEST_CASE("a child has clients of its own") {
  Client client = connected(unix_url());
  CHECK(in_child([&] {
    client = connected(unix_url());
    return value_of(client.ping(use_future)) == "PONG";
  }));
  CHECK(value_of(client.ping(use_future)) == "PONG");
}

}  // namespace
}  // namespace plimsoll::testing::fork_test
