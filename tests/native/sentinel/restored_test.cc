#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/sentinel/world.h"
#include "plimsoll/tests/support/sentinels.h"
#include "plimsoll/transaction.h"

// What a failover of real sentinels does to subscriptions, commands that block, exclusive
// connections and cached reads.

namespace plimsoll::testing::native_sentinel_restored_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::ConnectionEvent;
using namespace std::chrono_literals;

// BLPOP without a limit of its own.
constexpr auto for_ever = Duration::zero();

SentinelGroup& group() {
  static SentinelGroup all;
  return all;
}

std::shared_ptr<native::ClientSideCache> make_cache() {
  native::ClientSideCacheOptions options;
  options.max_cache_kb = 64;
  return native::ClientSideCache::create(options).value();
}

// What the cache has at the moment at which the client says that it has left its server. May go
// before the client does.
class AtTheLoss {
 public:
  explicit AtTheLoss(native::Options& options) {
    options.on_connection = [all = all_](const ConnectionEvent& event) {
      const std::lock_guard lock(all->mutex);
      if (event.kind == ConnectionEvent::Kind::connected) ++all->connected_count;
      if (event.kind != ConnectionEvent::Kind::disconnected || all->client == nullptr) return;
      ++all->losses_count;
      all->found = all->client->cached<std::string>("GET", "ship");
    };
  }
  ~AtTheLoss() { watch(nullptr); }
  AtTheLoss(const AtTheLoss&) = delete;
  AtTheLoss& operator=(const AtTheLoss&) = delete;

  void watch(const Client* client) {
    const std::lock_guard lock(all_->mutex);
    all_->client = client;
  }
  int connected_count() const {
    const std::lock_guard lock(all_->mutex);
    return all_->connected_count;
  }
  int losses_count() const {
    const std::lock_guard lock(all_->mutex);
    return all_->losses_count;
  }
  std::optional<std::string> found() const {
    const std::lock_guard lock(all_->mutex);
    return all_->found;
  }

 private:
  struct All {
    std::mutex mutex;
    const Client* client = nullptr;
    int connected_count = 0;
    int losses_count = 0;
    std::optional<std::string> found;
  };
  const std::shared_ptr<All> all_ = std::make_shared<All>();
};

TEST_CASE("over a failover, each thing that a client holds ends or is restored") {
  const Loss loss = GENERATE(Loss::planned, Loss::killed, Loss::frozen);
  INFO(name(loss));
  group().settle();
  const std::size_t old = group().primary();
  group().ask(old, "FLUSHALL");
  group().ask(old, "SET ship old");

  native::Options options = sentinel_options();
  options.client_side_cache = make_cache();
  Client client;
  AtTheLoss at_the_loss(options);  // goes before the client
  client = connected(group().url(), options);
  at_the_loss.watch(&client);

  // Before BLPOP, which may write: a cache stores nothing of the keys that share its key's cell.
  CHECK(eventually([&] {
    return value_of(client.get("ship", use_future)) == "old" &&
           client.cached<std::string>("GET", "ship") == "old";
  }));
  auto subscription = value_of(client.subscribe({"news"}, use_future));
  group().ask(old, "PUBLISH news one");
  CHECK(value_of(subscription.next(use_future))->payload == "one");
  native::Exclusive own = value_of(client.exclusive(use_future));
  finish(own.watch({"ship"}));
  auto blocked = client.blpop({"list"}, for_ever, use_future);
  REQUIRE(eventually([&] {
    return group().ask(old, "INFO clients").find("blocked_clients:1") != std::string::npos;
  }));

  const auto begin = SentinelClock::now();
  lose(group(), old, loss);
  const auto announced = group().first_switch(begin);
  const std::size_t now =
      group().index_of("127.0.0.1:" + announced.payload.substr(announced.payload.rfind(' ') + 1));
  REQUIRE(eventually([&] { return at_the_loss.connected_count() == 2; }));
  CHECK(at_the_loss.losses_count() == 1);
  CHECK(at_the_loss.found() == std::nullopt);
  CHECK(client.statistics().server == group().address(now));

  // The old one takes what others write there; nobody reads it.
  if (loss == Loss::frozen) group().server(old).resume();
  if (loss != Loss::killed) group().ask(old, "SET ship stale");
  group().ask(now, "SET ship new");
  CHECK(eventually([&] {
    const auto read = value_of(client.get("ship", use_future));
    CHECK((read == "old" || read == "new"));  // "old" is what the replica had until just now
    return read == "new" && client.cached<std::string>("GET", "ship") == "new";
  }));

  const native::Error end = error_of(std::move(blocked));
  CHECK(end.code() == ErrorCode::lost_in_doubt);
  if (loss == Loss::planned) {
    INFO(
        "it ended with the announcement, not when the sentinels turned the old one into a replica");
    CHECK(group().ask(old, "ROLE").find("master") != std::string::npos);
  }
  CHECK(error_of(own.get("ship", use_future)).code() == ErrorCode::connection_lost);
  auto lost = own.transaction();
  lost.set("ship", "never");
  CHECK(error_of(lost.exec(use_future)).executed() == Executed::no);

  CHECK(eventually([&] { return group().ask(now, "PUBLISH news two") == ":1\r\n"; }));
  const auto message = value_of(subscription.next(use_future));
  CHECK(message->payload == "two");
  CHECK(message->gaps >= 1);

  auto popped = client.blpop({"list"}, for_ever, use_future);
  finish(client.rpush("list", {"element"}));
  CHECK(value_of(std::move(popped))->element == "element");
  native::Exclusive another = value_of(client.exclusive(use_future));
  finish(another.watch({"ship"}));
  auto done = another.transaction();
  done.set("ship", "done");
  CHECK(finish(done.exec()).committed());
  CHECK(group().ask(now, "GET ship") == "$4\r\ndone\r\n");
}

}  // namespace
}  // namespace plimsoll::testing::native_sentinel_restored_test
