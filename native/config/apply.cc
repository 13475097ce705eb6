#include "plimsoll/native/config/apply.h"

#include <pthread.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "plimsoll/core/base/units.h"
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

bool is_about_memory(const OptionRow& row) { return row.taken == config::Taken::at_once; }

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
  for (const OptionRow& row : config::memory_rows()) {
    if (!is_about_memory(row) || origin(now, row.key) == "default") continue;
    if (has_same_value(row, now, before)) continue;
    text += (text.empty() ? "" : "\n") + std::string(row.key) + ": is " +
            value_with_origin(now, row) + ", and the process has " +
            value_with_origin(before, row) +
            "; expected the same, or nothing: a process has one memory line";
  }
  if (text.empty()) return {};
  return Error(ErrorCode::invalid_option, Executed::no, text);
}

bool says_memory(const Configuration& configuration) {
  const auto rows = config::memory_rows();
  return std::any_of(rows.begin(), rows.end(), [&](const OptionRow& row) {
    return is_about_memory(row) && origin(configuration, row.key) != "default";
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

Result<void> apply(Configuration& configuration) {
  const std::lock_guard lock(applying);
  std::optional<Configuration>& before = applied();
  if (before && !says_memory(*before)) before.reset();
  if (before && !is_read_again(*before, configuration)) {
    if (const auto agreed = agree(*before, configuration); !agreed) return agreed;
    return make_cache(configuration);
  }
  // Who says nothing leaves what a program, or a client, has drawn.
  const bool is_drawn = !before && !says_memory(configuration) && memory_statistics().limit != 0;
  if (!is_drawn && (!before || !has_same_memory(*before, configuration))) {
    const auto drawn = configure_memory(configuration.memory);
    if (!drawn) return drawn;
  }
  if (const auto made = make_cache(configuration); !made) {
    // It is the whole that was refused.
    if (before) static_cast<void>(configure_memory(before->memory));
    return made;
  }
  if (!before && !says_memory(configuration)) return {};
  before = configuration;
  before->client = {};  // a cache, and secrets, are not this one's to keep
  before->url.clear();
  return {};
}

}  // namespace plimsoll::native
