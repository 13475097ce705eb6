#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstddef>
#include <string>
#include <vector>

#include "plimsoll/native/observe/observed.h"
#include "plimsoll/native/observe/prometheus_text.h"
#include "plimsoll/result.h"

// The process's metrics for Prometheus. Off until serve_metrics() is called.
//
//   plimsoll::native::serve_metrics({.listen = "127.0.0.1:9121"}).value();
//
// curl http://127.0.0.1:9121/metrics

namespace plimsoll::inline v0::native {

/// How many clients, and caches, have metrics of their own; the others count only in the totals.
/// Those with the lowest numbers are shown, so that the selection does not change when clients are
/// added.
inline constexpr std::size_t metrics_clients_max = 64;
inline constexpr std::size_t metrics_caches_max = 16;

/// The most scrapes at a time. Further connections are closed, and counted.
inline constexpr std::size_t metrics_connections_max = 8;

/// Where the process serves its metrics.
struct MetricsOptions {
  /// "127.0.0.1:9121", "[::1]:9121", "localhost:9121"; port 0: any free port. Empty: metrics are
  /// not served. Anyone who can connect can read everything that docs/observability.md lists: there
  /// is neither a password nor TLS. An address beyond loopback ("0.0.0.0:9121") therefore logs a
  /// warning. On loopback, Host has to be localhost, 127.0.0.1, [::1] or the address itself; other
  /// requests get 421, because a website may have made its name resolve to this machine.
  std::string listen;
};

/// Serves GET /metrics at that address from now on, in the thread of Runtime::upkeep(), and no
/// longer at an earlier address. Returns the actual address: "127.0.0.1:9121". May be called from
/// any thread, but not from a log hook. A child of fork() serves nothing until it calls this
/// itself.
///
/// invalid_option: this is not an address, or the system cannot listen on it; the text has the
/// system's reason and what to do. The earlier endpoint then stays, with one exception: if it had
/// the same port, it was closed first, and another process may have taken the port since. Call
/// metrics_address() to find out.
Result<std::string> serve_metrics(const MetricsOptions& options);

/// Returns the address at which metrics are served, or an empty string.
std::string metrics_address();

/// Returns the text that GET /metrics would return now, for programs with an endpoint of their own.
std::string metrics_text();

namespace detail {

/// All metrics, in the order of the text.
std::vector<MetricDescription> metric_descriptions();

std::string metrics_text(const Observed& all);

}  // namespace detail
}  // namespace plimsoll::inline v0::native
