#include "plimsoll/demo/run.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <exception>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "plimsoll/demo/bad_input.h"
#include "plimsoll/demo/burst.h"
#include "plimsoll/demo/closure.h"
#include "plimsoll/demo/connection.h"
#include "plimsoll/demo/figures.h"
#include "plimsoll/demo/inventory.h"
#include "plimsoll/demo/model.h"
#include "plimsoll/demo/process_memory.h"
#include "plimsoll/demo/sweep.h"
#include "plimsoll/demo/verdict.h"
#include "plimsoll/demo/walks.h"
#include "plimsoll/demo/window.h"
#include "plimsoll/memory.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::demo {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr auto progress_every = std::chrono::milliseconds(200);
constexpr std::uint64_t mebibyte = 1024 * 1024;
constexpr std::uint64_t burst_line = 4 * mebibyte;
constexpr int exit_interrupted = 130;  // as shells have it: 128 and the number of SIGINT

// Unlike any other key, and any other run's.
std::string new_prefix() { return "plimsoll-demo:" + std::to_string(std::random_device()()) + ":"; }

// An address without the password that may be in it.
std::string place_of(const std::string& url) {
  const auto target = native::parse_url(url, {});
  return target ? target->endpoints.front().to_string() : std::string();
}

class Run {
 public:
  Run(const Options& options, Report& report, const Model& model)
      : options_(options),
        report_(report),
        model_(model),
        closures_(model),
        plan_(plan_walks(model, closures_, options.visits_max)),
        verdict_(model) {
    wait_for_signal();
  }
  Run(const Run&) = delete;  // the signal handler points here
  Run& operator=(const Run&) = delete;

  int execute();

 private:
  void connect();
  void load();
  void name_installed();
  void walk();
  void report_memory();
  void burst();
  void remove_keys();

  Timing perform(Work& work, std::string_view label);
  void wait_for_signal();
  [[nodiscard]] bool stopped() const { return interrupted_ || !stop_reason_.empty(); }

  const Options& options_;
  Report& report_;
  const Model& model_;
  Closures closures_;
  Plan plan_;
  Verdict verdict_;
  std::uint64_t resident_before_ = resident_bytes();

  asio::io_context io_;
  asio::signal_set signals_{io_, SIGINT, SIGTERM, SIGHUP};
  bool interrupted_ = false;
  std::string stop_reason_;
  Window* window_ = nullptr;  // of the work under way

  std::string url_;
  std::string prefix_;
  std::optional<testing::ValkeyServer> server_;
  std::optional<Connection> connection_;
};

int Run::execute() {
  try {
    connect();
    if (!stopped()) load();
    if (!stopped() && options_.leave_keys) name_installed();
    if (!stopped()) walk();
    if (!stopped()) report_memory();
    if (!stopped() && options_.burst_calls > 0) burst();
    if (options_.leave_keys) {
      report_.line("keys", "left on the server, without a prefix");
    } else if (!server_) {
      remove_keys();
    }
  } catch (const std::exception& error) {
    stop_reason_ = error.what();
  }
  // A signal reaches the private server as well, where it comes from the terminal: that the
  // connection ends may then be seen first, but is not the reason.
  io_.poll();
  report_.end(verdict_, interrupted_ ? "interrupted" : stop_reason_);
  if (interrupted_) return exit_interrupted;
  return stopped() || verdict_.wrong_count() > 0 ? 1 : 0;
}

void Run::connect() {
  if (options_.url.empty()) {
    report_.progress("server", "starting");
    server_.emplace();
  } else if (!options_.leave_keys) {
    prefix_ = new_prefix();
  }
  url_ = server_ ? server_->url() : options_.url;
  connection_.emplace(io_, model_, Connection::Target{url_, prefix_, options_.memory_limit});

  auto version = connection_->info("server", "valkey_version");
  auto name = "valkey " + version;
  if (version.empty()) name = "redis " + connection_->info("server", "redis_version");
  report_.server(name + (server_ ? ", private, on a unix socket" : " at " + place_of(url_)),
                 options_.in_flight_max);
}

void Run::load() {
  Sweep sweep(model_, Verb::write);
  const auto timing = perform(sweep, "load");
  if (!stopped()) report_.load(model_, timing);
}

