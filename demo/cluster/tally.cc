#include "plimsoll/demo/cluster/tally.h"

#include <algorithm>
#include <utility>

namespace plimsoll::demo {
namespace {

void add_to(Counts& counts, std::chrono::nanoseconds latency, std::size_t Counts::* count,
            const std::string& error) {
  ++(counts.*count);
  if (!error.empty()) ++counts.errors[error];
  counts.longest = std::max(counts.longest, latency);
}

}  // namespace

Fate fate_of(const native::Error& error) {
  return error.executed() == Executed::no ? Fate::not_run : Fate::in_doubt;
}

void Tally::begin(const Slots& touched) {
  touched_ = touched;
  event_ = {};
  is_event_ = true;
}

EventCounts Tally::end() {
  is_event_ = false;
  return std::exchange(event_, {});
}

void Tally::acknowledged(std::uint16_t slot, Clock::time_point sent_at) {
  note(slot, sent_at, &Counts::acknowledged, {});
}

void Tally::failed(std::uint16_t slot, Clock::time_point sent_at, const native::Error& error) {
  const bool may_have_run = fate_of(error) == Fate::in_doubt;
  note(slot, sent_at, may_have_run ? &Counts::in_doubt : &Counts::not_run,
       std::string(name(error.code())));
}

void Tally::read_failed(std::uint16_t slot, Clock::time_point sent_at, const std::string& error) {
  note(slot, sent_at, &Counts::reads_failed, error);
}

void Tally::note(std::uint16_t slot, Clock::time_point sent_at, std::size_t Counts::* count,
                 const std::string& error) {
  const std::chrono::nanoseconds latency = Clock::now() - sent_at;
  add_to(total_, latency, count, error);
  if (is_event_) {
    add_to(touched_.test(slot) ? event_.touched : event_.others, latency, count, error);
  }
  latencies_.add(latency);
  ++replies_[slot];
  sample_.longest = std::max(sample_.longest, latency);
}

Sample Tally::take_sample() {
  sample_.replies = latencies_.count();
  sample_.median = latencies_.percentile(0.5);
  latencies_ = {};
  return std::exchange(sample_, {});
}

Tally::Replies Tally::take_replies() { return std::exchange(replies_, {}); }

}  // namespace plimsoll::demo
