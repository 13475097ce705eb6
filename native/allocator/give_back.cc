#include "plimsoll/native/allocator/give_back.h"

#include <utility>

#include "plimsoll/log.h"
#include "plimsoll/native/allocator/process_usage.h"
#include "plimsoll/native/base/amount.h"

namespace plimsoll::inline v0::native {
namespace {

// Formats a time as "12.3 ms".
std::string shown(std::chrono::nanoseconds took) {
  const auto tenths = std::chrono::duration_cast<std::chrono::microseconds>(took).count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

std::string titled(std::string_view allocator, const std::string& version) {
  std::string text(allocator);
  return version.empty() ? text : text + " " + version;
}

void log_give_back(const Allocator& allocator, std::size_t returned_bytes, Duration took) {
  log(Severity::info, "plimsoll.memory.given_back",
      titled(allocator.name(), allocator.version()) + " has given " + amount(returned_bytes) +
          " back to the system, in " + shown(took),
      {{"plimsoll.memory.allocator", allocator.name()},
       {"plimsoll.memory.returned_bytes", std::to_string(returned_bytes)}});
}

}  // namespace

void GiveBack::configure(const GiveBackSettings& settings) {
  const std::lock_guard lock(mutex_);
  settings_ = settings;
  policy_.configure(settings.policy);
}

bool GiveBack::is_on() const {
  const std::lock_guard lock(mutex_);
  return settings_.enabled && allocator_.can_give_back();
}

void GiveBack::want() {
  const std::lock_guard lock(mutex_);
  is_wanted_ = settings_.enabled;
}

GiveBack::Step GiveBack::look(Instant now) {
  const auto usage = process_usage();
  if (!usage || !is_time(now, *usage)) return Step::look_later;
  const auto excess = allocator_.excess(usage->anonymous_bytes);
  const std::lock_guard lock(mutex_);
  if (excess && *excess < settings_.policy.excess_min) {
    ++counts_.not_worth;
    handle_asked(now, *usage, 0);
    return Step::look_later;
  }
  before_ = usage;
  return Step::ask;
}

bool GiveBack::is_time(Instant now, const ProcessUsage& usage) {
  const std::lock_guard lock(mutex_);
  if (!settings_.enabled) return false;
  const bool is_over = policy_.handle_look(now, usage);
  if (!is_over && !(is_wanted_ && now >= wanted_not_before_)) return false;
  is_wanted_ = false;
  return true;
}

// The lock must be held.
void GiveBack::handle_asked(Instant now, const ProcessUsage& usage, std::size_t returned_bytes) {
  policy_.handle_asked(now, usage, returned_bytes);
  wanted_not_before_ = after(now, wanted_interval_min);
}

Duration GiveBack::look_interval() const {
  const std::lock_guard lock(mutex_);
  return is_wanted_ ? look_interval_min : policy_.look_interval();
}

void GiveBack::ask(Instant now) {
  const auto before = before_ ? std::exchange(before_, std::nullopt) : process_usage();
  if (!before) return;
  const auto start = std::chrono::steady_clock::now();
  allocator_.give_back();
  const Duration took = std::chrono::steady_clock::now() - start;
  const auto usage = process_usage().value_or(*before);
  const std::size_t fallen = before->anonymous_bytes > usage.anonymous_bytes
                                 ? before->anonymous_bytes - usage.anonymous_bytes
                                 : 0;
  {
    const std::lock_guard lock(mutex_);
    handle_asked(after(now, took), usage, fallen);
    count(fallen, took);
  }
  if (fallen > 0) log_give_back(allocator_, fallen, took);
}

void GiveBack::count(std::size_t returned_bytes, Duration took) {
  ++counts_.asked;
  counts_.returned_bytes += returned_bytes;
  counts_.last_returned_bytes = returned_bytes;
  counts_.last_took = took;
}

GiveBackStatistics GiveBack::statistics() const {
  const std::lock_guard lock(mutex_);
  GiveBackStatistics all = counts_;
  all.allocator = allocator_.name();
  all.version = allocator_.version();
  all.enabled = settings_.enabled;
  if (!allocator_.can_give_back()) {
    all.problem = all.allocator == "unknown"
                      ? "malloc is neither glibc's, jemalloc's, mimalloc's nor tcmalloc's"
                      : "it gives nothing back when it is asked";
  }
  return all;
}

std::string to_text(const GiveBackStatistics& statistics) {
  const std::string allocator = titled(statistics.allocator, statistics.version);
  if (!statistics.problem.empty()) return allocator + " is not asked: " + statistics.problem;
  if (!statistics.enabled && statistics.asked == 0) return allocator + " is not asked: off";
  std::string text = amount(statistics.returned_bytes) + " by " + allocator + ", asked " +
                     std::to_string(statistics.asked) + " times";
  if (statistics.asked != 0) {
    text += "; the last time " + amount(statistics.last_returned_bytes) + " in " +
            shown(statistics.last_took);
  }
  return statistics.enabled ? text : text + "; off";
}

}  // namespace plimsoll::inline v0::native