// So that whoever comes next need not go through all keys to find a package.
void Run::name_installed() {
  Members names;
  for (const Package& package : model_.packages()) {
    if (package.installed) names.push_back(package.name);
  }
  connection_->add_to_set("packages:installed", names);
}

void Run::walk() {
  Walks walks(model_, closures_, verdict_, plan_.packages);
  const auto timing = perform(walks, "walk");
  if (!stopped()) report_.walk(model_, plan_, walks.summary(), timing);
}

void Run::report_memory() {
  const auto accounts = connection_->statistics().memory;
  MemoryFigures figures{.limit = accounts.limit,
                        .peak = accounts.peak,
                        .pools = {},
                        .resident = resident_bytes(),
                        .resident_before = resident_before_,
                        .server = 0};
  for (std::size_t pool = 0; pool < accounts.pools.size(); ++pool) {
    figures.pools.push_back({name(static_cast<PoolKind>(pool)), accounts.pools[pool].peak});
  }
  const auto used = connection_->info("memory", "used_memory");
  std::from_chars(used.data(), used.data() + used.size(), figures.server);
  report_.memory(figures);
}

void Run::burst() {
  report_.progress("burst", "running");
  const auto before = native::memory_statistics();
  // What was used at most before cannot be told from what is used at most from now on.
  const auto peak_before = (before.peak + mebibyte - 1) / mebibyte * mebibyte;
  const auto limit = std::min<std::uint64_t>(before.target, std::max(burst_line, peak_before));
  native::set_memory_limit(std::to_string(limit)).value();
  BurstFigures figures{.limit = limit,
                       .value_bytes = Burst::value_bytes,
                       .large_value_bytes = Burst::large_value_bytes,
                       .callers_count = Burst::callers_count,
                       .resident_before = resident_bytes()};
  Burst burst(io_, {url_, prefix_}, options_.burst_calls, [this] { return stopped(); });
  figures.writes = burst.write_in_waves();
  figures.reads = burst.read_large();
  figures.turns = burst.write_in_turn();
  figures.peak = native::memory_statistics().peak;
  figures.resident = resident_bytes();
  burst.remove_keys();
  native::set_memory_limit(std::to_string(before.target)).value();
  if (stopped()) return;
  report_.burst(figures);
  for (const CallOutcomes& calls : {figures.writes, figures.reads, figures.turns}) {
    if (!calls.failure.empty()) stop_reason_ = calls.failure;
  }
  if (figures.peak > limit) stop_reason_ = "the client passed its memory line";
}

void Run::remove_keys() {
  // A run that was interrupted cleans up, too; a second signal leaves the keys.
  if (!stop_reason_.empty()) {
    report_.line("keys", "may be left on the server: " + prefix_ + "*");
    return;
  }
  const bool interrupted = std::exchange(interrupted_, false);
  Sweep sweep(model_, Verb::remove);
  const auto timing = perform(sweep, "keys");
  report_.line("keys", stopped() ? "may be left on the server: " + prefix_ + "*"
                                 : "deleted in " + as_time(timing.total));
  interrupted_ |= interrupted;
}

Timing Run::perform(Work& work, std::string_view label) {
  Window window(*connection_, verdict_, options_.in_flight_max);
  window_ = &window;
  const auto began = Clock::now();
  auto shown = began;
  for (window.begin(work); window.busy(); io_.run_one()) {
    if (Clock::now() - shown < progress_every) continue;
    shown = Clock::now();
    report_.progress(label, with_commas(window.latencies().count()) + " replies");
  }
  window_ = nullptr;
  if (!interrupted_) stop_reason_ = window.stopped();
  return {.total = Clock::now() - began,
          .latencies = window.latencies(),
          .refused_count = window.refused_count()};
}

void Run::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int /*signal*/) {
    if (error) return;
    interrupted_ = true;
    if (window_ != nullptr) window_->stop("interrupted");
    wait_for_signal();
  });
}

}  // namespace

int run(const Options& options, Report& report) {
  report.title();
  report.progress("files", "reading");
  Inventory inventory;
  try {
    inventory = read_inventory(options.status, options.lists);
  } catch (const BadInput& error) {
    report.fail(error.what());
    return 1;
  }
  report.files(options, inventory);
  const Model model(std::move(inventory.packages));
  return Run(options, report, model).execute();
}

}  // namespace plimsoll::demo
