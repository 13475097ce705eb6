#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include "plimsoll/tests/sim/run.h"
using namespace plimsoll::sim;
int main(int argc, char** argv) {
  std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  std::uint64_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  bool trace = false, small = false, twice = false;
  const char* faults = nullptr;
  std::size_t requests = 0, clients = 0;
  for (int i = 3; i < argc; ++i) {
    if (!std::strcmp(argv[i], "trace")) trace = true;
    if (!std::strcmp(argv[i], "small")) small = true;
    if (!std::strcmp(argv[i], "twice")) twice = true;
    if (!std::strncmp(argv[i], "faults=", 7)) faults = argv[i] + 7;
    if (!std::strncmp(argv[i], "requests=", 9)) requests = std::strtoull(argv[i] + 9, nullptr, 10);
    if (!std::strncmp(argv[i], "clients=", 8)) clients = std::strtoull(argv[i] + 8, nullptr, 10);
  }
  Coverage all;
  auto t0 = std::chrono::steady_clock::now();
  plimsoll::Duration simulated{};
  std::uint64_t steps = 0;
  int bad = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Scenario s = Scenario::of_seed(seed, small ? Scenario::Size::small : Scenario::Size::normal);
    if (faults) s.faults = *FaultSet::parse(faults);
    if (requests) s.requests = requests;
    if (clients) s.clients = clients;
    Outcome o = run(s, trace ? Trace::Printing::on : Trace::Printing::off);
    if (twice && run(s).hash != o.hash) std::printf("seed %lu: hash differs\n", seed);
    all.add(o.coverage);
    simulated += o.time;
    steps += o.steps;
    if (o.violation) {
      std::printf("%s: %s\n   %s\n", s.arguments().c_str(), o.violation->property.c_str(), o.violation->where.c_str());
      if (!trace && count == 1) for (auto& l : o.violation->last_events) std::puts(l.c_str());
      if (++bad == 20) break;
    }
  }
  double sec = std::chrono::duration<double>(std::chrono::steady_clock::now() - t0).count();
  std::printf("%.2f s, %lu requests, %.0f/s, %lu completed, simulated %.1f s, %lu steps, clients %lu, connections %lu\n", sec, all.requests, all.requests / sec, all.completed, simulated.count() / 1e9, steps, all.clients, all.connections);
  if (count > 1 || bad) {
  for (std::size_t i = 0; i < faults_count; ++i) std::printf("%s %lu, ", name(static_cast<Fault>(i)), all.faults[i]);
  std::puts("");
  for (std::size_t i = 0; i < plimsoll::error_codes_count; ++i) std::printf("%s %lu/%lu/%lu disc %lu end %lu\n", plimsoll::name(static_cast<plimsoll::ErrorCode>(i)).data(), all.outcomes[i][0], all.outcomes[i][1], all.outcomes[i][2], all.disconnections[i], all.ends[i]);
  }
}
