#include "plimsoll/native/config/observing.h"

#include <csignal>
#include <utility>

#include "plimsoll/native/observe/dump.h"
#include "plimsoll/native/observe/metrics.h"

namespace plimsoll::native::config {
namespace {

Result<void> serve(const Configuration& before, const Configuration& now) {
  if (before.metrics_listen == now.metrics_listen && now.metrics_listen.empty()) return {};
  const auto served = serve_metrics({.listen = now.metrics_listen});
  return served ? Result<void>() : served.error();
}

// A dump has the configuration as text: secrets are not in that.
Result<void> dump(const Configuration& before, const Configuration& now) {
  if (!now.dump_on_sigusr1) {
    if (!before.dump_on_sigusr1) return {};
    stop_dumping_on_signal();
    // Whoever goes on asking for dumps should not end the process by it.
    struct sigaction left{};
    if (::sigaction(SIGUSR1, nullptr, &left) == 0 && left.sa_handler == SIG_DFL) {
      std::signal(SIGUSR1, SIG_IGN);
    }
    return {};
  }
  DumpOptions options;
  options.path = now.dump_path;
  options.configuration = [text = to_text(now)] { return text; };
  return dump_on_signal(options);
}

}  // namespace

Result<void> observe(const Configuration& before, const Configuration& now) {
  if (const auto served = serve(before, now); !served) return served;
  if (const auto dumped = dump(before, now); !dumped) {
    static_cast<void>(serve(now, before));
    return dumped;
  }
  return {};
}

}  // namespace plimsoll::native::config
