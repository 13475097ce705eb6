#include "plimsoll/native/runtime.h"

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "plimsoll/native/fork.h"
#include "plimsoll/native/mapped_memory.h"

namespace plimsoll::native {
namespace {

namespace asio = boost::asio;

// Guards `current` and the drawing of the line. A fork waits for it, so that the child does not
// inherit it locked.
std::mutex creation;
Runtime* current = nullptr;
std::uint64_t current_generation = 0;

[[maybe_unused]] const int registered =
    ::pthread_atfork([] { creation.lock(); }, [] { creation.unlock(); }, [] { creation.unlock(); });

// The line as it was drawn last, in this process or in the one that it was forked from. Guarded by
// `creation`.
constinit BudgetOptions drawn;

}  // namespace

struct Runtime::State {
  MappedMemory memory;
  std::optional<Budget> budget;
  std::atomic<std::size_t> clients = 0;
  std::atomic<std::size_t> connections = 0;
  // One thread runs it, which spares its lock some work.
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::once_flag started;
};

// Neither the runtime nor its state is ever destroyed: a client may end in a static destructor.
Runtime::Runtime() : state_(new State) {}

Runtime& Runtime::get() {
  const std::lock_guard lock(creation);
  if (current == nullptr || current_generation != fork_generation()) {
    current = new Runtime;
    current_generation = fork_generation();
  }
  return *current;
}

// With `creation` held. Options that are not possible change nothing.
Result<Budget*> Runtime::draw(const BudgetOptions& options) {
  if (const Result<void> valid = detail::validate(options); !valid) return valid.error();
  std::optional<Budget>& budget = state_->budget;
  if (!budget) {
    budget.emplace(options, state_->memory);
  } else if (const plimsoll::Status changed = budget->configure(options); !changed) {
    return Error(changed.error());
  }
  drawn = options;
  return &*budget;
}

Result<Budget*> Runtime::budget(std::string_view limit) {
  const std::lock_guard lock(creation);
  BudgetOptions wanted = drawn;
  if (!limit.empty()) {
    const Result<std::size_t> read = detail::read_amount("memory_limit", limit);
    if (!read) return read.error();
    wanted.memory_limit = *read;
  }
  if (!state_->budget) return draw(wanted);
  if (wanted.memory_limit != drawn.memory_limit) {
    return Error(ErrorCode::invalid_option, Executed::no,
                 "memory_limit is " + std::to_string(wanted.memory_limit) +
                     " bytes, but the process has a line of " + std::to_string(drawn.memory_limit) +
                     " bytes already; expected the same, or none");
  }
  return &*state_->budget;
}

Result<void> Runtime::configure(const MemoryOptions& options) {
  const std::lock_guard lock(creation);
  const Result<BudgetOptions> wanted = detail::to_budget_options(options, drawn.memory_limit);
  if (!wanted) return wanted.error();
  const Result<Budget*> budget = draw(*wanted);
  return budget ? Result<void>() : budget.error();
}

Result<void> Runtime::set_memory_limit(std::string_view limit) {
  const Result<std::size_t> bytes = detail::read_amount("memory_limit", limit);
  if (!bytes) return bytes.error();
  const std::lock_guard lock(creation);
  BudgetOptions wanted = drawn;
  wanted.memory_limit = *bytes;
  const Result<Budget*> budget = draw(wanted);
  return budget ? Result<void>() : budget.error();
}

MemoryStatistics Runtime::memory_statistics() {
  const std::lock_guard lock(creation);
  MemoryStatistics all;
  if (!state_->budget) return all;
  static_cast<BudgetStatistics&>(all) = state_->budget->statistics();
  all.clients = state_->clients.load(std::memory_order_relaxed);
  all.connections = state_->connections.load(std::memory_order_relaxed);
  all.accounts = detail::accounts_of(*state_->budget);
  return all;
}

Counted Runtime::count_client() { return Counted(state_->clients); }
Counted Runtime::count_connection() { return Counted(state_->connections); }

boost::asio::any_io_executor Runtime::executor() {
  std::call_once(state_->started, [state = state_] {
    // Signals are for the threads of the application.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([state] { state->context.run(); }).detach();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  });
  return state_->context.get_executor();
}

}  // namespace plimsoll::native
