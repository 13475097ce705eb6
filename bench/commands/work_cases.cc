#include <memory>
#include <string>
#include <vector>

#include "plimsoll/bench/commands/cases.h"
#include "plimsoll/bench/commands/work.h"
#include "plimsoll/bench/pipeline/sample.h"

namespace plimsoll::bench {
namespace {

constexpr Shape shape{Pattern::window, in_flight_count};

// A tenth of a second of work or so.
std::size_t requests_count(Work work) {
  switch (work) {
    case Work::get_set: return 60'000;
    case Work::mget: return 20'000;
    case Work::hgetall: return 20'000;
    case Work::big_values: return 20'000;
  }
  return 0;
}

// At most so much of hiredis' CPU, and so many times as much CPU with TLS as without.
struct Goals {
  double to_hiredis = 0.9;
  double tls_to_none = 1.6;
};
Goals goals_of(Work work) {
  switch (work) {
    case Work::get_set: return {};
    case Work::mget: return {.tls_to_none = 1.3};
    case Work::hgetall: return {.to_hiredis = 0.6};
    case Work::big_values: return {.tls_to_none = 2.2};
  }
  return {};
}

std::string url(const char* scheme, const Endpoint& endpoint) {
  return scheme + endpoint.host + ":" + std::to_string(endpoint.port);
}

// Microseconds of CPU a request, of each contender in turn: medians over the rounds.
std::vector<double> compare(const std::vector<Contender*>& contenders, Work work,
                            const CommandsEffort& effort) {
  std::vector<std::vector<Sample>> samples(contenders.size());
  const std::size_t count = requests_count(work) / effort.divisor;
  for (Contender* contender : contenders) warm_up(*contender);
  for (int round = 0; round < effort.rounds; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      samples[i].push_back(take_sample(*contenders[i], shape, count));
    }
  }
  std::vector<double> microseconds;
  for (const auto& of_one : samples) {
    microseconds.push_back(median_of(of_one).cpu_seconds_per_get * 1e6);
  }
  return microseconds;
}

// What TLS adds to a loop that does nothing else: the cipher, smaller reads, and a server that
// takes longer. Nobody's client gets below that with the same library.
void add_floor(const CommandsServer& server, Work work, const CommandsEffort& effort, double added,
               Report& report) {
  const auto plain = make_raw_work(server.plain, {}, work);
  const auto secret = make_raw_work(server.tls, server.ca_file, work);
  const std::vector<double> cpu = compare({plain.get(), secret.get()}, work, effort);
  const std::string title(name(work));
  report.add({.name = title + ", CPU, raw loop, TLS against none",
              .ours = cpu[1],
              .peer = cpu[0],
              .unit = "us/request"});
  report.add({.name = title + ", CPU that TLS adds, raw loop",
              .ours = added,
              .peer = cpu[1] - cpu[0],
              .unit = "us/request",
              .goal = ratio_at_most(1.2)});
}

}  // namespace

void add_work(const CommandsServer& server, const CommandsEffort& effort, Report& report) {
  for (const Work work : all_work) {
    const auto ours = make_our_work(url("valkey://", server.plain), {}, work);
    const auto secret = make_our_work(url("valkeys://", server.tls), server.ca_file, work);
    const auto hiredis = make_hiredis_work(server.plain, work);
    const std::vector<double> cpu =
        compare({ours.get(), hiredis.get(), secret.get()}, work, effort);
    const std::string title(name(work));
    report.add({.name = title + ", CPU, hiredis on libev",
                .ours = cpu[0],
                .peer = cpu[1],
                .unit = "us/request",
                .goal = ratio_at_most(goals_of(work).to_hiredis)});
    report.add({.name = title + ", CPU, TLS against none",
                .ours = cpu[2],
                .peer = cpu[0],
                .unit = "us/request",
                .goal = ratio_at_most(goals_of(work).tls_to_none)});
    if (work == Work::mget || work == Work::big_values) {
      add_floor(server, work, effort, cpu[2] - cpu[0], report);
    }
  }
}

}  // namespace plimsoll::bench
