#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plimsoll/native/observe/observed.h"
#include "plimsoll/native/observe/prometheus_text.h"
#include "plimsoll/result.h"

// The process's figures for Prometheus. Off until serve_metrics() is called.
//
//   plimsoll::native::serve_metrics({.listen = "127.0.0.1:9121"}).value();
//
// curl http://127.0.0.1:9121/metrics

namespace plimsoll::native {

/// Clients, and caches, that have figures of their own; others count in the totals alone. Those
/// with the lowest numbers are shown, so that what is shown stays the same while clients come.
inline constexpr std::size_t metrics_clients_max = 64;
inline constexpr std::size_t metrics_caches_max = 16;

/// Scrapes at a time. More connections are closed, and counted.
inline constexpr std::size_t metrics_connections_max = 8;

struct MetricsOptions {
  /// "127.0.0.1:9121", "[::1]:9121", "localhost:9121"; port 0: any that is free. Empty: nowhere.
  /// Whoever reaches it can read what docs/observability.md lists; there is neither a password nor
  /// TLS, so an address beyond loopback ("0.0.0.0:9121") is warned of, by log().
  std::string listen;
};

/// Serves GET /metrics there from now on, in the thread of Runtime::upkeep(); where it was served
/// somewhere else before, no longer there. Returns where: "127.0.0.1:9121". From any thread, but
/// not from a log hook. A child of fork() serves nothing until it calls this itself.
///
/// invalid_option: no such address, or it cannot be listened on, with the system's reason and what
/// to do. What was served before still is then, unless that had the same port, which was given up
/// first, and somebody has taken it meanwhile: metrics_address() says.
Result<std::string> serve_metrics(const MetricsOptions& options);

/// Where metrics are served; empty: nowhere.
std::string metrics_address();

/// What GET /metrics says now. For those who have an endpoint of their own.
std::string metrics_text();

namespace detail {

struct MetricDescription {
  std::string name;
  MetricType type;
  std::string help;
  std::string labels;  ///< their names: "client, client_name, pool"
};

/// All that there are, in the order of the text.
std::vector<MetricDescription> metric_descriptions();

std::string metrics_text(const Observed& all);

}  // namespace detail
}  // namespace plimsoll::native
