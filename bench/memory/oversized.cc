#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/memory/clients.h"
#include "plimsoll/bench/memory/parts.h"
#include "plimsoll/bench/memory/process.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/tests/support/valkey_server.h"

// A reply many times as large as the line, with others before and behind it on its connection.

namespace plimsoll::bench {
namespace {

constexpr const char* line = "16 MiB";
constexpr std::size_t neighbours_count = 400;
constexpr const char* small_key = "small";
const std::string small_value(1000, 'v');

/// What came of the requests around the large one.
struct Neighbours {
  std::atomic<std::size_t> right{0};
  std::atomic<std::size_t> wrong{0};

  std::size_t count() const { return right + wrong; }

  void ask(native::Client& client, std::size_t requests) {
    for (std::size_t i = 0; i < requests; ++i) {
      client.get(small_key, [this](const native::Result<std::optional<std::string>>& reply) {
        ++(reply && *reply == small_value ? right : wrong);
      });
    }
  }
};

void set_small(native::Client& client) {
  const auto done = client.set(small_key, small_value, boost::asio::use_future).get();
  if (!done) fail("oversized", done.error().what());
}

}  // namespace

Figures measure_oversized(const MemoryEffort& effort) {
  const testing::ValkeyServer server;
  server.ask("SETRANGE large " + std::to_string(effort.oversized_bytes - 1) + " x");
  native::Options options = patient_options();
  options.memory_limit = line;
  native::Client client = connect_to(server.url(), options);
  set_small(client);

  Figures figures;
  forget_peak_rss();
  const std::size_t rss_before = rss_bytes();
  Neighbours neighbours;
  neighbours.ask(client, neighbours_count / 2);
  auto large = client.get("large", boost::asio::use_future);
  neighbours.ask(client, neighbours_count / 2);
  const auto reply = large.get();
  wait_until("the neighbours", [&] { return neighbours.count() == neighbours_count; });

  const native::Statistics after = client.statistics();
  figures["refused"] = !reply && reply.error().code() == native::ErrorCode::reply_too_large ? 1 : 0;
  figures["neighbours right"] = static_cast<double>(neighbours.right);
  figures["connections lost"] = after.last_problem.empty() ? 0 : 1;
  figures["rss before"] = static_cast<double>(rss_before);
  figures["rss peak"] = static_cast<double>(peak_rss_bytes());
  figures["line"] = static_cast<double>(after.memory.limit);
  figures["line peak"] = static_cast<double>(after.memory.peak);
  return figures;
}

void add_oversized(const MemoryEffort& effort, Report& report) {
  const Figures figures = run_child("oversized", effort);
  const std::string name =
      "reply of " + std::to_string(effort.oversized_bytes >> 20) + " MiB, line of 16: ";
  report.add({.name = name + "not reply_too_large",
              .ours = 1 - figures.at("refused"),
              .unit = "requests",
              .goal = counter_at_most(0)});
  report.add({.name = name + "neighbours that failed",
              .ours = static_cast<double>(neighbours_count) - figures.at("neighbours right"),
              .unit = "requests",
              .goal = counter_at_most(0)});
  report.add({.name = name + "connections lost",
              .ours = figures.at("connections lost"),
              .unit = "connections",
              .goal = counter_at_most(0)});
  report.add({.name = name + "accounted, peak",
              .ours = figures.at("line peak"),
              .peer = figures.at("line"),
              .unit = "B",
              .goal = ratio_at_most(1)});
  report.add({.name = name + "resident, idle (the constant)",
              .ours = figures.at("rss before"),
              .unit = "B"});
  report.add({.name = name + "resident, peak, line + constant",
              .ours = figures.at("rss peak"),
              .peer = figures.at("line") + figures.at("rss before"),
              .unit = "B",
              .goal = ratio_at_most(1)});
}

}  // namespace plimsoll::bench
