#include "plimsoll/native/runtime/give_back_timer.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include "plimsoll/native/allocator/allocator.h"
#include "plimsoll/native/base/steady_now.h"

namespace plimsoll::inline v0::native {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds quiet_period_min(100);
constexpr std::chrono::milliseconds quiet_period_max = std::chrono::hours(24);
constexpr std::size_t excess_min_min = 64 * 1024;

}  // namespace

void GiveBackTimer::start(const asio::any_io_executor& upkeep, FindRequests requests) {
  asio::post(upkeep, [this, upkeep, requests = std::move(requests)]() mutable {
    if (!timer_) timer_.emplace(upkeep);
    requests_ = std::move(requests);
    look();
  });
}

// Replaces a wait that is under way, so there is at most one.
void GiveBackTimer::arm(Duration wait) {
  timer_->expires_after(wait);
  timer_->async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
}

void GiveBackTimer::ask_soon() {
  give_back_.want();
  if (timer_) look();
}

void GiveBackTimer::look() {
  if (asking_ || !give_back_.is_on()) return;
  if (give_back_.look(steady_now()) == GiveBack::Step::look_later) {
    return arm(give_back_.look_interval());
  }
  // The thread that serves requests gives back its own memory first.
  asking_ = true;
  const auto requests = give_back_.allocator().has_thread_part() ? requests_() : std::nullopt;
  if (!requests) return ask();
  asio::post(*requests, [this] {
    give_back_.allocator().give_back_thread();
    asio::post(timer_->get_executor(), [this] { ask(); });
  });
}

void GiveBackTimer::ask() {
  give_back_.ask(steady_now());
  asking_ = false;
  arm(give_back_.look_interval());
}

namespace detail {

Result<GiveBackSettings> to_give_back_settings(const GiveBackOptions& options) {
  const auto period = options.quiet_period;
  if (period < quiet_period_min || period > quiet_period_max) {
    return Error(ErrorCode::invalid_option, Executed::no,
                 "give_back.quiet_period is " + std::to_string(period.count()) +
                     " ms; expected 100 ms to 24 hours");
  }
  const Result<std::size_t> excess = read_amount("give_back.excess_min", options.excess_min);
  if (!excess) return excess.error();
  if (*excess < excess_min_min) {
    return Error(
        ErrorCode::invalid_option, Executed::no,
        "give_back.excess_min is " + std::to_string(*excess) + " bytes; expected 65536 or more");
  }
  return GiveBackSettings{.enabled = options.enabled,
                          .policy = {.quiet_period = period, .excess_min = *excess}};
}

}  // namespace detail
}  // namespace plimsoll::inline v0::native
