#include <string>
#include <thread>
#include <vector>

#include "plimsoll/bench/commands/cases.h"
#include "plimsoll/bench/commands/messages.h"
#include "plimsoll/bench/pipeline/sample.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"

namespace plimsoll::bench {
namespace {

constexpr std::size_t messages_count = 100'000;

// Microseconds of CPU a message. Who publishes is another process, whose CPU is its own.
double take_messages(Subscriber& subscriber, const Endpoint& endpoint, std::size_t count) {
  const double before = cpu_seconds();
  std::thread publisher([&] {
    run_program({"valkey-benchmark", "-h", endpoint.host, "-p", std::to_string(endpoint.port), "-c",
                 "1", "-P", "100", "-n", std::to_string(count), "-q", "PUBLISH", bench_channel,
                 std::string(message_bytes, 'm')});
  });
  subscriber.take(count);
  const double cpu = cpu_seconds() - before;
  publisher.join();
  return cpu / static_cast<double>(count) * 1e6;
}

}  // namespace

void add_messages(const CommandsServer& server, const CommandsEffort& effort, Report& report) {
  const std::size_t count = messages_count / effort.divisor;
  std::vector<double> ours;
  std::vector<double> hiredis;
  for (int round = 0; round < effort.rounds; ++round) {
    // One at a time: what the server sends the other would cost too.
    ours.push_back(take_messages(*make_our_subscriber(server.plain), server.plain, count));
    hiredis.push_back(take_messages(*make_hiredis_subscriber(server.plain), server.plain, count));
  }
  report.add({.name = "message to a subscriber, CPU, hiredis on libev",
              .ours = median(ours),
              .peer = median(hiredis),
              .unit = "us/message",
              .goal = ratio_at_most(0.6)});
}

}  // namespace plimsoll::bench
