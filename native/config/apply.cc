#include "plimsoll/native/config/apply.h"

#include <pthread.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "plimsoll/core/base/units.h"
#include "plimsoll/native/config/observing.h"
#include "plimsoll/native/statistics.h"

namespace plimsoll::native {
namespace {

using config::OptionRow;

// What the process's line was drawn by. A fork waits, so that the child does not inherit it locked.
std::mutex applying;
std::optional<Configuration>& applied() {
  static std::optional<Configuration>& last = *new std::optional<Configuration>;
  return last;
}

[[maybe_unused]] const int registered =
    ::pthread_atfork([] { applying.lock(); }, [] { applying.unlock(); }, [] { applying.unlock(); });

// All that a process has one of.
std::vector<const OptionRow*> shared_rows() {
  std::vector<const OptionRow*> all;
  for (const auto part : {config::memory_rows(), config::observe_rows()}) {
    for (const OptionRow& row : part) all.push_back(&row);
  }
  return all;
}

// Of files alone: two programs' own words are not known to be one's.
bool is_read_again(const Configuration& before, const Configuration& now) {
  return !now.file.empty() && now.file == before.file;
}

std::string value_with_origin(const Configuration& configuration, const OptionRow& row) {
  const std::string value = config::shown(configuration, row);
  return (value.empty() ? "not set" : value) + " (" + origin(configuration, row.key) + ")";
}

// "64 MiB" is "65536 KiB".
bool has_same_value(const OptionRow& row, const Configuration& one, const Configuration& other) {
  const config::Words a = row.access.get(one);
  const config::Words b = row.access.get(other);
  if (a == b) return true;
  if (a.size() != 1 || b.size() != 1) return false;
  const auto bytes = parse_bytes(a.front());
  const auto other_bytes = parse_bytes(b.front());
  return row.access.kind != config::Kind::ratio && bytes && other_bytes && *bytes == *other_bytes;
}

// In what `now` says, not in what it leaves open.
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

}  // namespace

namespace config {

std::vector<const OptionRow*> differences(const Configuration& one, const Configuration& other) {
  std::vector<const OptionRow*> all;
  for (const OptionRow& row : option_rows()) {
    if (row.access.get(one) != row.access.get(other)) all.push_back(&row);
  }
  return all;
}

}  // namespace config

namespace {

// Who says nothing leaves what a program, or a client, has drawn.
Result<void> draw_line(const std::optional<Configuration>& before, const Configuration& now) {
  const bool said_before = before && says_memory(*before);
  if (!said_before && !says_memory(now) && memory_statistics().limit != 0) return {};
  if (before && has_same_memory(*before, now)) return {};
  return configure_memory(now.memory);
}

}  // namespace

Result<void> apply(Configuration& configuration) {
  const std::lock_guard lock(applying);
  std::optional<Configuration>& before = applied();
  if (before && !is_read_again(*before, configuration)) {
    if (const auto agreed = agree(*before, configuration); !agreed) return agreed;
    return make_cache(configuration);
  }
  // It is the whole that is refused.
  const auto refuse = [&](const Error& why) -> Result<void> {
    if (before) static_cast<void>(configure_memory(before->memory));
    return why;
  };
  if (const auto drawn = draw_line(before, configuration); !drawn) return drawn;
  if (const auto made = make_cache(configuration); !made) return refuse(made.error());
  const auto observed = config::observe(before ? *before : Configuration(), configuration);
  if (!observed) return refuse(observed.error());
  if (!before && !says_anything_shared(configuration)) return {};
  before = configuration;
  before->client = {};  // a cache, and secrets, are not this one's to keep
  before->url.clear();
  return {};
}

}  // namespace plimsoll::native
