#include "plimsoll/core/session/read_watch.h"

#include <utility>

namespace plimsoll::inline v0 {
namespace {

// How long bytes stay in the transport before the driver has to ask for memory again.
constexpr Duration read_again_wait = std::chrono::milliseconds(20);

}  // namespace

void ReadWatch::begin_wait(Account& replies, Instant now) {
  check_at_ = after(now, read_again_wait);
  asked_again_ = true;
  if (!std::exchange(waits_, true)) replies.add_waiting_readers(1);
}

bool ReadWatch::end_wait(Account& replies) {
  if (!std::exchange(waits_, false)) return false;
  check_at_ = never;
  replies.add_waiting_readers(-1);
  return true;
}

Instant ReadWatch::find_check(bool is_paused, Instant now, std::uint64_t bytes_read) {
  if (waits_) return check_at_;
  if (is_paused) return check_at_ = never;
  if (check_at_ != never) return check_at_;
  bytes_at_check_ = static_cast<std::uint32_t>(bytes_read);
  stalled_checks_ = 0;
  return check_at_ = after(now, stall_check_interval);
}

// A peer counts as stalled only after two checks. If the driver itself was delayed, the first check
// runs before the driver has read the bytes that arrived in the meantime.
ReadWatch::Finding ReadWatch::handle_check(Reader& reader, Instant now, std::uint64_t bytes_read) {
  if (waits_) {
    if (!std::exchange(asked_again_, false)) return Finding::not_waiting;
    check_at_ = after(now, read_again_wait);
    return Finding::nothing;
  }
  check_at_ = after(now, stall_check_interval);
  const auto read = static_cast<std::uint32_t>(bytes_read);
  if (read - std::exchange(bytes_at_check_, read) >= stall_bytes_min) {
    stalled_checks_ = 0;
    return Finding::nothing;
  }
  // The reader keeps an empty buffer for a reply that may come at once; none came.
  reader.release_idle();
  if (stalled_checks_ < stall_checks_max) ++stalled_checks_;
  return stalled_checks_ == stall_checks_max ? Finding::stalled : Finding::nothing;
}

}  // namespace plimsoll::inline v0
