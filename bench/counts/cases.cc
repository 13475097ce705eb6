#include "plimsoll/bench/counts/cases.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/bench/counts/world.h"

namespace plimsoll::bench {
namespace {

using namespace std::chrono_literals;

ClientOptions many_options() {
  ClientOptions options;
  options.inflight_requests_limit = 100'000;
  options.health_check_interval = Duration::zero();
  return options;
}

ClientOptions tracking_options() {
  ClientOptions options = many_options();
  options.tracking.method = TrackingOptions::Method::all_reads;
  return options;
}

std::vector<std::string> names_of(std::size_t count) {
  std::vector<std::string> names;
  names.reserve(count);
  for (std::size_t i = 0; i < count; ++i) names.push_back("news." + std::to_string(i));
  return names;
}

// First from one end, then from the other: neither the first nor the last is near.
std::size_t from_both_ends(std::size_t i, std::size_t count) {
  return i % 2 == 0 ? i / 2 : count - 1 - i / 2;
}

class Subscribed {
 public:
  explicit Subscribed(std::size_t count)
      : texts(names_of(count)), names(texts.begin(), texts.end()) {
    connection = world.client().open_subscription(world.now()).value();
    world.drive();
  }

  void subscribe(std::span<const std::string_view> some) {
    const auto id = world.client().subscribe(connection, SubscriptionKind::channel, some,
                                             world.now(), Duration::zero(), 1);
    expect(id.ok(), "names are subscribed");
    world.drive();
  }
  void unsubscribe(std::span<const std::string_view> some) {
    const auto id = world.client().unsubscribe(connection, SubscriptionKind::channel, some,
                                               world.now(), Duration::zero(), 1);
    expect(id.ok(), "names are unsubscribed");
    world.drive();
  }
  void expect_names(std::size_t count) {
    expect(world.client().subscription_statistics(connection).names == count, "names are counted");
  }

  World world{many_options(), World::Cache::no};
  ConnectionId connection{};
  std::vector<std::string> texts;
  std::vector<std::string_view> names;
};

void subscribe_one_by_one(std::size_t count) {
  Subscribed all(count);
  for (std::string_view name : all.names) all.subscribe({&name, 1});
  all.expect_names(count);
}

void unsubscribe_one_by_one(std::size_t count) {
  Subscribed all(count);
  if (count > 0) all.subscribe(all.names);
  for (std::string_view name : all.names) all.unsubscribe({&name, 1});
  all.expect_names(0);
}

void restore_names(std::size_t count) {
  Subscribed all(count);
  if (count > 0) all.subscribe(all.names);
  all.world.break_off(all.connection);
  all.world.drive();
  all.world.pass_until_timeout();
  all.world.drive();
  all.expect_names(count);
}

void time_out_cached_reads(std::size_t count) {
  World world(tracking_options(), World::Cache::yes);
  world.set_silent(true);
  for (const std::string& key : names_of(count)) world.get(key, 1s);
  world.drive();
  world.pass_until(world.now() + 2s);
  world.poll_events();
  expect(world.ended_count() == count, "all reads have timed out");
}

void answer_cached_reads(std::size_t count) {
  World world(tracking_options(), World::Cache::yes);
  for (const std::string& key : names_of(count)) world.get(key, 1s);
  world.drive();
  expect(world.ended_count() == count, "all reads are answered");
}

void prove_reads(std::size_t count) {
  World world(tracking_options(), World::Cache::yes);
  const std::vector<std::string> keys = names_of(count);
  for (const std::string& key : keys) world.get(key, 1s);
  world.drive();
  for (const std::string& key : keys) world.get_proved(key);
  world.drive();
  expect(world.ended_count() == 2 * count, "all reads are answered, twice");
}

void invalidate_keys(std::size_t count) {
  World world(tracking_options(), World::Cache::yes);
  const std::vector<std::string> keys = names_of(count);
  for (const std::string& key : keys) world.get(key, 1s);
  world.drive();
  for (const std::string& key : keys) {
    world.push(first_connection, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) +
                                     "\r\n" + key + "\r\n");
  }
  expect(world.ended_count() == count, "all reads are answered");
}

void cancel_waiters(std::size_t count) {
  ClientOptions options = many_options();
  options.inflight_requests_limit = 1;
  options.inflight_overflow = OnLimit::wait;
  options.waiters_max = 100'000;
  World world(options, World::Cache::no);
  world.set_silent(true);
  world.get("key", Duration::zero());
  world.drive();
  std::vector<RequestId> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(world.wait_in_line(Duration::zero()));
  for (std::size_t i = 0; i < count; ++i) {
    world.client().cancel(ids[from_both_ends(i, count)], world.now());
    world.poll_events();
  }
  expect(world.ended_count() == count, "all who waited are cancelled");
}

void cancel_in_flight(std::size_t count) {
  World world(many_options(), World::Cache::no);
  world.set_silent(true);
  std::vector<RequestId> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(world.get("key", Duration::zero()));
  world.drive();
  for (std::size_t i = 0; i < count; ++i) {
    world.client().cancel(ids[from_both_ends(i, count)], world.now());
    world.poll_events();
  }
  expect(world.ended_count() == count, "all requests are cancelled");
}

// So close together that the connection is not taken for dead meanwhile.
void pass_deadlines(std::size_t count) {
  World world(many_options(), World::Cache::no);
  world.set_silent(true);
  for (std::size_t i = 0; i < count; ++i) world.get("key", 1s + i * 10us);
  world.drive();
  while (world.ended_count() < count) {
    world.pass_until_timeout();
    world.poll_events();
  }
}

constexpr std::array cases = {
    CountCase{"subscribe", "names subscribed one by one", subscribe_one_by_one},
    CountCase{"unsubscribe", "names unsubscribed one by one", unsubscribe_one_by_one},
    CountCase{"restore", "names restored on a new connection", restore_names},
    CountCase{"misses", "distinct reads that a cache fetches", answer_cached_reads},
    CountCase{"timeouts", "cached reads that time out at once", time_out_cached_reads},
    CountCase{"proofs", "keys fetched, then read anew behind one proof", prove_reads},
    CountCase{"invalidations", "keys fetched, then invalidated one by one", invalidate_keys},
    CountCase{"waiters", "requests that wait, cancelled one by one", cancel_waiters},
    CountCase{"cancels", "requests in flight, cancelled one by one", cancel_in_flight},
    CountCase{"deadlines", "requests in flight, whose deadlines pass one by one", pass_deadlines},
};

}  // namespace

std::span<const CountCase> count_cases() { return cases; }

}  // namespace plimsoll::bench
