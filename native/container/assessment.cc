#include "plimsoll/native/container/assessment.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <utility>

#include "plimsoll/native/base/amount.h"

namespace plimsoll::inline v0::native::container {
namespace {

constexpr std::uint64_t mib = 1024 * 1024;

std::uint64_t ceiling_of(const Level& level) {
  constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  return std::min(level.limit.value_or(none), level.high.value_or(none));
}

bool has_ceiling(const Level& level) { return (level.limit || level.high) && level.usage; }

std::string describe(const Level& level, std::int64_t headroom) {
  const std::string of = amount(ceiling_of(level)) + " of " + level.place;
  return headroom < 0 ? amount(static_cast<std::uint64_t>(-headroom)) + " above the " + of
                      : amount(static_cast<std::uint64_t>(headroom)) + " left below the " + of;
}

bool are_comparable(const Level& now, const Level& before) {
  return now.events && before.events && now.has_events_below == before.has_events_below;
}

// Judges the levels one by one, and keeps the worst result.
class Assessor {
 public:
  Assessor(const Reading& before, std::chrono::nanoseconds elapsed)
      : before_(before), elapsed_(elapsed) {}

  void add(const Level& level) {
    note_bounds(level);
    const Room room = has_ceiling(level) ? note_headroom(level) : Room::ample;
    const Level* const before = find_same(before_, level);
    if (before != nullptr && are_comparable(level, *before)) {
      note_kills(level, *before);
      note_events(level, *before, room);
    }
    note_stall(level, before, room);
  }

  Assessment take() { return std::move(all_); }

 private:
  void note_bounds(const Level& level) {
    if (level.limit && (!all_.limit || *level.limit < *all_.limit)) {
      all_.limit = level.limit;
      all_.limit_file = level.limit_file;
    }
    if (level.high && (!all_.high || *level.high < *all_.high)) {
      all_.high = level.high;
      all_.high_file = level.high_file;
    }
  }

  Room note_headroom(const Level& level) {
    const Marks marks = marks_of(ceiling_of(level));
    const std::int64_t headroom = headroom_of(level);
    const auto above = [headroom](std::uint64_t mark) {
      return headroom >= static_cast<std::int64_t>(mark);
    };
    Room room = Room::critical;
    if (above(marks.critical)) room = Room::low;
    if (above(marks.low)) room = Room::enough;
    if (above(marks.ample)) room = Room::ample;
    const auto margin = headroom - static_cast<std::int64_t>(marks.low);
    if (all_.place.empty() || margin < all_.margin) {
      all_.margin = margin;
      all_.place = level.place;
      all_.usage = *level.usage;
      all_.headroom = headroom;
    }
    lower(room, describe(level, headroom));
    return room;
  }

  void note_kills(const Level& level, const Level& before) {
    const std::uint64_t now = level.events->oom_kill;
    const std::uint64_t kills = now - std::min(now, before.events->oom_kill);
    all_.kills = level.has_events_below ? std::max(all_.kills, kills) : all_.kills + kills;
  }

  // The counters of how often the limit was reached also rise when files are read, because the page
  // cache fills all free memory. So these counters matter only if the room is not ample, when
  // little cache is left to drop.
  void note_events(const Level& level, const Level& before, Room room) {
    const Events& now = *level.events;
    const Events& then = *before.events;
    if (now.oom_kill > then.oom_kill || now.oom > then.oom) {
      lower(Room::critical,
            "the kernel has run out of memory, or killed a process for it, in " + level.place);
      return;
    }
    const bool was_touched = now.max > then.max || now.high > then.high;
    if (was_touched && room < Room::ample) {
      lower(Room::low, "the limit of " + level.place + " was touched");
    }
  }

  // avg10 takes ten seconds to fall after the last stall, so a stall counts only if it continues.
  // The machine's stalls count only if the machine is short of memory: they may be those of other
  // containers.
  void note_stall(const Level& level, const Level* before, Room room) {
    if (!level.stall || level.stall->percent < stalled_percent_low) return;
    if (level.is_machine && room == Room::ample) return;
    if (before != nullptr && before->stall && elapsed_.count() > 0) {
      const double since = static_cast<double>(level.stall->microseconds) -
                           static_cast<double>(before->stall->microseconds);
      const double elapsed = static_cast<double>(elapsed_.count()) / 1000;
      if (since / elapsed * 100 < stalled_percent_low) return;
    }
    std::array<char, 32> percent{};
    std::snprintf(percent.data(), percent.size(), "%.3g", level.stall->percent);
    lower(Room::low, std::string(percent.data()) + " % of the time somebody waits for memory in " +
                         level.place);
  }

  void lower(Room room, const std::string& reason) {
    if (room >= all_.room) return;
    all_.room = room;
    all_.reason = reason;
  }

  const Reading& before_;
  const std::chrono::nanoseconds elapsed_;
  Assessment all_;
};

}  // namespace

Marks marks_of(std::uint64_t limit) {
  return {.ample = std::min(limit / 4, 2048 * mib),
          .low = std::min(limit / 8, 1024 * mib),
          .critical = std::min(limit / 32, 256 * mib)};
}

std::int64_t headroom_of(const Level& level) {
  const std::uint64_t usage = level.usage.value_or(0);
  const std::uint64_t droppable = std::min(usage, level.inactive_file + level.active_file / 2);
  const auto signed_of = [](std::uint64_t bytes) {
    return static_cast<std::int64_t>(std::min(bytes, unlimited_bytes_min));
  };
  return signed_of(ceiling_of(level)) - signed_of(usage - droppable);
}

Assessment assess(const Reading& now, const Reading& before, std::chrono::nanoseconds elapsed) {
  Assessor assessor(before, elapsed);
  for (const Level& level : now.levels) assessor.add(level);
  Assessment all = assessor.take();
  all.is_partial = !now.problems.empty();
  return all;
}

}  // namespace plimsoll::inline v0::native::container
