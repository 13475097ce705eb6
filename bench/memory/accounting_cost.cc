#include <cstdint>
#include <cstdio>
#include <future>
#include <optional>
#include <string>

#include "plimsoll/bench/memory/accounting.h"
#include "plimsoll/bench/memory/clients.h"
#include "plimsoll/bench/memory/parts.h"
#include "plimsoll/bench/pipeline/contender.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"
#include "plimsoll/tests/support/temporary_directory.h"
#include "plimsoll/tests/support/valkey_server.h"

// GETs of 100 B with 100 in flight, as in the pipeline benchmark, under callgrind: twice with
// different numbers of GETs, the difference of which leaves out start-up and connecting.

namespace plimsoll::bench {
namespace {

constexpr std::size_t settled_count = 5'000;
constexpr std::size_t gets_count = 40'000;
constexpr std::size_t depth = 100;

// The same GETs, each reply of which is kept as a whole until the next one comes: the most that
// accounts have to do for a request.
class KeptGets {
 public:
  explicit KeptGets(std::uint16_t port)
      : client_(connect_to("valkey://127.0.0.1:" + std::to_string(port), patient_options())) {}

  void run(std::size_t count) {
    unsent_ = unanswered_ = count;
    for (std::size_t i = 0; i < depth; ++i) ask();
    done_.get_future().wait();
  }

 private:
  void ask() {
    if (unsent_ == 0) return;
    --unsent_;
    client_.command<native::Reply>({"GET", bench_key}, [this](native::Result<native::Reply> reply) {
      if (!reply) fail("plimsoll", reply.error().what());
      kept_ = *std::move(reply);
      if (--unanswered_ == 0) return done_.set_value();
      ask();
    });
  }

  native::Client client_;
  native::Reply kept_;
  std::size_t unsent_ = 0;
  std::size_t unanswered_ = 0;
  std::promise<void> done_;
};

AccountingCosts costs_of(const std::string& gets, std::size_t count, std::uint16_t port) {
  const testing::TemporaryDirectory directory;
  const std::string file = directory.path() + "/callgrind";
  run_program({"valgrind", "--tool=callgrind", "--callgrind-out-file=" + file, own_path(), gets,
               std::to_string(count), "--port", std::to_string(port)});
  return read_callgrind(file);
}

void add_gets(const char* name, const char* gets, std::size_t count, std::uint16_t port,
              std::optional<Goal> goal, Report& report) {
  const AccountingCosts fewer = costs_of(gets, settled_count, port);
  const AccountingCosts more = costs_of(gets, settled_count + count, port);
  const auto each = [&](std::uint64_t AccountingCosts::* member) {
    return per_operation(static_cast<double>(fewer.*member), static_cast<double>(more.*member),
                         count);
  };
  const double total = each(&AccountingCosts::total);
  report.add({.name = std::string(name) + ", accounting of all",
              .ours = each(&AccountingCosts::accounting),
              .peer = total,
              .unit = "instructions/GET",
              .goal = goal});
  report.add({.name = std::string(name) + ", allocating of all",
              .ours = each(&AccountingCosts::doors),
              .peer = total,
              .unit = "instructions/GET"});
}

}  // namespace

void run_gets(std::size_t count, std::uint16_t port) {
  make_ours({.port = port}, {Pattern::window, depth}, Pace::slow)->run(count, nullptr);
}

void run_kept_gets(std::size_t count, std::uint16_t port) { KeptGets(port).run(count); }

void add_accounting(const MemoryEffort& effort, Report& report) {
  if (!has_program("valgrind")) {
    if (effort.tools == MemoryEffort::Tools::required) fail("valgrind", "not installed");
    std::fprintf(stderr, "valgrind is not installed: what accounting costs is left out\n");
    return;
  }
  const testing::ValkeyServer server({.listen = testing::Listen::unix_socket_and_tcp});
  server.ask("SET " + std::string(bench_key) + " " + std::string(bench_value_bytes, 'v'));
  const std::size_t count = gets_count / effort.divisor;
  add_gets("GET, 100 in flight", "--gets", count, server.port(), ratio_at_most(0.05), report);
  add_gets("GET, reply kept whole", "--kept-gets", count, server.port(), std::nullopt, report);
}

}  // namespace plimsoll::bench
