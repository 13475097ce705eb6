#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/memory/attribution.h"
#include "plimsoll/bench/memory/clients.h"
#include "plimsoll/bench/memory/parts.h"
#include "plimsoll/bench/memory/process.h"
#include "plimsoll/bench/memory/publisher.h"
#include "plimsoll/bench/memory/watch.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/support/valkey_server.h"

// A subscriber whose user takes nothing while others publish, and who takes all that is there
// afterwards. Messages are numbered, so that it is known what was kept.

namespace plimsoll::bench {
namespace {

constexpr const char* channel = "bench:slow";
constexpr std::size_t message_bytes = 100;

/// What the user finds afterwards.
struct Taken {
  std::uint64_t messages = 0;
  std::uint64_t misnumbered = 0;  ///< whose number does not follow from that
  std::uint64_t next = 0;         ///< the number that would come next
};

void take(const native::Message& message, Taken& taken) {
  const std::uint64_t number = std::strtoull(message.payload.c_str(), nullptr, 10);
  ++taken.messages;
  if (number != taken.next + message.lost) ++taken.misnumbered;
  taken.next = number + 1;
}

// Until the client has read all that was published, or, where it does not read on, until somebody
// has taken what it has read.
Taken take_all(native::Subscription& subscription, std::uint64_t published) {
  Taken taken;
  while (true) {
    const native::SubscriptionStatistics now = subscription.statistics();
    if (now.queued == 0 && now.received >= published) return taken;
    auto some = subscription.next_some(1000, boost::asio::use_future);
    if (some.wait_for(std::chrono::seconds(10)) != std::future_status::ready) return taken;
    const auto messages = some.get();
    if (!messages) fail("slow consumer", messages.error().what());
    for (const native::Message& message : *messages) take(message, taken);
  }
}

// Whether it reads on by itself, so that it can be seen when it has read all.
enum class Reads { always, with_room };

Figures measure(const MemoryEffort& effort, const native::Options& options, Reads reads) {
  // The server keeps whatever the client does not read.
  const testing::ValkeyServer server(
      {.arguments = {"--client-output-buffer-limit", "pubsub 0 0 0"}});
  native::Client client = connect_to(server.url(), options);
  auto made = client.subscribe(channel, boost::asio::use_future).get();
  if (!made) fail("slow consumer", made.error().what());
  native::Subscription subscription = *std::move(made);

  Figures figures;
  const std::size_t rss_before = rss_bytes();
  Watch watch([&] { return client.statistics().memory.used; });
  Publisher publisher(server.socket_path(), channel, message_bytes);
  std::this_thread::sleep_for(std::chrono::duration<double>(effort.burst_seconds));
  const std::uint64_t published = publisher.stop();
  const std::vector<Look> looks = watch.stop();
  if (reads == Reads::always) {
    wait_until("the messages that were published",
               [&] { return subscription.statistics().received >= published; });
  }
  const BudgetStatistics line = client.statistics().memory;
  const Taken taken = take_all(subscription, published);
  const native::SubscriptionStatistics end = subscription.statistics();

  figures["published"] = static_cast<double>(published);
  figures["lost"] = static_cast<double>(end.lost);
  figures["gaps"] = static_cast<double>(end.gaps);
  // Each of the published is taken or counted. What is lost last, no message can say any more.
  figures["miscounted"] =
      std::fabs(static_cast<double>(published) - static_cast<double>(taken.messages + end.lost));
  figures["misnumbered"] = static_cast<double>(taken.misnumbered);
  figures["pool limit"] = static_cast<double>(line.pool(PoolKind::pushes).limit);
  figures["pool peak"] = static_cast<double>(line.pool(PoolKind::pushes).peak);
  figures["line"] = static_cast<double>(line.limit);
  figures["line peak"] = static_cast<double>(line.peak);
  figures["rss above"] = most(looks, &Look::rss) - static_cast<double>(rss_before);
  figures["rss growth"] = growth(looks, &Look::rss);
  figures["used growth"] = growth(looks, &Look::used);
  return figures;
}

native::Options options_for_burst() {
  native::Options options = patient_options();
  options.subscription_messages_max = 100'000'000;  // only bytes bound it
  return options;
}

Figures measure_policy(const MemoryEffort& effort, OverflowPolicy policy, Reads reads) {
  native::Options options = options_for_burst();
  options.subscription_overflow = policy;
  return measure(effort, options, reads);
}

void add_policy(const char* policy, const MemoryEffort& effort, Report& report) {
  const Figures figures = run_child(policy, effort);
  const std::string name = std::string(policy) + ", ";
  const auto add = [&](const char* what, double value, const char* unit,
                       std::optional<Goal> goal = std::nullopt) {
    report.add({.name = name + what, .ours = value, .unit = unit, .goal = goal});
  };
  add("messages published", figures.at("published"), "messages");
  add("of these lost", figures.at("lost"), "messages");
  add("connections lost", figures.at("gaps"), "connections");
  add("neither taken nor counted as lost", figures.at("miscounted"), "messages",
      counter_at_most(0));
  add("numbers that do not follow from that", figures.at("misnumbered"), "messages",
      counter_at_most(0));
  report.add({.name = name + "pushes, peak of its limit",
              .ours = figures.at("pool peak"),
              .peer = figures.at("pool limit"),
              .unit = "B",
              .goal = ratio_at_most(1)});
  report.add({.name = name + "line, peak of its limit",
              .ours = figures.at("line peak"),
              .peer = figures.at("line"),
              .unit = "B",
              .goal = ratio_at_most(1)});
  // What is read needs a few segments besides.
  add("resident above idle, most", figures.at("rss above"), "B",
      counter_at_most(figures.at("pool limit") + (1 << 20)));
  add("resident, growth in the second half", figures.at("rss growth"), "B",
      counter_at_most(1 << 20));
  add("accounted, growth in the second half", figures.at("used growth"), "B",
      counter_at_most(1 << 20));
}

}  // namespace

Figures measure_drop_oldest(const MemoryEffort& effort) {
  return measure_policy(effort, OverflowPolicy::drop_oldest, Reads::always);
}

Figures measure_drop_newest(const MemoryEffort& effort) {
  return measure_policy(effort, OverflowPolicy::drop_newest, Reads::always);
}

Figures measure_pause_reading(const MemoryEffort& effort) {
  return measure_policy(effort, OverflowPolicy::pause_reading, Reads::with_room);
}

void add_slow_consumer(const MemoryEffort& effort, Report& report) {
  for (const char* policy : {"drop_oldest", "drop_newest", "pause_reading"}) {
    add_policy(policy, effort, report);
  }
}

}  // namespace plimsoll::bench
