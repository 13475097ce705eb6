#include "plimsoll/native/container/watch.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "plimsoll/native/base/amount.h"

namespace plimsoll::inline v0::native::container {
namespace {

std::string percent_of(std::uint64_t part, std::uint64_t whole) {
  std::array<char, 32> text{};
  const double percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
  std::snprintf(text.data(), text.size(), "%.0f %%", percent);
  return text.data();
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

// Keeps the last value of counters that cannot be read now, so that they do not seem to restart at
// zero.
void keep_events(Reading& now, const Reading& before) {
  for (Level& level : now.levels) {
    if (level.events) continue;
    const Level* const same = find_same(before, level);
    if (same == nullptr) continue;
    level.events = same->events;
    level.has_events_below = same->has_events_below;
  }
}

}  // namespace

void Watch::see(Reading reading, Instant now) {
  keep_events(reading, reading_);
  const Reading before = std::exchange(reading_, std::move(reading));
  const bool is_first = statistics_.looks == 0;
  seen_ = assess(reading_, is_first ? reading_ : before, now - std::exchange(read_at_, now));
  kills_unsaid_ += seen_.kills;
  Statistics& all = statistics_;
  ++all.looks;
  all.version = reading_.version;
  all.limit = seen_.limit.value_or(0);
  all.limit_file = seen_.limit_file;
  all.high = seen_.high.value_or(0);
  all.high_file = seen_.high_file;
  all.place = seen_.place;
  all.usage = seen_.usage;
  all.headroom = seen_.headroom;
  all.problem = joined(reading_.problems);
  all.events = sum_of_events(reading_);
  all.stalled_percent.reset();
  for (const Level& level : reading_.levels) {
    if (level.stall && !all.stalled_percent) all.stalled_percent = level.stall->percent;
  }
}

AutoBounds Watch::bounds_of(const Course& course) const {
  return auto_bounds(*course.auto_ratio, seen_.limit, course.least, course.otherwise);
}

std::size_t Watch::begin(const Course& course, std::size_t used, Instant now) {
  auto_said_ = auto_line_.begin(seen_, bounds_of(course), used, now);
  least_said_ = false;
  return auto_said_;
}

std::size_t Watch::follow(const Course& course, std::size_t used, Instant now) {
  return auto_line_.follow(seen_, bounds_of(course), used, now);
}

std::chrono::milliseconds Watch::next_look(std::chrono::milliseconds check_interval,
                                           const Course& course) const {
  if (!course.auto_ratio || seen_.room == Room::ample) return check_interval;
  return std::min(check_interval, std::max(check_interval / hurried_looks, hurried_interval_min));
}

void Watch::judge(std::size_t line, const Course& course, Notices& notices) {
  statistics_.is_auto = course.auto_ratio.has_value();
  statistics_.lowered = auto_line_.lowered();
  statistics_.raised = auto_line_.raised();
  const AutoBounds bounds = statistics_.is_auto ? bounds_of(course) : AutoBounds();
  statistics_.auto_full = bounds.full;
  statistics_.auto_least = bounds.least;
  judge_trouble(notices);
  judge_limits(line, notices);
  if (course.auto_ratio) judge_auto(line, course, notices);
}

// Warns if the line is close to the container's limit, or above it. Either may have changed.
void Watch::judge_limits(std::size_t line, Notices& notices) {
  std::string_view event = "plimsoll.container.line_within_limit";
  std::string consequence = "it fits";
  std::optional<std::uint64_t> bound = seen_.limit;
  std::string file = seen_.limit_file;
  if (bound && line > *bound) {
    event = "plimsoll.container.line_over_limit";
    consequence =
        "an OOM kill is certain once it is used: lower memory_limit, or raise the container's";
  } else if (seen_.high && line > *seen_.high) {
    event = "plimsoll.container.line_over_high";
    bound = seen_.high;
    file = seen_.high_file;
    consequence =
        "the process will be throttled once it is used: lower memory_limit, or raise memory.high";
  } else if (bound && static_cast<double>(line) > near_limit * static_cast<double>(*bound)) {
    event = "plimsoll.container.line_near_limit";
    consequence =
        "what the process needs besides may not fit: lower memory_limit, raise the container's, or "
        "use memory_limit = \"auto\"";
  } else if (limit_said_.empty() || seen_.is_partial || !bound) {
    return;  // a limit that cannot be read may be tighter
  }
  const bool is_warning = !event.ends_with("line_within_limit");
  const std::string now = is_warning ? std::string(event) + ' ' + std::to_string(line) + ' ' +
                                           std::to_string(*bound) + ' ' + file
                                     : std::string();
  if (now == limit_said_) return;
  limit_said_ = now;
  const std::string share = *bound > 0 ? percent_of(line, *bound) + " of " : "more than ";
  notices.add({is_warning ? Severity::warn : Severity::info, std::string(event),
               "the memory line of " + amount(line) + " is " + share + amount(*bound) + ", which " +
                   file + " says: " + consequence,
               std::to_string(line), std::to_string(*bound), file});
}

void Watch::judge_auto(std::size_t line, const Course& course, Notices& notices) {
  const bool is_least = line <= course.least && line < statistics_.auto_full;
  if (is_least && !least_said_) {
    least_said_ = true;
    notices.add({Severity::warn, "plimsoll.container.line_at_least",
                 "the container is short of memory (" + seen_.reason +
                     "), and the memory line of " + amount(line) +
                     " is the least that its pools need: calls may be refused. Others in the "
                     "container hold its memory: see what they are, or raise its limit",
                 std::to_string(line), std::to_string(statistics_.limit), seen_.limit_file});
  }
  // After the line has risen half of the way back, the next fall to the lowest value is logged
  // again.
  if (line > statistics_.auto_full / 2) least_said_ = false;
  const std::size_t before = std::exchange(auto_said_, line);
  if (line == before || before == 0) return;
  const bool is_lower = line < before;
  const std::string why = seen_.reason.empty() ? "" : ": " + seen_.reason;
  notices.add({Severity::info,
               is_lower ? "plimsoll.container.line_lowered" : "plimsoll.container.line_raised",
               "the memory line went from " + amount(before) + " to " + amount(line) + why,
               std::to_string(line), std::to_string(statistics_.limit), seen_.limit_file});
}

void Watch::judge_trouble(Notices& notices) {
  const std::string& problem = statistics_.problem;
  if (problem != trouble_said_) {
    trouble_said_ = problem;
    if (!problem.empty()) {
      notices.add(
          {Severity::warn, "plimsoll.container.unreadable",
           "the container's memory cannot be judged by all that should be there: " + problem});
    }
  }
  if (const std::uint64_t kills = std::exchange(kills_unsaid_, 0); kills > 0) {
    notices.add({Severity::warn, "plimsoll.container.oom_kill",
                 "the kernel has killed " + std::to_string(kills) +
                     " process(es) of this container since it ran out of memory"});
  }
}

std::string to_text(const Statistics& statistics) {
  if (statistics.looks == 0) return "not looked at";
  std::string text;
  if (statistics.version != CgroupVersion::none) {
    text += std::string("cgroup ") + name(statistics.version) + ", ";
  }
  if (statistics.limit_file.empty()) {
    text += "no limit known";
  } else {
    text += "limit " + amount(statistics.limit) + " (" + statistics.limit_file + ")";
  }
  if (!statistics.place.empty()) {
    const std::int64_t headroom = statistics.headroom;
    text += ", " + amount(statistics.usage) + " used of " + statistics.place + ", ";
    text += headroom < 0 ? amount(static_cast<std::uint64_t>(-headroom)) + " too much"
                         : amount(static_cast<std::uint64_t>(headroom)) + " of headroom";
  }
  if (statistics.is_auto) {
    text += ", auto up to " + amount(statistics.auto_full) + ", lowered " +
            std::to_string(statistics.lowered) + " times, raised " +
            std::to_string(statistics.raised);
  }
  if (!statistics.problem.empty()) text += "; cannot be read: " + statistics.problem;
  return text;
}

}  // namespace plimsoll::inline v0::native::container
