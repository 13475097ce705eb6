#include "plimsoll/native/config/apply.h"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <optional>

#include "plimsoll/core/base/units.h"
#include "plimsoll/dump.h"
#include "plimsoll/memory.h"
#include "plimsoll/metrics.h"
#include "plimsoll/native/config/option_rows.h"
#include "plimsoll/native/observe/of_process.h"

namespace plimsoll::inline v0::native {
namespace {

using config::OptionRow;

// What this process has applied. A child of fork() starts with nothing applied, though it keeps its
// parent's memory limit.
struct Applied {
  explicit Applied(std::uint64_t forks) : fork_count(forks) {}

  const std::uint64_t fork_count;
  std::mutex mutex;
  std::optional<Configuration> last;
};

// Returns the options that have only one value in a process.
std::vector<const OptionRow*> shared_rows() {
  std::vector<const OptionRow*> all;
  for (const auto part : {config::memory_rows(), config::observe_rows()}) {
    for (const OptionRow& row : part) all.push_back(&row);
  }
  return all;
}

// Whether `now` is a newer version of the same file. Always false for configurations without a
// file, since two parts of a program may have applied them.
bool is_read_again(const Configuration& before, const Configuration& now) {
  return !now.file.empty() && now.file == before.file;
}

std::string value_with_origin(const Configuration& configuration, const OptionRow& row) {
  const std::string value = config::shown(configuration, row);
  return (value.empty() ? "not set" : value) + " (" + origin(configuration, row.key) + ")";
}

// Whether the values are equal, also if they are written differently: "64 MiB" is "65536 KiB".
bool has_same_value(const OptionRow& row, const Configuration& one, const Configuration& other) {
  const config::Words a = row.access.get(one);
  const config::Words b = row.access.get(other);
  if (a == b) return true;
  if (a.size() != 1 || b.size() != 1) return false;
  const auto bytes = parse_bytes(a.front());
  const auto other_bytes = parse_bytes(b.front());
  return row.access.kind != config::Kind::ratio && bytes && other_bytes && *bytes == *other_bytes;
}

// Checks that `now` agrees with `before` in every option that `now` sets.
Result<void> agree(const Configuration& before, const Configuration& now) {
  std::string text;
  for (const OptionRow* const row : shared_rows()) {
    if (origin(now, row->key) == "default" || has_same_value(*row, now, before)) continue;
    text += (text.empty() ? "" : "\n") + std::string(row->key) + ": is " +
            value_with_origin(now, *row) + ", and the process has " +
            value_with_origin(before, *row) +
            "; expected the same, or nothing: a process has one of these";
  }
  if (text.empty()) return {};
  return Error(ErrorCode::invalid_option, Executed::no, text);
}

bool says_memory(const Configuration& configuration) {
  const auto rows = config::memory_rows();
  return std::any_of(rows.begin(), rows.end(), [&](const OptionRow& row) {
    return origin(configuration, row.key) != "default";
  });
}

bool says_anything_shared(const Configuration& configuration) {
  const auto rows = shared_rows();
  return std::any_of(rows.begin(), rows.end(), [&](const OptionRow* row) {
    return origin(configuration, row->key) != "default";
  });
}

bool has_same_memory(const Configuration& before, const Configuration& now) {
  for (const OptionRow& row : config::memory_rows()) {
    if (row.access.get(now) != row.access.get(before)) return false;
  }
  return true;
}

Result<void> make_cache(Configuration& configuration) {
  if (configuration.cache.max_cache_kb == 0 || configuration.client.client_side_cache) return {};
  const auto cache = ClientSideCache::create(configuration.cache);
  if (!cache) return cache.error();
  configuration.client.client_side_cache = *cache;
  return {};
}

// Sets the memory limit. A configuration that says nothing about memory leaves the limit as the
// program, or a client, has set it.
Result<void> draw_line(const std::optional<Configuration>& before, const Configuration& now) {
  const bool said_before = before && says_memory(*before);
  if (!said_before && !says_memory(now)) return {};
  if (before && has_same_memory(*before, now)) return {};
  return configure_memory(now.memory);
}

// Serves metrics at the address in `now`, and no longer at the address in `before`.
Result<void> change_endpoint(const Configuration& before, const Configuration& now) {
  if (before.metrics_listen == now.metrics_listen && now.metrics_listen.empty()) return {};
  const auto served = serve_metrics({.listen = now.metrics_listen});
  return served ? Result<void>() : served.error();
}

// Starts or stops dumping on SIGUSR1. The dump contains to_text(), which has no secrets.
Result<void> change_dump(const Configuration& before, const Configuration& now) {
  if (!now.dump_on_sigusr1) {
    if (!before.dump_on_sigusr1) return {};
    stop_dumping_on_signal();
    // The default action of SIGUSR1 ends the process. Somebody may still send the signal to get a
    // dump, and must not end the process with it.
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

// Starts, moves or ends the endpoint for metrics and the dumps. `before` was in force until now.
// What the program has started by itself stays if neither configuration mentions it. On an error of
// serve_metrics() or dump_on_signal() `before` is in force again.
Result<void> observe(const Configuration& before, const Configuration& now) {
  if (const auto served = change_endpoint(before, now); !served) return served;
  if (const auto dumped = change_dump(before, now); !dumped) {
    static_cast<void>(change_endpoint(now, before));
    return dumped;
  }
  return {};
}

// Applies the options that a process has only one of, all or none. The memory limit comes last
// because it cannot be undone: the previous limit may not have come from a configuration.
Result<void> share(std::optional<Configuration>& last, const Configuration& now) {
  if (last && !is_read_again(*last, now)) return agree(*last, now);
  const Configuration before = last.value_or(Configuration());
  if (const auto observed = observe(before, now); !observed) return observed;
  if (const auto drawn = draw_line(last, now); !drawn) {
    static_cast<void>(observe(now, before));
    return drawn;
  }
  if (!last && !says_anything_shared(now)) return {};
  last = now;
  last->client = {};  // do not keep a cache alive, nor secrets in memory
  last->url.clear();
  return {};
}

}  // namespace

namespace config {

std::vector<const OptionRow*> differences(const Configuration& one, const Configuration& other) {
  std::vector<const OptionRow*> all;
  for (const OptionRow& row : option_rows()) {
    if (row.access.get(one) != row.access.get(other)) all.push_back(&row);
  }
  return all;
}

std::optional<Result<void>> apply_again(const Configuration& now, Busy busy) {
  auto& applied = of_process<Applied>();
  std::unique_lock lock(applied.mutex, std::defer_lock);
  if (busy == Busy::wait) lock.lock();
  if (!lock.owns_lock() && !lock.try_lock()) return std::nullopt;
  return share(applied.last, now);
}

}  // namespace config

Result<void> apply(Configuration& configuration) {
  auto& applied = of_process<Applied>();
  const std::lock_guard lock(applied.mutex);
  if (const auto shared = share(applied.last, configuration); !shared) return shared;
  return make_cache(configuration);
}

}  // namespace plimsoll::inline v0::native
