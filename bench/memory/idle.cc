#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "plimsoll/bench/memory/attribution.h"
#include "plimsoll/bench/memory/clients.h"
#include "plimsoll/bench/memory/parts.h"
#include "plimsoll/bench/memory/process.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/native/driver/driver.h"
#include "plimsoll/tests/support/certificates.h"
#include "plimsoll/tests/support/tls_server.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::bench {
namespace {

constexpr std::size_t connections_count = 5'000;
constexpr std::size_t tls_connections_count = 500;

// What there is with so many clients, all at rest.
struct State {
  Attribution memory;
  std::size_t rss = 0;
  BudgetStatistics line;
};

State state_with(const native::Client& client) {
  return {attributed(), rss_bytes(), client.statistics().memory};
}

std::size_t used(const State& state, PoolKind pool) { return state.line.pool(pool).used; }

void set_parts(const State& one, const State& all, double more, Figures& figures) {
  const auto each = [&](Owner owner) {
    return static_cast<double>(all.memory.of(owner).spent_bytes()) / more -
           static_cast<double>(one.memory.of(owner).spent_bytes()) / more;
  };
  figures["core blocks"] = each(Owner::core);
  figures["native objects"] = each(Owner::client);
  figures["OpenSSL"] = each(Owner::tls);
  figures["Asio and others"] = each(Owner::libraries);
  figures["accounted"] = (static_cast<double>(all.line.used) - used(all, PoolKind::spare) -
                          static_cast<double>(one.line.used) + used(one, PoolKind::spare)) /
                         more;
  figures["resident"] = (static_cast<double>(all.rss) - static_cast<double>(one.rss)) / more;
  // An idle connection has none, so that these two pools are empty but for its accounts.
  figures["segments"] = static_cast<double>(
      std::max(used(all, PoolKind::requests), used(all, PoolKind::replies)) / segment_bytes);
}

Figures measure(const std::string& url, const native::Options& options, std::size_t count) {
  Figures figures;
  std::vector<native::Client> clients;
  clients.reserve(count + 1);
  figures["threads before"] = static_cast<double>(threads_count());
  clients.push_back(connect_to(url, options));
  figures["threads with one"] = static_cast<double>(threads_count());
  clients.push_back(connect_to(url, options));
  figures["threads with two"] = static_cast<double>(threads_count());
  // The first ones bring what all share: the thread, pages to be reused, a TLS library's tables.
  for (int i = 0; i < 8; ++i) clients.push_back(connect_to(url, options));
  const std::size_t before = clients.size();
  const State few = state_with(clients.front());
  while (clients.size() < count) clients.push_back(connect_to(url, options));
  const State all = state_with(clients.front());
  set_parts(few, all, static_cast<double>(count - before), figures);
  figures["connections"] = static_cast<double>(count);
  return figures;
}

}  // namespace

Figures measure_idle(const MemoryEffort& effort) {
  // The server is a child, and inherits the limit; some descriptors are for other things.
  const std::size_t descriptors = raise_descriptor_limit();
  const std::size_t count =
      std::min(connections_count / effort.divisor, std::max<std::size_t>(descriptors, 200) - 100);
  const testing::ValkeyServer server({.arguments = {"--maxclients", "20000"}});
  start_attribution();
  return measure(server.url(), patient_options(), count);
}

Figures measure_idle_tls(const MemoryEffort& effort) {
  raise_descriptor_limit();
  const testing::CertificateAuthority authority;
  const testing::TlsServer server(authority);
  native::Options options = patient_options();
  options.tls.ca_file = authority.file();
  start_attribution();
  return measure(server.url(), options, tls_connections_count / effort.divisor);
}

void add_idle(const MemoryEffort& effort, Report& report) {
  const Figures plain = run_child("idle", effort);
  const Figures tls = run_child("idle_tls", effort);
  const auto count = std::to_string(static_cast<std::size_t>(plain.at("connections")));
  const auto tls_count = std::to_string(static_cast<std::size_t>(tls.at("connections")));
  report.add({.name = "idle connection of " + count + ", accounted",
              .ours = plain.at("accounted"),
              .unit = "B",
              .goal = counter_at_most(4096)});
  report.add({.name = "idle connection, resident", .ours = plain.at("resident"), .unit = "B"});
  report.add({.name = "idle connection, core's blocks by the allocator",
              .ours = plain.at("core blocks"),
              .unit = "B"});
  report.add({.name = "idle connection, objects of native/",
              .ours = plain.at("native objects"),
              .unit = "B"});
  report.add({.name = "idle connection, Asio and strings",
              .ours = plain.at("Asio and others"),
              .unit = "B"});
  report.add({.name = "idle connections, segments held by all",
              .ours = plain.at("segments"),
              .unit = "segments",
              .goal = counter_at_most(0)});
  report.add({.name = "size of a native Driver, the core's Client in it",
              .ours = static_cast<double>(sizeof(native::Driver)),
              .peer = static_cast<double>(sizeof(plimsoll::Client)),
              .unit = "B"});
  report.add({.name = "threads of a second client",
              .ours = plain.at("threads with two") - plain.at("threads with one"),
              .unit = "threads",
              .goal = counter_at_most(0)});
  report.add({.name = "idle TLS connection of " + tls_count + ", accounted",
              .ours = tls.at("accounted"),
              .unit = "B",
              .goal = counter_at_most(4096)});
  report.add({.name = "idle TLS connection, resident", .ours = tls.at("resident"), .unit = "B"});
  report.add({.name = "idle TLS connection, OpenSSL's", .ours = tls.at("OpenSSL"), .unit = "B"});
  report.add({.name = "idle TLS connection, objects of native/",
              .ours = tls.at("native objects"),
              .unit = "B"});
}

}  // namespace plimsoll::bench
