#include "plimsoll/native/runtime/runtime.h"

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "plimsoll/log.h"
#include "plimsoll/native/base/fork.h"
#include "plimsoll/native/base/stay_loaded.h"
#include "plimsoll/native/base/steady_now.h"
#include "plimsoll/native/base/without_signals.h"
#include "plimsoll/native/container/watch.h"
#include "plimsoll/native/runtime/cache_relief.h"
#include "plimsoll/native/runtime/caller_loop.h"
#include "plimsoll/native/runtime/give_back_timer.h"
#include "plimsoll/native/runtime/mapped_memory.h"
#include "plimsoll/native/runtime/name_lookups.h"
#include "plimsoll/native/runtime/upkeep_timer.h"

namespace plimsoll::inline v0::native {
namespace {

namespace asio = boost::asio;

// Guards `current`, `drawn` and every change of the line.
std::mutex creation;
Runtime* current = nullptr;
std::uint64_t runtime_fork_count = 0;

// fork() first takes the locks that the runtimes share, so that the child does not inherit them
// locked. The order is that of a log hook that asks for statistics: the log's lock, then
// `creation`.
void lock_all() {
  detail::lock_log();
  creation.lock();
}

void unlock_all() {
  creation.unlock();
  detail::unlock_log();
}

[[maybe_unused]] const int registered = ::pthread_atfork(lock_all, unlock_all, unlock_all);

// A thread that runs handlers until the process ends.
class ServingThread {
 public:
  asio::any_io_executor executor() {
    if (!runs()) start();
    return context_.get_executor();
  }

  /// If true, executor() does not throw.
  bool runs() const { return runs_.load(std::memory_order_acquire); }

 private:
  // Throws if the system cannot create a thread; the next caller tries again. std::call_once() can
  // be tried again with some C libraries only.
  void start() {
    const std::lock_guard lock(starting_);
    if (runs()) return;
    stay_loaded();
    const WithoutSignals without;
    std::thread([this] { context_.run(); }).detach();
    runs_.store(true, std::memory_order_release);
  }

  // The hint 1 says that one thread runs the context, which saves some locking.
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::mutex starting_;
  std::atomic<bool> runs_ = false;
};

}  // namespace

// A configuration of the line: the wanted one, or the one in force.
struct detail::DrawnLine {
  BudgetOptions options;
  ContainerOptions container;
  GiveBackSettings give_back;
  bool is_auto = false;
};

namespace {

// The configuration that was last put in force, in this process or in its parent before a fork.
// Guarded by `creation`.
constinit detail::DrawnLine drawn;

}  // namespace

struct Runtime::State {
  container::Reading read_container() {
    const std::lock_guard lock(reader_mutex);
    return reader.read();
  }

  MappedMemory memory;
  std::optional<Budget> budget;
  CacheRelief caches;

  std::mutex reader_mutex;  // may be taken with `creation` held
  container::Reader reader{std::string()};

  // Guarded by `creation`.
  container::Watch watch;
  container::Course course;  // the current line's
  std::chrono::milliseconds check_interval{0};
  std::optional<UpkeepTimer> timer;

