#include "plimsoll/demo/cluster/steady_store.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "plimsoll/tests/support/cluster_view.h"

namespace plimsoll::demo {
namespace {

using std::chrono::milliseconds;

constexpr auto tick_length = milliseconds(5);
constexpr std::size_t ticks_in_second = 200;
constexpr auto wait_after_failure = milliseconds(100);

}  // namespace

SteadyStore::SteadyStore(boost::asio::io_context& io, Store& store, Tally& tally,
                         std::size_t rate_max)
    : io_(io),
      store_(store),
      tally_(tally),
      in_tick_max_(std::max<std::size_t>(1, rate_max / ticks_in_second)),
      tick_(io) {}

void SteadyStore::send(const Request& request, std::function<void(Outcome)> done) {
  waiting_.push_back({request, std::move(done)});
  if (!is_ticking_) wait_for_tick();
}

void SteadyStore::wait_for_tick() {
  is_ticking_ = true;
  tick_.expires_after(tick_length);
  tick_.async_wait([this](const boost::system::error_code&) {
    is_ticking_ = false;
    for (std::size_t i = 0; i < in_tick_max_ && !waiting_.empty(); ++i) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      pass_on(std::move(next));
    }
    if (!waiting_.empty() && !is_ticking_) wait_for_tick();
  });
}

void SteadyStore::pass_on(Waiting waiting) {
  const Request request = waiting.request;
  store_.send(request, [this, waiting = std::move(waiting), sent_at = Tally::Clock::now()](
                           Outcome outcome) { handle(waiting, sent_at, std::move(outcome)); });
}

void SteadyStore::handle(const Waiting& waiting, Tally::Clock::time_point sent_at,
                         Outcome outcome) {
  const std::uint16_t slot = testing::slot_of(key_of("", waiting.request));
  const auto* failure = std::get_if<Failure>(&outcome);
  if (failure == nullptr) {
    tally_.acknowledged(slot, sent_at);
  } else if (failure->kind == Failure::Kind::failed) {
    tally_.read_failed(slot, sent_at, failure->text.substr(0, failure->text.find(':')));
    if (!is_stopping_) return ask_again(waiting);
  }
  waiting.done(std::move(outcome));
}

void SteadyStore::ask_again(const Waiting& waiting) {
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, wait_after_failure);
  timer->async_wait([this, timer, waiting](const boost::system::error_code&) { pass_on(waiting); });
}

}  // namespace plimsoll::demo
