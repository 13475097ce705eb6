#include "plimsoll/native/runtime/upkeep_timer.h"

#include <boost/asio/post.hpp>

namespace plimsoll::inline v0::native {

void UpkeepTimer::start(std::chrono::milliseconds time) {
  const std::uint64_t start = start_.fetch_add(1) + 1;
  boost::asio::post(timer_.get_executor(), [this, time, start] { wait(time, start); });
}

void UpkeepTimer::wait(std::chrono::milliseconds time, std::uint64_t start) {
  if (start != start_.load()) return;
  timer_.expires_after(time);
  timer_.async_wait([this, start](boost::system::error_code error) {
    if (error || start != start_.load()) return;
    const std::chrono::milliseconds next = call_();
    wait(next, start);
  });
}

}  // namespace plimsoll::inline v0::native
