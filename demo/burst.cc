#include "plimsoll/demo/burst.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "plimsoll/demo/finish.h"

namespace plimsoll::demo {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

// So many that the memory line alone is the bound.
constexpr std::size_t in_flight_limit = 50'000;

// Few, so that those who wait have something to wait for.
constexpr std::size_t in_turn_limit = 100;

constexpr auto burst_timeout = std::chrono::seconds(30);

native::Options burst_options(std::size_t inflight_requests_limit) {
  native::Options options;
  options.inflight_requests_limit = inflight_requests_limit;
  options.inflight_overflow = native::OnLimit::reject;
  options.request_timeout = burst_timeout;
  options.client_name = "plimsoll-demo";
  return options;
}

// Counts what becomes of calls, and runs `io` until all have their outcome.
class Count {
 public:
  explicit Count(asio::io_context& io) : io_(io) {}

  template <class T>
  auto one_more(std::function<void()> then = {}) {
    ++open_;
    return [this, then = std::move(then)](native::Result<T> result) {
      --open_;
      add(result ? nullptr : &result.error());
      if (then) then();
    };
  }

  void wait() {
    while (open_ > 0) io_.run_one();
  }

  CallOutcomes outcomes() && {
    outcomes_.total = Clock::now() - began_;
    return std::move(outcomes_);
  }

 private:
  void add(const native::Error* error) {
    if (error == nullptr) {
      ++outcomes_.done;
    } else if (error->code() == ErrorCode::rejected_by_limit) {
      ++outcomes_.refused;
    } else if (outcomes_.failure.empty()) {
      outcomes_.failure = error->what();
    }
  }

  asio::io_context& io_;
  Clock::time_point began_ = Clock::now();
  std::size_t open_ = 0;
  CallOutcomes outcomes_;
};

}  // namespace

std::string Burst::key(std::string_view name) const {
  return target_.prefix + "burst:" + std::string(name);
}

CallOutcomes Burst::write_in_waves() {
  auto client = connected(io_, target_.url, burst_options(in_flight_limit));
  const std::string small = key("small");
  const std::string value(value_bytes, 'v');
  Count count(io_);
  for (std::size_t wave = 0; wave < waves_count && !stopped_(); ++wave) {
    for (std::size_t i = 0; i < calls_count_ / waves_count; ++i) {
      client.set(small, value, count.one_more<void>());
    }
    count.wait();
  }
  return std::move(count).outcomes();
}

CallOutcomes Burst::read_large() {
  auto client = connected(io_, target_.url, burst_options(in_flight_limit));
  const std::string large = key("large");
  const std::string value(large_value_bytes, 'v');
  finish<void>(io_, [&](auto done) { client.set(large, value, std::move(done)); });
  Count count(io_);
  for (std::size_t i = 0; i < calls_count_ / calls_per_read; ++i) {
    client.get(large, count.one_more<std::optional<std::string>>());
  }
  count.wait();
  return std::move(count).outcomes();
}

CallOutcomes Burst::write_in_turn() {
  auto options = burst_options(in_turn_limit);
  options.inflight_overflow = native::OnLimit::wait;
  options.waiters_max = callers_count;
  auto client = connected(io_, target_.url, std::move(options));
  const std::string small = key("small");
  const std::string value(caller_value_bytes, 'v');
  Count count(io_);
  std::size_t left = calls_count_;
  const std::function<void()> call = [&] {
    if (left == 0 || stopped_()) return;
    --left;
    client.set(small, value, count.one_more<void>(call));
  };
  for (std::size_t i = 0; i < callers_count; ++i) call();
  count.wait();
  CallOutcomes outcomes = std::move(count).outcomes();
  outcomes.waited = client.statistics().client.waited;
  return outcomes;
}

void Burst::remove_keys() {
  auto client = connected(io_, target_.url, burst_options(in_flight_limit));
  finish<std::int64_t>(
      io_, [&](auto done) { client.del({key("small"), key("large")}, std::move(done)); });
}

}  // namespace plimsoll::demo
