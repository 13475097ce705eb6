#include "plimsoll/demo/cluster/load.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "plimsoll/demo/finish.h"
#include "plimsoll/demo/sweep.h"
#include "plimsoll/demo/walks.h"

namespace plimsoll::demo {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::size_t in_flight_max = 200;
constexpr std::uint8_t reads_sent_at_most = 3;

// An election takes some seconds.
constexpr auto callers_timeout = 20s;

native::Options callers_options(const std::string& memory_limit) {
  native::Options options;
  options.memory_limit = memory_limit;
  options.request_timeout = callers_timeout;
  options.client_name = "plimsoll-demo-callers";
  return options;
}

}  // namespace

Load::Load(asio::io_context& io, const Model& model, const LoadOptions& options)
    : io_(io),
      model_(model),
      closures_(model),
      plan_(plan_walks(model, closures_, 0)),
      verdict_(model),
      walkers_connection_(io, model,
                          Connection::Target{.url = options.url,
                                             .prefix = {},
                                             .memory_limit = options.memory_limit,
                                             .read_resends_max = reads_sent_at_most}),
      writers_client_(connected(io, options.url, callers_options(options.memory_limit))),
      store_(io, walkers_connection_, tally_, options.reads_per_second_max),
      window_(store_, verdict_, in_flight_max) {
  for (const std::uint16_t slot : options.caller_slots) {
    writers_.emplace_back(io, writers_client_, tally_, slot, writers_.size());
  }
}

Load::~Load() { end({}); }

Timing Load::fill() {
  Window window(walkers_connection_, verdict_, in_flight_max);
  Sweep sweep(model_, Verb::write);
  const auto began = Tally::Clock::now();
  for (window.begin(sweep); window.busy();) io_.run_one();
  if (!window.stopped().empty()) throw std::runtime_error(window.stopped());
  return {.total = Tally::Clock::now() - began,
          .latencies = window.latencies(),
          .refused_count = window.refused_count()};
}

void Load::begin() {
  thread_ = std::thread([this] { run(); });
}

void Load::run() {
  try {
    for (Writer& each : writers_) each.start();
    while (!is_stopping_ && problem_.empty()) walk();
    for (Writer& each : writers_) each.stop();
    while (!is_done() && Tally::Clock::now() < end_by_) io_.run_one_for(20ms);
    if (!is_done() && problem_.empty()) problem_ = "not all callers have come to their end";
  } catch (const std::exception& error) {
    problem_ = error.what();
  }
  has_ended_ = true;
}

void Load::walk() {
  Walks walks(model_, closures_, verdict_, plan_.packages);
  for (window_.begin(walks); window_.busy() && Tally::Clock::now() < end_by_;) {
    io_.run_one_for(20ms);
  }
  // A model without packages has nothing to walk.
  if (walks.summary().walks_count == 0 && !is_stopping_) io_.run_one();
  walks_count_ += walks.summary().walks_count;
  if (!is_stopping_) problem_ = window_.stopped();
}

bool Load::is_done() const {
  return std::all_of(writers_.begin(), writers_.end(),
                     [](const Writer& each) { return each.is_done(); });
}

std::string Load::end(std::chrono::milliseconds patience) {
  if (!thread_.joinable()) return problem_;
  asio::post(io_, [this, patience] {
    is_stopping_ = true;
    end_by_ = Tally::Clock::now() + patience;
    store_.stop();
    window_.stop("over");
    for (Writer& each : writers_) each.stop();
  });
  thread_.join();
  return problem_;
}

void Load::in(const std::function<void()>& act) {
  std::promise<void> done;
  std::future<void> is_done = done.get_future();
  asio::post(io_, [&] {
    act();
    done.set_value();
  });
  while (is_done.wait_for(20ms) != std::future_status::ready) {
    if (has_ended_) throw std::runtime_error("the load has ended: " + problem_);
  }
}

void Load::primary_died(const Slots& slots) {
  for (Writer& each : writers_) {
    if (slots.test(each.slot())) each.primary_died();
  }
}

Load::Written Load::written() const {
  Written all;
  for (const Writer& each : writers_) {
    all.findings += each.findings();
    all.lists += each.audits();
    all.not_compared += each.not_compared();
    all.complaints.insert(all.complaints.end(), each.complaints().begin(), each.complaints().end());
  }
  return all;
}

native::Statistics Load::statistics() const {
  native::Statistics sum = writers_client_.statistics();
  const native::Statistics walkers = walkers_connection_.statistics();
  sum.client.in_flight += walkers.client.in_flight;
  sum.client.submitted += walkers.client.submitted;
  ClusterCounters& counters = sum.client.cluster;
  const ClusterCounters& more = walkers.client.cluster;
  counters.moved += more.moved;
  counters.asked += more.asked;
  counters.sent_again += more.sent_again;
  counters.views += more.views;
  counters.parked += more.parked;
  return sum;
}

}  // namespace plimsoll::demo
