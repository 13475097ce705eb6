#include "plimsoll/bench/burst/worker.h"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "plimsoll/bench/burst/job.h"
#include "plimsoll/bench/burst/plan.h"
#include "plimsoll/bench/burst/store.h"
#include "plimsoll/bench/program.h"

namespace plimsoll::bench {
namespace {

constexpr int report_interval_ms = 100;

bool input_has_ended() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (poll(&input, 1, report_interval_ms) <= 0) return false;
  char room[64];
  return read(STDIN_FILENO, room, sizeof room) <= 0;
}

}  // namespace

void run_worker(const WorkerOptions& options) {
  Job job(Plan(options.seed), options.bounded ? Reading::while_room : Reading::always);
  const StoreOptions wanted{.socket_path = options.socket_path, .give_back = options.give_back};
  const std::unique_ptr<Store> store = options.client == Client::plimsoll
                                           ? make_our_store(wanted, job)
                                           : make_hiredis_store(wanted, job);
  job.start(*store);
  while (!input_has_ended()) {
    const Account account{.done = job.done_count(),
                          .accounted = store->accounted_bytes(),
                          .accounted_peak = store->accounted_bytes_peak(),
                          .own = job.bytes(),
                          .own_peak = job.bytes_peak()};
    std::puts(to_line(account).c_str());
    std::fflush(stdout);
  }
  _exit(0);  // with all threads at work
}

}  // namespace plimsoll::bench