  std::atomic<std::size_t> clients = 0;
  std::atomic<std::size_t> connections = 0;
  NameLookups name_lookups;
  ClientRegistry registry;
  ServingThread requests;
  ServingThread upkeep;
  CallerLoop caller_loop;
  GiveBackTimer give_back;
};

// Neither the runtime nor its state is ever destroyed: a client may end in a static destructor.
Runtime::Runtime() : state_(new State) {}

Runtime& Runtime::get() {
  const std::lock_guard lock(creation);
  if (current == nullptr || runtime_fork_count != current_fork_count()) {
    current = new Runtime;
    runtime_fork_count = current_fork_count();
  }
  return *current;
}

// The caller holds `creation`. Invalid options change nothing.
Result<Budget*> Runtime::draw(detail::DrawnLine wanted, container::Notices& notices) {
  State& state = *state_;
  container::Course course;
  if (wanted.is_auto) {
    const Result<std::size_t> least = detail::least_line(wanted.options);
    if (!least) return least.error();
    course = {.auto_ratio = wanted.container.auto_ratio,
              .least = *least,
              .otherwise = BudgetOptions().memory_limit};
  } else if (const Result<void> valid = detail::validate(wanted.options); !valid) {
    return valid.error();
  }
  // Without regular checks of the container the last reading may be old.
  const bool is_old = state.watch.statistics().looks == 0 || state.check_interval.count() == 0;
  if (is_old || wanted.is_auto) state.watch.see(state.read_container(), steady_now());
  if (wanted.is_auto) {
    const std::size_t used = state.budget ? state.budget->statistics().used : 0;
    wanted.options.memory_limit = state.course.auto_ratio
                                      ? state.watch.follow(course, used, steady_now())
                                      : state.watch.begin(course, used, steady_now());
  }
  const bool is_lower = state.budget && wanted.options.memory_limit < drawn.options.memory_limit;
  if (!state.budget) {
    state.budget.emplace(wanted.options, state.memory);
  } else if (const plimsoll::Status changed = state.budget->configure(wanted.options); !changed) {
    return Error(changed.error());
  }
  drawn = wanted;
  give_back(notices);
  state.course = course;
  state.watch.judge(drawn.options.memory_limit, course, notices);
  watch_container(is_lower, notices);
  return &*state.budget;
}

// The caller holds `creation`; the line was just drawn.
void Runtime::give_back(container::Notices& notices) try {
  State& state = *state_;
  state.give_back.configure(drawn.give_back);
  if (!state.give_back.is_on()) return;
  state.give_back.start(upkeep(), [&state] {
    return state.requests.runs() ? std::optional(state.requests.executor()) : std::nullopt;
  });
} catch (const std::system_error& error) {
  notices.add(
      {Severity::warn, "plimsoll.memory.kept",
       std::string("the allocator is not asked to give memory back, because no thread could "
                   "be started for it; set the line again to retry: ") +
           error.what()});
}

// The caller holds `creation`; the line was just drawn.
void Runtime::watch_container(bool is_lower, container::Notices& notices) try {
  State& state = *state_;
  const auto interval = drawn.container.check_interval;
  if (interval.count() > 0) {
    if (!state.timer) state.timer.emplace(upkeep(), [this] { return look_at_container(); });
    state.timer->start(state.watch.next_look(interval, state.course));
  } else if (state.timer) {
    state.timer->stop();
  }
  state.check_interval = interval;
  if (is_lower) boost::asio::post(upkeep(), [this] { relieve(); });
} catch (const std::system_error& error) {
  // Without a thread, what is above the line is evicted only as the caches are used.
  if (drawn.container.check_interval.count() == 0) return;
  notices.add({Severity::warn, "plimsoll.container.unwatched",
               std::string("the container's limits are not read again, because no thread could be "
                           "started for it; set the line again to retry: ") +
                   error.what()});
}

// Runs on upkeep().
std::chrono::milliseconds Runtime::look_at_container() {
  State& state = *state_;
  container::Reading reading = state.read_container();
  container::Notices notices;
  const std::unique_lock lock(creation);
  if (state.check_interval.count() == 0) return state.check_interval;  // switched off meanwhile
  state.watch.see(std::move(reading), steady_now());
  const std::size_t before = drawn.options.memory_limit;
  if (state.course.auto_ratio) follow_container();
  state.watch.judge(drawn.options.memory_limit, state.course, notices);
  if (drawn.options.memory_limit < before) {
    boost::asio::post(upkeep(), [this] { yield(); });
  }
  return state.watch.next_look(state.check_interval, state.course);
}

// The caller holds `creation`.
void Runtime::follow_container() {
  State& state = *state_;
  BudgetOptions options = drawn.options;
  options.memory_limit =
      state.watch.follow(state.course, state.budget->statistics().used, steady_now());
  if (options.memory_limit == drawn.options.memory_limit) return;
  // Cannot fail: the limit is never below the least of the course.
  if (state.budget->configure(options)) drawn.options = options;
}

// The caller must not hold `creation`: this may take a while.
void Runtime::relieve() {
  state_->caches.relieve(*state_->budget);
  // Sets the accounts' levels anew, so that caches that have released enough stop evicting.
  const std::lock_guard lock(creation);
  (void)state_->budget->configure(drawn.options);
}

// Runs on upkeep() after the line was lowered because the container was short of memory.
void Runtime::yield() {
  relieve();
  // The caches' entries were allocated with malloc.
  state_->give_back.ask_soon();
}

Result<Budget*> Runtime::budget(std::string_view limit) {
  container::Notices notices;
  const std::lock_guard lock(creation);
  detail::DrawnLine wanted = drawn;
  if (!limit.empty()) {
    const Result<std::optional<std::size_t>> read = detail::read_memory_limit(limit);
    if (!read) return read.error();
    wanted.is_auto = !read->has_value();
    wanted.options.memory_limit = read->value_or(drawn.options.memory_limit);
  }
  if (!state_->budget) return draw(wanted, notices);
  const bool is_same = wanted.options.memory_limit == drawn.options.memory_limit;
  if (wanted.is_auto == drawn.is_auto && is_same) return &*state_->budget;
  const std::string asked =
      wanted.is_auto ? "\"auto\"" : std::to_string(wanted.options.memory_limit) + " bytes";
  return Error(ErrorCode::invalid_option, Executed::no,
               "memory_limit is " + asked + ", but the process has a line of " +
                   (drawn.is_auto ? "\"auto\", now " : "") +
                   std::to_string(drawn.options.memory_limit) +
                   " bytes already; expected the same, or none");
}

Result<void> Runtime::configure(const MemoryOptions& options) {
  container::Notices notices;
  const std::lock_guard lock(creation);
  detail::DrawnLine wanted;
  wanted.container = options.container;
  wanted.is_auto = options.memory_limit == "auto" ||  //
                   (options.memory_limit.empty() && drawn.is_auto);
  // The line is determined later. To check the shares, this uses the highest possible line.
  const std::size_t open = wanted.is_auto ? detail::auto_line_max : drawn.options.memory_limit;
  const Result<BudgetOptions> read = detail::to_budget_options(options, open);
  if (!read) return read.error();
  wanted.options = *read;
  const Result<GiveBackSettings> settings = detail::to_give_back_settings(options.give_back);
  if (!settings) return settings.error();
  wanted.give_back = *settings;
  const Result<Budget*> budget = draw(wanted, notices);
  return budget ? Result<void>() : budget.error();
}

Result<void> Runtime::set_memory_limit(std::string_view limit) {
  const Result<std::optional<std::size_t>> read = detail::read_memory_limit(limit);
  if (!read) return read.error();
  container::Notices notices;
  const std::lock_guard lock(creation);
  detail::DrawnLine wanted = drawn;
  wanted.is_auto = !read->has_value();
  if (*read) wanted.options.memory_limit = **read;
  const Result<Budget*> budget = draw(wanted, notices);
  return budget ? Result<void>() : budget.error();
}

void Runtime::add_cache(std::weak_ptr<cache::Cache> cache) { state_->caches.add(std::move(cache)); }

void Runtime::set_container_root(std::string root) {
  const std::lock_guard lock(state_->reader_mutex);
  state_->reader = container::Reader(std::move(root));
}

MemoryStatistics Runtime::memory_statistics() {
  const std::lock_guard lock(creation);
  MemoryStatistics all;
  all.give_back = state_->give_back.statistics();
  if (!state_->budget) return all;
  static_cast<BudgetStatistics&>(all) = state_->budget->statistics();
  all.clients = state_->clients.load(std::memory_order_relaxed);
  all.connections = state_->connections.load(std::memory_order_relaxed);
  all.name_lookups = state_->name_lookups.names_count();
  all.accounts = detail::accounts_of(*state_->budget);
  all.container = state_->watch.statistics();
  return all;
}

Counted Runtime::count_client() { return Counted(state_->clients); }
Counted Runtime::count_connection() { return Counted(state_->connections); }

NameLookups& Runtime::name_lookups() { return state_->name_lookups; }

ClientRegistry& Runtime::clients() { return state_->registry; }

boost::asio::any_io_executor Runtime::executor() { return state_->requests.executor(); }
boost::asio::any_io_executor Runtime::upkeep() { return state_->upkeep.executor(); }

CallerLoop& Runtime::caller_loop() {
  state_->caller_loop.start();
  return state_->caller_loop;
}

}  // namespace plimsoll::inline v0::native
