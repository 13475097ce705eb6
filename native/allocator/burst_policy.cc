#include "plimsoll/native/allocator/burst_policy.h"

#include <algorithm>
#include <cmath>

namespace plimsoll::inline v0::native {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// The weight of a sample of `elapsed` in an average over `window`.
double part(Duration elapsed, Duration window) {
  return 1 - std::exp(-seconds(elapsed) / seconds(window));
}

}  // namespace

bool BurstPolicy::handle_look(Instant now, const ProcessUsage& usage) {
  if (!last_) {
    last_ = usage;
    last_look_ = idle_since_ = fallen_since_ = now;
    anonymous_floor_ = usage.anonymous_bytes;
    return false;
  }
  if (now <= last_look_) return false;
  Load load = handle_load(now - last_look_, usage.cpu - last_->cpu);
  const std::size_t bytes = usage.anonymous_bytes;
  if (bytes >= last_->anonymous_bytes + settings_.excess_min) load = Load::busy;
  anonymous_floor_ = std::min(anonymous_floor_, bytes);
  last_ = usage;
  last_look_ = now;

  if (load != Load::idle) idle_since_ = now;
  if (load == Load::busy) {
    burst_ = true;
    fallen_since_ = now;
    again_after_ = ask_again_min;
  }
  // A burst that is short, or that mostly waits for the network, shows only in memory.
  if (bytes >= anonymous_floor_ + settings_.excess_min) burst_ = true;
  return is_quiet(now) && now >= not_before_ && (burst_ || now >= again_at_);
}

// The remembered maximum and minimum fade towards a load that stays constant. Once they are equal,
// the load does not count as fallen.
BurstPolicy::Load BurstPolicy::handle_load(Duration elapsed, Duration cpu) {
  const double rate = std::max(seconds(cpu), 0.0) / seconds(elapsed);
  load_ += (rate - load_) * part(elapsed, load_window);
  const double faded = part(elapsed, memory());
  highest_ = std::max(load_, highest_ + (load_ - highest_) * faded);
  lowest_ = std::min(load_, lowest_ + (load_ - lowest_) * faded);
  if (rate < idle_processor_share) return Load::idle;
  const bool varies = lowest_ * load_fall_min < highest_;
  return varies && load_ <= lowest_ + (highest_ - lowest_) / 4 ? Load::fallen : Load::busy;
}

bool BurstPolicy::is_quiet(Instant now) const {
  return now - idle_since_ >= settings_.quiet_period ||
         now - fallen_since_ >= fallen_periods * settings_.quiet_period;
}

// At least four quiet periods, so that a burst is not forgotten before it counts as over.
Duration BurstPolicy::memory() const { return std::max(load_memory, 4 * settings_.quiet_period); }

void BurstPolicy::handle_asked(Instant now, const ProcessUsage& usage, std::size_t returned_bytes) {
  last_ = usage;
  last_look_ = now;
  burst_ = false;
  // If the process continues with a part of the load, that part is its normal load from now on.
  highest_ = lowest_ = load_;
  anonymous_floor_ = usage.anonymous_bytes;
  not_before_ = after(now, ask_interval_min);
  if (returned_bytes >= settings_.excess_min) again_after_ = ask_again_min;
  again_at_ = after(now, again_after_);
  again_after_ = std::min<Duration>(2 * again_after_, ask_again_max);
}

Duration BurstPolicy::look_interval() const {
  if (!burst_) return idle_look_interval;
  return std::clamp(settings_.quiet_period / 2, look_interval_min, look_interval_max);
}

}  // namespace plimsoll::inline v0::native
